"""Agents that run on other machines, in workers that connect to this engine."""
