"""Indexes of what is remembered."""
