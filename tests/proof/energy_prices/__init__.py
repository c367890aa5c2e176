"""Answers of the scripted model of `test_built_product`, and prices to run the product with."""
