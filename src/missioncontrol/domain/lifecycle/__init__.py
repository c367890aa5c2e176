"""The life of an agent: declared, started, at work, rested, drained, stopped, lost, removed."""
