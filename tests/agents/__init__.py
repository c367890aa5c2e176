"""Agents that are real programs of others."""
