"""What must be true of any log, by rules of its own: nothing here knows the code that decides."""
