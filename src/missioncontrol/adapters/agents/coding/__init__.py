"""Coding agents: third-party programs that change files in a work tree of their own."""
