"""What importing a workflow file of another system needs, whichever system it is."""
