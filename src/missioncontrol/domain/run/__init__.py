"""A run: one execution of a workflow, from its creation to its one final outcome."""
