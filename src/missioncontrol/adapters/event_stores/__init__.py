"""Event stores: SQLite for use, memory for simulation."""
