"""Attacks on the promises of the product: each of them has to be withstood."""
