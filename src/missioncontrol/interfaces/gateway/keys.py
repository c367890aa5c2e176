"""Keys of callers: who each is, and what it is good for."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.routing import Asker
from missioncontrol.domain.step import Risk
from missioncontrol.ports.gateway import Account

PREFIX = "mck-"
KEY_MAX = 200
KEYS_MAX = 10_000
INDEX_BYTES = 8


class Caller(msgspec.Struct, frozen=True):
    """Whom a key stands for."""

    name: str  # of the key, as people know it; no secret
    account: Account  # on which its calls go
    agent: str = ""
    run: str = ""
    step: str = ""
    models: tuple[str, ...] = ()  # that it may call, `*` for any letters; empty: as the policy says
    risk: Risk = "irreversible"
    calls_per_minute: int = 0  # 0: as the policy says

    @property
    def asker(self) -> Asker:
        """The caller as routing sees it."""
        return Asker(self.agent, self.risk, self.models)


class Keys(Protocol):
    """Knows callers by their keys."""

    def find(self, key: str) -> Caller | None:
        """Return the caller whose key this is; None where it is unknown, void or too old.

        Asked again and again while a call goes on, which is cut when the answer is None.
        """
        ...


class MemoryKeys:
    """Keys that live as long as this process, of which only the SHA-256 is stored."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells seconds since the epoch."""
        self._now = now
        self._known: dict[bytes, _Known] = {}  # by the first bytes of the digest

    def issue(self, caller: Caller, *, until: float = 0.0) -> str:
        """Return a new key; it ends at `until` (seconds since the epoch, 0: when it is revoked).

        Raises:
            Unavailable: `gateway.too_many_keys`.
        """
        self._forget_old()
        if len(self._known) >= KEYS_MAX:
            raise Unavailable(
                "gateway.too_many_keys",
                f"There are {KEYS_MAX:,} keys already.",
                hint="Revoke some, or wait until others end.",
            )
        key = PREFIX + secrets.token_urlsafe(32)
        known = digest(key)
        self._known[known[:INDEX_BYTES]] = _Known(known, caller, until)
        return key

    def revoke(self, key: str) -> None:
        """Make a key void; once."""
        self._known.pop(digest(key)[:INDEX_BYTES], None)

    def find(self, key: str) -> Caller | None:
        """See `Keys.find`."""
        if len(key) > KEY_MAX:
            return None
        asked = digest(key)
        found = self._known.get(asked[:INDEX_BYTES])
        # Compared in a time that tells nothing about where the two differ.
        if found is None or not hmac.compare_digest(found.digest, asked):
            return None
        return None if found.until and self._now() >= found.until else found.caller

    def _forget_old(self) -> None:
        if len(self._known) < KEYS_MAX:
            return
        now = self._now()
        self._known = {
            place: known
            for place, known in self._known.items()
            if not known.until or now < known.until
        }


class _Known(msgspec.Struct, frozen=True):
    digest: bytes
    caller: Caller
    until: float


def digest(key: str) -> bytes:
    """Return the only form in which a key is stored."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
