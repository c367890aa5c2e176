"""What a request says about itself besides what it asks for."""

import hashlib
from typing import TYPE_CHECKING, Any

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Asking, Principal

if TYPE_CHECKING:
    from litestar import Request

IDEMPOTENCY_KEY = "idempotency-key"
KEY_MAX = 200
AGENT_MAX = 200


def asking_of(request: "Request[Principal, Any, Any]", verb: str, arguments: bytes) -> Asking:
    """Return where a change comes from, by whom, and by which id it is asked for once.

    A client that names its request itself, by `Idempotency-Key`, may ask again without doing
    twice: the id follows from the key and from who asks, and the digest tells another request
    under the same key.

    Raises:
        Rejected: `request.bad_key`.
    """
    principal, key = request.user, key_of(request)
    digest = hashlib.sha256(verb.encode() + b"\n" + arguments).hexdigest() if key else ""
    return Asking(
        request=_named_by(principal, key) if key else request.state.request_id,
        permissions=tuple(sorted(principal.permissions)),
        way=principal.way,
        credential=principal.credential,
        address=principal.address,
        agent=request.headers.get("user-agent", "")[:AGENT_MAX],
        digest=digest,
    )


def key_of(request: "Request[Any, Any, Any]") -> str:
    """Return the name that a client gave to its request itself; empty where it gave none.

    Raises:
        Rejected: `request.bad_key`.
    """
    key = request.headers.get(IDEMPOTENCY_KEY, "")
    if key and (len(key) > KEY_MAX or not key.isascii() or not key.isprintable()):
        raise Rejected(
            "request.bad_key",
            f"The Idempotency-Key {key[:40]!a} is none.",
            hint=f"Give 1 to {KEY_MAX} printable ASCII characters, a UUID for example.",
        )
    return key


def _named_by(principal: Principal, key: str) -> str:
    return hashlib.sha256(f"{principal.actor}\n{key}".encode()).hexdigest()[:32]
