"""How soon agents that are programs begin, and what the engine is late for meanwhile."""
