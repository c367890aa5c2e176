"""Stores of product events."""
