"""What work will take, told from what comparable work took, and how often such ranges held."""
