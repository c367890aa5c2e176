"""Work on a repository: what is looked at before each commit."""
