"""Sessions of agent programs on this machine, as their own files and hooks tell of them."""
