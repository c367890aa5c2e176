"""The memory of earlier missions: harvested from the event log, and recalled for new ones."""
