"""Repositories whose work goes through phases: tasks, their documents, and the gates."""
