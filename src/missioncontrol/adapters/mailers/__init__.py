"""How mail is sent."""
