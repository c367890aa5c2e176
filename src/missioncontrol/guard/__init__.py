"""Which changes of a repository need a spec, and whether they have a current one.

Rules and specs are files of the repository, what somebody accepted is signed: so a hook, a pipeline
and a person's terminal come to the same answer, with or without a home.
"""
