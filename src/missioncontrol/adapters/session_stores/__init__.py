"""Rows of agent sessions."""
