"""Those who work out expressions."""
