"""Decides which changes of a repository need a spec, and whether they have a current one.

Rules and specs are files of the repository, and acceptances are signed: so a hook, a pipeline and a
person's terminal come to the same verdict, with or without a data directory.
"""
