"""The built-in agents: each does one kind of real, local work on a repository."""
