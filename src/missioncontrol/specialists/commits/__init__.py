"""Commits of the user's repository, read and composed in a small repository of our own."""
