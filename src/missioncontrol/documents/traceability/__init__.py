"""The trace from the requested goal to the evidence, as a graph, a matrix and a check."""
