"""What the words of the measures mean, one file each."""
