"""What people may do in a workspace: permissions, and the roles that carry them."""

from collections.abc import Iterable
from typing import Literal, get_args

Permission = Literal["read", "audit", "operate", "approve", "stop", "govern", "administer"]
"""What a request needs."""

Needed = Permission | Literal["sign_in"]
"""`sign_in`: any caller that signed in; the service looks at what is asked for."""

MEANING: dict[Permission, str] = {
    "read": "see missions, runs, costs, events, logs and artifacts",
    "audit": "verify and export the log, see who was admitted and from where",
    "operate": "begin, cancel, retry, resume and fork work; save workflows; tend schedules",
    "approve": "answer approvals and questions",
    "stop": "the emergency stop",
    "govern": "caps, prices, rate limits, agents, keys, webhooks, and going on after a stop",
    "administer": "users, roles and other people's tokens",
}

Role = Literal["viewer", "operator", "approver", "auditor", "admin"]

PERMISSIONS: frozenset[Permission] = frozenset(get_args(Permission))
ROLES: tuple[Role, ...] = get_args(Role)

OF_ROLE: dict[Role, frozenset[Permission]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "operate", "stop"}),
    "approver": frozenset({"read", "approve", "stop"}),
    "auditor": frozenset({"read", "audit"}),
    "admin": PERMISSIONS,
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return all that these roles allow together; nothing where there are none."""
    return frozenset[Permission]().union(*(OF_ROLE[role] for role in roles))
