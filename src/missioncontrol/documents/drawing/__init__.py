"""The diagrams and the blueprint of a mission: what its plan and its specialists know, drawn."""
