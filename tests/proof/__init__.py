"""Whole missions on real packages, as run by a user who has never seen the code."""
