"""Keepers of the log of model calls."""
