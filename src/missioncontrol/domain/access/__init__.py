"""Users, what they may do in this workspace, and the tokens of their programs."""
