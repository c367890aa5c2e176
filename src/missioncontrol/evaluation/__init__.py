"""Evaluation: scenarios for agents, the scores of trials, and the comparison of two agents."""
