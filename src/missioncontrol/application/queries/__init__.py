"""What people and programs ask about the record, each answered in the shape in which it is told."""
