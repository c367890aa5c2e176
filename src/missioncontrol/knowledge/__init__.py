"""What is remembered of earlier missions: harvested from the record, and recalled for new ones."""
