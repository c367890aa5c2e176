"""Agents that are carried out elsewhere, by workers that reach this engine."""
