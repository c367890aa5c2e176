"""What we need from outside: one small promise a file."""
