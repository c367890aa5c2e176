"""What is ours in a user's repository: names of refs, and the one way in which they are moved.

Everything else of the repository (checkout, index, stash, HEAD, settings, branches of people) is
read by others and written by nobody.
"""

from missioncontrol.refs.names import (
    BRANCHES,
    KEPT,
    OURS,
    REPLACED,
    as_file_name,
    kept_ref,
    replaced_ref,
)
from missioncontrol.refs.push import push

__all__ = [
    "BRANCHES",
    "KEPT",
    "OURS",
    "REPLACED",
    "as_file_name",
    "kept_ref",
    "push",
    "replaced_ref",
]
