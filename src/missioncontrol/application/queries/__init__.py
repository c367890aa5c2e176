"""Queries of people and programs about the event log, each answered in its public shape."""
