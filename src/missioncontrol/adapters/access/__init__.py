"""Who comes in, on this machine: an SQLite file beside the log, and hashes of passwords."""
