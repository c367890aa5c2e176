"""Who comes in, in an SQLite file that only its owner can read. One process opens it."""

import secrets
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Any

from missioncontrol.adapters.private_files import private
from missioncontrol.adapters.queries import queries
from missioncontrol.domain.errors import Corrupt
from missioncontrol.ports.access_store import Arrival, Session, Use

SESSIONS_MAX = 10_000
SESSIONS_OF_ONE_MAX = 50
LINKS_MAX = 20
FAILURES_MAX = 10_000
FAILURES_SECONDS_MAX = 86_400.0
"""After so long without an attempt, the count starts again."""

ARRIVALS_MAX = 10_000

_PACKAGE = "missioncontrol.adapters.access"
_SQL = queries(_PACKAGE, "queries.sql")


class SqliteAccess:
    """Keeps the file at `path`.

    Written without waiting for the disk (synchronous=NORMAL): after a power cut users may have
    to sign in again. A password is waited for.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and make it where it is missing.

        Raises:
            Corrupt: `access.damaged`.
        """
        private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA secure_delete = ON")
            schema = files(_PACKAGE).joinpath("schema.sql").read_text("utf-8")
            self._connection.executescript(schema)
        except sqlite3.DatabaseError as error:
            raise Corrupt(
                "access.damaged",
                f"{str(path)!r} can't be read: {error}.",
                hint="Move it away; people sign in again, and set new passwords.",
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _do(self, name: str, *values: Any) -> int:
        return self._connection.execute(_SQL[name], values).rowcount

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(_SQL[name], values).fetchall()

    def home_id(self) -> str:
        """See `AccessStore.home_id`."""
        if not (rows := self._rows("home")):
            self._do("name_home", secrets.token_hex(4))
            rows = self._rows("home")
        return str(rows[0][0])

    # Passwords.

    def password(self, user: str) -> str | None:
        """See `AccessStore.password`."""
        rows = self._rows("password", user)
        return rows[0][0] if rows else None

    def keep_password(self, user: str, hashed: str | None) -> None:
        """See `AccessStore.keep_password`."""
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            if hashed is None:
                self._do("drop_password", user)
            else:
                self._do("keep_password", user, hashed)
        finally:
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def with_password(self) -> frozenset[str]:
        """See `AccessStore.with_password`."""
        return frozenset(user for (user,) in self._rows("with_password"))

    # Sessions and links.

    def begin(self, digest: str, session: Session) -> None:
        """See `AccessStore.begin`; the longest unused give way to a new one."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._do("begin", digest, *_values(session))
            self._do("bound_of_user", session.user, SESSIONS_OF_ONE_MAX)
            self._do("bound_of_all", SESSIONS_MAX)

    def session(self, digest: str) -> Session | None:
        """See `AccessStore.session`."""
        rows = self._rows("session", digest)
        return Session(*rows[0]) if rows else None

    def touch(self, digest: str, now: float) -> None:
        """See `AccessStore.touch`."""
        self._do("touch", digest, now)

    def sessions(self, user: str = "") -> list[Session]:
        """See `AccessStore.sessions`."""
        rows = self._rows("sessions_of", user) if user else self._rows("sessions")
        return [Session(*row) for row in rows]

    def end(self, *, session: str = "", user: str = "", but: str = "") -> int:
        """See `AccessStore.end`."""
        if session and user:
            return self._do("end_one_of", session, user)
        return self._do("end_one", session) if session else self._do("end_of", user, but)

    def sweep(self, now: float, idle_seconds_max: float) -> None:
        """See `AccessStore.sweep`."""
        self._do("sweep_sessions", now, now - idle_seconds_max)
        self._do("sweep_links", now)
        self._do("sweep_failures", now - FAILURES_SECONDS_MAX)

    def keep_link(self, digest: str, user: str, ends: float) -> None:
        """See `AccessStore.keep_link`."""
        self._do("keep_link", digest, user, ends)
        self._do("bound_links", LINKS_MAX)

    def use_link(self, digest: str, now: float) -> str | None:
        """See `AccessStore.use_link`."""
        rows = self._rows("use_link", digest)
        return rows[0][0] if rows and now < rows[0][1] else None

    # Failures.

    def failures(self, kind: str, who: str) -> tuple[int, float]:
        """See `AccessStore.failures`."""
        rows = self._rows("failures", kind, who)
        return (rows[0][0], rows[0][1]) if rows else (0, 0.0)

    def count_failure(self, kind: str, who: str, now: float) -> None:
        """See `AccessStore.count_failure`; who tried longest ago gives way to a new one."""
        self._do("count_failure", kind, who, now)
        self._do("bound_failures", FAILURES_MAX)

    def forgive(self, kind: str, who: str, count: int | None = None) -> None:
        """See `AccessStore.forgive`."""
        if count is None:
            self._do("forgive_all", kind, who)
        else:
            self._do("forgive", kind, who, count)

    # Who came, and what is used.

    def note_arrival(self, arrival: Arrival) -> None:
        """See `AccessStore.note_arrival`."""
        self._do(
            "note_arrival",
            arrival.time,
            arrival.user,
            arrival.way,
            arrival.outcome,
            arrival.address,
            arrival.agent,
        )
        self._do("bound_arrivals", ARRIVALS_MAX)

    def arrivals(self, *, before: int = 0, limit: int = 50) -> list[Arrival]:
        """See `AccessStore.arrivals`."""
        return [Arrival(*row) for row in self._rows("arrivals", before, limit)]

    def note_use(self, token: str, use: Use) -> None:
        """See `AccessStore.note_use`."""
        self._do("note_use", token, use.time, use.address)

    def uses(self) -> dict[str, Use]:
        """See `AccessStore.uses`."""
        return {token: Use(time, address) for token, time, address in self._rows("uses")}

    def forget_uses(self, but: frozenset[str]) -> None:
        """See `AccessStore.forget_uses`."""
        for token in self.uses().keys() - but:
            self._do("forget_use", token)


def _values(session: Session) -> tuple[Any, ...]:
    return (
        session.id,
        session.user,
        session.way,
        session.begun,
        session.seen,
        session.ends,
        session.address,
        session.agent,
    )
