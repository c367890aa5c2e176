"""What is known of who comes in, beside the log: passwords, sessions, links and failures.

None of it can be derived from the log, and all of it may be lost: people sign in again.
"""

from typing import Literal, Protocol

import msgspec

from missioncontrol.domain.principal import Way

Outcome = Literal["in", "refused", "out"]


class Session(msgspec.Struct, frozen=True):
    """A signed-in user; its secret is stored as a digest only."""

    id: str  # its name where people see it
    user: str  # as `domain.person.person` names them
    way: Way
    begun: float  # seconds since the epoch, as all times here
    seen: float
    ends: float  # whatever happens
    address: str
    agent: str  # what the browser calls itself


class Arrival(msgspec.Struct, frozen=True):
    """A sign-in, or an attempt at one."""

    number: int
    time: float
    user: str
    way: str
    outcome: Outcome
    address: str
    agent: str


class Use(msgspec.Struct, frozen=True):
    """When a token was used last."""

    time: float
    address: str


class AccessStore(Protocol):
    """Stores it on one machine, for the one process that signs people in. All is bounded."""

    def home_id(self) -> str:
        """Return what tells this home from others in the names of cookies: 8 letters or digits."""
        ...

    def password(self, user: str) -> str | None:
        """Return the hash of a user's password, or None where they have none."""
        ...

    def keep_password(self, user: str, hashed: str | None) -> None:
        """Keep the hash of a new password in place of the old one, or none any more."""
        ...

    def with_password(self) -> frozenset[str]:
        """Return who has a password."""
        ...

    def begin(self, digest: str, session: Session) -> None:
        """Keep a session under the digest of its secret."""
        ...

    def session(self, digest: str) -> Session | None:
        """Return the session of a secret."""
        ...

    def touch(self, digest: str, now: float) -> None:
        """Note that a session is in use."""
        ...

    def sessions(self, user: str = "") -> list[Session]:
        """Return the sessions of one person, or all, newest use first; at most 1,000."""
        ...

    def end(self, *, session: str = "", user: str = "", but: str = "") -> int:
        """End one session, or all of one person except the one called `but`; return how many."""
        ...

    def sweep(self, now: float, idle_seconds_max: float) -> None:
        """Forget sessions, links and failures whose time is over."""
        ...

    def keep_link(self, digest: str, user: str, ends: float) -> None:
        """Store a link that signs a user in once."""
        ...

    def use_link(self, digest: str, now: float) -> str | None:
        """Return whom a link signs in, and forget it; None where there is none any more."""
        ...

    def failures(self, kind: str, who: str) -> tuple[int, float]:
        """Return how often sign-in failed in a row, and when it did last."""
        ...

    def count_failure(self, kind: str, who: str, now: float) -> None:
        """Count one more."""
        ...

    def forgive(self, kind: str, who: str, count: int | None = None) -> None:
        """Take so many of them back, or all."""
        ...

    def note_arrival(self, arrival: Arrival) -> None:
        """Write down who came; its number is given here, and the oldest are forgotten."""
        ...

    def arrivals(self, *, before: int = 0, limit: int = 50) -> list[Arrival]:
        """Return who came, the last first, from before that number on; 0 begins at the last."""
        ...

    def note_use(self, token: str, use: Use) -> None:
        """Write down that a token was used."""
        ...

    def uses(self) -> dict[str, Use]:
        """Return when each token was used last."""
        ...

    def forget_uses(self, but: frozenset[str]) -> None:
        """Forget the use of all tokens except these."""
        ...
