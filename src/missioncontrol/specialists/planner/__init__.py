"""The planner: turns a goal, its constraints and a repository into a plan."""
