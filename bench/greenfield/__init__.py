"""Goals of new products with labels, and what is learned from them for the local planner."""
