"""Keys of the gateway that outlive attempts: issued to tools that are started elsewhere."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.gateway_key import (
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


class KeyAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to issue or revoke a key; it may come from another process."""

    name: str
    revoke: bool = False
    reason: str = ""
    agent: str = ""
    run: str = ""
    models: tuple[str, ...] = ()
    seconds: float = 0.0  # that it holds; 0: until it is revoked
    calls_per_minute: int = 0


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

    async def take(self, ask: KeyAsked, *, actor: str) -> dict[str, Any]:
        """Issue a key, which is shown this once, or revoke one.

        Raises:
            Rejected, NotFound: see `domain.gateway_key.decide`; `run.unknown`.
        """
        if ask.revoke:
            self._handle(RevokeKey(ask.name, ask.reason), actor)
            for listener in self.revoked:
                listener(ask.name)
            return {"name": ask.name}
        key = PREFIX + secrets.token_urlsafe(32)
        until = self._journal.clock.now() + ask.seconds if ask.seconds else 0.0
        workflow = (await self._journal.load_run(ask.run)).workflow if ask.run else ""
        issued = KeyIssued(
            name=ask.name,
            digest=digest(key),
            agent=ask.agent,
            run=ask.run,
            workflow=workflow,
            models=ask.models,
            until=until,
            calls_per_minute=ask.calls_per_minute,
        )
        self._handle(IssueKey(issued), actor)
        return {"name": ask.name, "key": key, "until": until}

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
