"""Says which files and symbols of a repository a goal will most likely change, and why."""
