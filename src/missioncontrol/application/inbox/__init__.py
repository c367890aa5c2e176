"""Everything that needs a person, read from the rest of the log, and what people do with it."""
