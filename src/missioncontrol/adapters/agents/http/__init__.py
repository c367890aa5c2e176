"""A service over HTTP as an agent: signed, retried, bounded."""
