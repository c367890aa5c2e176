"""Stores of measures over time."""
