"""A schedule: which workflow is started when, and what becomes of each of its slots."""
