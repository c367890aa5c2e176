"""The refs that Mission Control owns in a user's repository, and the one way to move them.

Nothing in Mission Control writes to the rest of the repository: checkout, index, stash, HEAD,
settings, branches of people.
"""

from missioncontrol.refs.names import (
    ATTEMPTS,
    BRANCHES,
    OURS,
    REPLACED,
    as_file_name,
    attempt_ref,
    replaced_ref,
)
from missioncontrol.refs.push import push

__all__ = [
    "ATTEMPTS",
    "BRANCHES",
    "OURS",
    "REPLACED",
    "as_file_name",
    "attempt_ref",
    "push",
    "replaced_ref",
]
