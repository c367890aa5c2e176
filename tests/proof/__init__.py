"""Whole missions on real packages, as somebody would run them who has never seen the code."""
