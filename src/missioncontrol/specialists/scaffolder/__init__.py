"""Creates the repository of a new product, and commits there what was built and proven."""
