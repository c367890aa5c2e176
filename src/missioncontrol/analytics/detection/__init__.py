"""What changed by more than chance, since when, for whom: never of a day that is not over."""
