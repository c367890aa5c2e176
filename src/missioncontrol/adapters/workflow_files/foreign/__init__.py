"""Shared parts of the importers: positioned nodes, expressions, scripts and output."""
