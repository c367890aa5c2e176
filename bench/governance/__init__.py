"""Measures of what is governed: searching, replaying, admitting."""
