"""Keys of the gateway that outlive attempts: issued to tools that are started elsewhere."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.gateway_key import (
    NAME_MAX,
    NO_KEYS,
    IssueKey,
    KeyCommand,
    KeyEvent,
    KeyIssued,
    KeyRing,
    RevokeKey,
    decide,
    evolve,
)

STREAM = "gateway-keys"
PREFIX = "mck-"

KEYS: Concept[KeyRing, KeyCommand, KeyEvent] = Concept(
    decide, evolve, lambda _: NotFound("key.unknown", "No key was ever issued here.")
)


class IssueKeyFor(msgspec.Struct, frozen=True):
    """Make a key for a tool that is started elsewhere."""

    name: Annotated[str, Meta(max_length=NAME_MAX, description="By which the key is known.")]
    agent: Annotated[str, Meta(max_length=100, description="On whose account calls go.")] = ""
    run: Annotated[str, Meta(max_length=200, description="On whose account calls go.")] = ""
    models: Annotated[
        tuple[str, ...],
        Meta(max_length=1_000, description="What may be called, `*` for any letters."),
    ] = ()
    seconds: Annotated[
        float, Meta(ge=0, description="How long it holds; 0: until it is revoked.")
    ] = 0.0
    calls_per_minute: Annotated[
        int, Meta(ge=0, description="The most in a minute; 0: as policy says.")
    ] = 0


class KeyShown(msgspec.Struct, frozen=True):
    """A new key. It is shown this once."""

    name: str
    key: str | None
    until: float  # seconds since the epoch; 0: until it is revoked


class GatewayKeys:
    """The way in for people who hand out keys, and for the gateway that looks at them."""

    def __init__(self, journal: Journal) -> None:
        """No key is known before `open`."""
        self._journal = journal
        self.revoked: list[Callable[[str], None]] = []  # called with the name of a revoked key
        self._by_digest: dict[str, KeyIssued] = {}

    async def open(self) -> None:
        """Read which keys hold."""
        await self._journal.find(KEYS, STREAM)
        self._follow()

    @property
    def ring(self) -> KeyRing:
        """The keys that were not revoked."""
        found: KeyRing = self._journal.others.get(STREAM, NO_KEYS)
        return found

    async def issue(self, command: IssueKeyFor, *, actor: str) -> KeyShown:
        """Make a key, which is shown this once.

        Raises:
            Rejected: see `domain.gateway_key.decide`.
            NotFound: `run.unknown`.
        """
        key, run = PREFIX + secrets.token_urlsafe(32), command.run
        until = self._journal.clock.now() + command.seconds if command.seconds else 0.0
        issued = KeyIssued(
            name=command.name,
            digest=digest(key),
            agent=command.agent,
            run=run,
            workflow=(await self._journal.load_run(run)).workflow if run else "",
            models=command.models,
            until=until,
            calls_per_minute=command.calls_per_minute,
        )
        self._handle(IssueKey(issued), actor)
        return KeyShown(command.name, key, until)

    def revoke(self, command: RevokeKey, *, actor: str) -> None:
        """Revoke a key; calls that go on with it have ended when this returns.

        Raises:
            NotFound: `key.unknown`.
        """
        self._handle(command, actor)
        for listener in self.revoked:
            listener(command.name)

    def find(self, key: str) -> KeyIssued | None:
        """Return what a key is good for; None where it is unknown, void or too old."""
        # Found by its digest: how long that takes tells nothing about any key.
        found = self._by_digest.get(digest(key))
        if found is None or (found.until and self._journal.clock.now() >= found.until):
            return None
        return found

    def _handle(self, command: KeyCommand, actor: str) -> None:
        self._journal.tell(KEYS, STREAM, command, actor=actor)
        self._follow()

    def _follow(self) -> None:
        self._by_digest = {key.digest: key for key in self.ring.keys.values()}


def digest(key: str) -> str:
    """Return the only form in which a key is stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
