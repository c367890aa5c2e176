"""Operations on keys of the gateway: issue one for a tool, revoke it."""

from typing import Any

import msgspec

from missioncontrol.application.gateway_keys import IssueKeyFor, KeyShown
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.documents.figures import moment
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.gateway_key import RevokeKey
from missioncontrol.queries.gateway_key import KEY


class KeyVoid(msgspec.Struct, frozen=True):
    """A key that nothing can be called with any more."""

    name: str
    revoked: bool = True


def seconds_in(text: str) -> float:
    """Return the seconds of a time such as 8h.

    Raises:
        Rejected: `key.bad_time`.
    """
    seconds = seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("key.bad_time", f"--expires is {text[:60]!r}.", hint=seconds)
    return seconds


async def _revoke(office: Any, command: RevokeKey, actor: str) -> KeyVoid:
    office.keys.revoke(command, actor=actor)
    return KeyVoid(command.name)


def _shown(made: KeyShown) -> str:
    until = f" until {moment(made.until)}" if made.until else ""
    return f"This is the key {made.name!r}{until}. It is not shown again."


GOVERNED: dict[str, Any] = {
    "permission": "govern",
    "surfaces": BY_PEOPLE,
    "former": "KeyAsked",
}

ISSUE = Operation(
    **GOVERNED,
    name="gateway_key.issue",
    title="Issue a key of the gateway",
    text="Return a key with which a tool calls models through the gateway, under every cap.",
    command=IssueKeyFor,
    returns=KeyShown,
    handle=lambda office, command, actor: office.keys.issue(command, actor=actor),
    creates=KEY,
    body=Body("NewGatewayKey", "A key for a tool that is started elsewhere."),
    shown_once=("key",),
    terminal=Terminal(
        positional=("name",),
        names={"models": "model", "seconds": "expires"},
        metavars={"agent": "A", "run": "RUN", "models": "M", "seconds": "TIME"},
        parse={"seconds": seconds_in},
        resolve={"run": "run"},
        done=_shown,
    ),
)

REVOKE = Operation(
    **GOVERNED,
    name="gateway_key.revoke",
    title="Revoke a key of the gateway",
    text="Make a key void; calls that go on with it are cut.",
    command=RevokeKey,
    returns=KeyVoid,
    risk="end",
    handle=_revoke,
    target=KEY,
    body=Body("KeyRevocation", "Why a key is to be void."),
    terminal=Terminal(done="The key {id!r} is void; calls that go on with it are cut."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ISSUE, REVOKE)
