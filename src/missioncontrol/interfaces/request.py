"""What a request says about itself besides what it asks for."""

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from litestar.datastructures import Headers
from litestar.utils.scope.state import ScopeState

from missioncontrol.application.requests import PREFIX, REQUEST
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Asking, Principal
from missioncontrol.domain.request import Asked, RequestAnswered

if TYPE_CHECKING:
    from litestar import Request

    from missioncontrol.application.read_model import Present

    AnyRequest = Request[Principal, Any, Any]

IDEMPOTENCY_KEY = "idempotency-key"
CONDITION = b"if-match"
MULTIPART = "multipart/"
KEY_MAX = 200
AGENT_MAX = 200


async def asking_of(request: "AnyRequest", verb: str, former: str = "") -> Asking:
    """Return where a change comes from, by whom, and by which id it is asked for once.

    A client that names its request itself, by `Idempotency-Key`, may ask again without doing
    twice: the id follows from the key and from who asks, and the digest tells another request
    under the same key. `former` is the name that the verb had in earlier releases, under which a
    request may stand in the log.

    Raises:
        Rejected: `request.bad_key`.
    """
    principal, key = request.user, key_of(request)
    return Asking(
        request=_named_by(principal, key) if key else request.state.request_id,
        permissions=tuple(sorted(principal.permissions)),
        way=principal.way,
        credential=principal.credential,
        address=principal.address,
        agent=request.headers.get("user-agent", "")[:AGENT_MAX],
        digest=await _digest(request, verb) if key else "",
        former=await _digest(request, former) if key and former else "",
    )


async def _digest(request: "AnyRequest", verb: str) -> str:
    """Return the digest of the content of a request, the same each time it is repeated.

    Where it says JSON, neither the order of its names nor the space between them counts, nor
    whether it names what holds anyway.
    """
    is_parts = request.headers.get("content-type", "").startswith(MULTIPART)
    body = b"" if is_parts else await request.body()
    declared = request.route_handler.parsed_fn_signature.parameters.get("data")
    kind = declared.annotation if declared is not None else Any
    with suppress(msgspec.MsgspecError, RecursionError):  # A form, or nothing, stays as it is.
        body = msgspec.json.encode(msgspec.json.decode(body, type=kind), order="sorted")
    where = f"{verb}\n{request.method} {request.scope['path']}?".encode()
    return hashlib.sha256(b"%b%b\n%b" % (where, request.scope["query_string"], body)).hexdigest()


async def forgo_condition(request: "AnyRequest", present: "Present") -> None:
    """Drop `If-Match` of a request that was answered before.

    It held when the request was made; what the request itself has changed does not speak against
    telling its answer again.

    Raises:
        Rejected: `request.bad_key`.
    """
    key, headers = key_of(request), request.scope["headers"]
    if not key or request.scope.get("user") is None:
        return
    if all(name.lower() != CONDITION for name, _ in headers):
        return
    before: Asked | None = await present.find(REQUEST, PREFIX + _named_by(request.user, key))
    if before is not None and isinstance(before.end, RequestAnswered):
        others = [each for each in headers if each[0].lower() != CONDITION]
        request.scope["headers"] = others
        ScopeState.from_scope(request.scope).headers = Headers(others)  # It caches them.


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
