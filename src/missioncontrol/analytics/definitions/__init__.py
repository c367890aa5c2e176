"""The definitions of the measures, one file each."""
