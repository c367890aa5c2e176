"""Messages to browsers."""
