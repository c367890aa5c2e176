"""Keys of callers: issued by people or for attempts, who each is, and what it is good for."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.gateway_keys import GatewayKeys
from missioncontrol.application.journal import Journal
from missioncontrol.application.model_calls import LedgerAccount
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope, scopes_of
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.gateway_key import KeyIssued
from missioncontrol.domain.routing import Asker
from missioncontrol.domain.step import Risk
from missioncontrol.ports.gateway import Account
from missioncontrol.ports.ids import Ids

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


class IssuedKeys:
    """Keeps `interfaces.gateway.keys.Keys` for keys that stand in the log."""

    def __init__(self, keys: GatewayKeys, budgets: Budgets, journal: Journal, ids: Ids) -> None:
        """All are shared with the engine."""
        self._keys = keys
        self._budgets = budgets
        self._journal = journal
        self._ids = ids
        self._callers: dict[str, Caller] = {}  # by digest; as many as there are keys

    def find(self, key: str) -> Caller | None:
        """See `Keys.find`."""
        issued = self._keys.find(key)
        if issued is None:
            return None
        if issued.digest not in self._callers:
            self._forget_revoked()
            self._callers[issued.digest] = self._caller(issued)
        return self._callers[issued.digest]

    def _caller(self, issued: KeyIssued) -> Caller:
        account = LedgerAccount(
            self._budgets, self._journal, self._ids, lambda model: _scopes(issued, model)
        )
        return Caller(
            name=issued.name,
            account=account,
            agent=issued.agent,
            run=issued.run,
            step=issued.step,
            models=issued.models,
            calls_per_minute=issued.calls_per_minute,
        )

    def _forget_revoked(self) -> None:
        present = {issued.digest for issued in self._keys.ring.keys.values()}
        self._callers = {key: c for key, c in self._callers.items() if key in present}


def _scopes(issued: KeyIssued, model: str) -> tuple[Scope, ...]:
    if issued.run:
        return scopes_of(
            issued.run, issued.workflow, step=issued.step, agent=issued.agent, model=model
        )
    agent = (Scope("agent", issued.agent),) if issued.agent else ()
    return (WORKSPACE, *agent, Scope("model", model))
