"""What the engine does in a second, beside peers, a bare append and the disk."""
