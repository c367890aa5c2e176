"""Tests of what is told to other systems, and taken in from them."""
