"""The command line, as a person and a program use it: real processes, real repositories."""
