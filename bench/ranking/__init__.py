"""Measures how well the files of a coming change are named, on real histories of packages."""
