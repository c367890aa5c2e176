"""The warehouse in a DuckDB file that one process owns."""
