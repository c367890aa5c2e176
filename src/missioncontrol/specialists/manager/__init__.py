"""Hands a task of a repository to its builder."""
