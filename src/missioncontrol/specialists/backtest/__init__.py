"""Replays merged changes of a repository through the planner, and scores its plans."""
