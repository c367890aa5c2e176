"""Indexes over the log that can be thrown away: an SQLite file."""
