"""The blueprint: how a repository is run, what it stores, and how people work on it."""
