"""How an attacker who can write to a data directory changes its log."""

import sqlite3
from contextlib import closing
from pathlib import Path

from missioncontrol.adapters.event_stores.sqlite import TRIGGERS
from missioncontrol.domain.envelope import GENESIS, chain
from missioncontrol.ports.event_store import Head

TRIGGERS_DROPPED = "".join(f"DROP TRIGGER IF EXISTS {name};" for name in TRIGGERS)


def rechain(log: Path, actor: str = "user:mallory") -> Head:
    """Change the author of the event in the middle, and give all events hashes that fit."""
    with closing(sqlite3.connect(log)) as forged:
        forged.executescript(TRIGGERS_DROPPED)
        rows = forged.execute("SELECT * FROM events ORDER BY position").fetchall()
        forged.execute("DELETE FROM events")
        previous = GENESIS
        for number, row in enumerate(rows):
            fields = list(row[:11])
            if number == len(rows) // 2:
                fields[6] = actor
            previous = chain(previous, *fields)
            forged.execute(f"INSERT INTO events VALUES ({','.join('?' * 12)})", [*fields, previous])
        forged.commit()
    return Head(len(rows), previous)
