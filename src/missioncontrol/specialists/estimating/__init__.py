"""What work will take, estimated from comparable work, and how often such ranges held."""
