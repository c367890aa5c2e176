"""Who comes in: people and programs."""
