"""What leads from what was asked for to the evidence, as a graph, a matrix and a check."""
