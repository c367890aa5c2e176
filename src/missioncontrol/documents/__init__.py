"""What a run means to a reader: the report, in the forms people keep."""
