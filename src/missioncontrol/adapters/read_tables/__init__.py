"""Tables of rows that were folded from the log."""
