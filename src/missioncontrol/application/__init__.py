"""Who asks, may they, and what follows: the one way in."""
