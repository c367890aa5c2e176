"""Given events, when commanded, then events."""
