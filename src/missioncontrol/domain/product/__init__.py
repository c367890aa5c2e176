"""Products whose use is measured: their sources and keys, what counts, and who was forgotten."""
