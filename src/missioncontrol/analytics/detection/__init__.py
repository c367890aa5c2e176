"""Detection of significant changes, on complete days only."""
