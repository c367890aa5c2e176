"""How work on a repository goes, counted from its record, its runs and its history."""
