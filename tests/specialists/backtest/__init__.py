"""Tests of the replay of merged changes."""
