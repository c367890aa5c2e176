"""What may happen: commands, the events they become, and the states those events leave."""
