"""A service over HTTP as an agent: with signatures, retries and limits."""
