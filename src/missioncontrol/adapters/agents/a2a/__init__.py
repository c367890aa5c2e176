"""A peer that speaks the Agent2Agent protocol as an agent."""
