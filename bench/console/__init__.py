"""The console: how quickly pages answer, and what its viewers cost the engine."""
