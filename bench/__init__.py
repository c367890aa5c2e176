"""Benchmarks: ratios against a peer and against a limit, all measured in the same run."""
