"""Keys of the gateway for tools that Mission Control did not start: issued, revoked, ended."""

from typing import Annotated, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

NAME_MAX = 100
KEYS_MAX = 1_000
REASON_MAX = 2_000


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class KeyIssued(Event, frozen=True):
    """The holder of the key may call models; only its digest is stored."""

    name: str
    digest: str  # SHA-256 of the key, in hexadecimal
    agent: str = ""  # on whose account calls go, beside the workspace's
    run: str = ""  # likewise
    workflow: str = ""  # of that run
    step: str = ""
    models: tuple[str, ...] = ()  # that it may call, `*` for any letters; empty: as policy says
    until: float = 0.0  # seconds since the epoch; 0: until it is revoked
    calls_per_minute: int = 0  # 0: as policy says


class KeyRevoked(Event, frozen=True):
    """The key is void."""

    name: str
    reason: str = ""


KeyEvent = KeyIssued | KeyRevoked

EVENTS: dict[type, tuple[str, int]] = {
    KeyIssued: ("gateway_key_issued", 1),
    KeyRevoked: ("gateway_key_revoked", 1),
}
"""The lasting name and version of every event."""


class IssueKey(msgspec.Struct, frozen=True):
    """Issue a key that permits calls of models."""

    key: KeyIssued


class RevokeKey(msgspec.Struct, frozen=True):
    """Revoke a key."""

    name: str
    reason: Annotated[str, Meta(max_length=REASON_MAX, description="Why; stored permanently.")] = ""


KeyCommand = IssueKey | RevokeKey


class KeyRing(msgspec.Struct, frozen=True):
    """The keys that are not revoked, by name."""

    keys: dict[str, KeyIssued] = {}


NO_KEYS = KeyRing()


def decide(command: KeyCommand, ring: KeyRing | None, now: float) -> list[KeyEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `key.bad_name`, `key.bad_model`, `key.exists`, `key.too_many` or `key.ended`.
        NotFound: `key.unknown`.
    """
    keys = (ring or NO_KEYS).keys
    match command:
        case IssueKey(key=key):
            _refuse_bad_key(key, keys, now)
            return [key]
        case RevokeKey():
            if command.name not in keys:
                raise unknown(command.name)
            return [KeyRevoked(command.name, command.reason)]
        case _:
            assert_never(command)


def unknown(name: str) -> NotFound:
    """Return the error for a name that no key has."""
    return NotFound(
        "key.unknown",
        f"There is no key {name!r} here.",
        hint="`mission gateway keys` names them.",
    )


def evolve(ring: KeyRing | None, event: KeyEvent, at: float) -> KeyRing:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    del at
    keys = dict((ring or NO_KEYS).keys)
    match event:
        case KeyIssued():
            keys[event.name] = event
        case KeyRevoked():
            if keys.pop(event.name, None) is None:
                raise Corrupt("key.not_issued", f"Key {event.name!r} was never issued.")
        case _:
            assert_never(event)
    return KeyRing(keys)


def _refuse_bad_key(key: KeyIssued, keys: dict[str, KeyIssued], now: float) -> None:
    if not 0 < len(key.name) <= NAME_MAX or not key.name.isprintable():
        raise Rejected(
            "key.bad_name",
            f"{key.name[:80]!r} cannot be the name of a key.",
            hint=f"A name has 1 to {NAME_MAX} characters on one line.",
        )
    if not all(name.strip() for name in key.models):
        raise Rejected(
            "key.bad_model",
            f"The key {key.name!r} would be good for a model without a name.",
            hint="Name one, such as 'gpt-*'; a key that names none is good for all.",
        )
    if key.name in keys:
        raise Rejected(
            "key.exists",
            f"There is a key {key.name!r} already.",
            hint="Revoke it first, or choose another name.",
        )
    if len(keys) >= KEYS_MAX:
        raise Rejected("key.too_many", f"There are {KEYS_MAX:,} keys already.", hint="Revoke some.")
    if key.until and key.until <= now:
        raise Rejected("key.ended", f"The key {key.name!r} would be void already.")
