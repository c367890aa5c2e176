"""Trying a plan: the tests nearest to it, their environment, their lines, and what is red."""
