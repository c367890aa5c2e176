"""What repositories teach."""
