"""The engine and its agents, at work on real files and processes."""
