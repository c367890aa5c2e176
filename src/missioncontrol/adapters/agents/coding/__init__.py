"""Coding agents: programs of others that change files in a tree of their own."""
