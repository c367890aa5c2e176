"""The referee of plans that a model writes: what it says of the repository has to be there."""
