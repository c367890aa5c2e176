"""Puts a task of a repository into the hands of whoever builds it."""
