"""What a home keeps, what bounds it, and how much room it takes now."""

from pathlib import Path

import msgspec

from missioncontrol.application.read_model import Present
from missioncontrol.application.retention import RETENTION, STREAM
from missioncontrol.domain.retention import BY_DEFAULT

FILES_LOOKED_AT_MAX = 20_000
"""Of a folder: beyond it, the size is that of the first ones, and says so."""


class StoredPart(msgspec.Struct, frozen=True):
    """One part of a home."""

    name: str
    what: str
    bound: str  # how long, or how much of it, is retained
    size: int  # bytes on the disk
    is_whole: bool = True  # whether all of it was looked at
    is_record: bool = False  # whether it can't be made again from anything else


_PARTS: tuple[tuple[str, str, str, str, bool], ...] = (
    (
        "log.db",
        "The log",
        "Every event",
        "For ever: it is the record, and is never shortened.",
        True,
    ),
    (
        "artifacts",
        "Artifacts",
        "Files that steps left",
        "For ever: events name them by their digests.",
        True,
    ),
    (
        "output.db",
        "Output",
        "Output of agents at work",
        "200,000 lines of a run, of 16,384 characters each; in all, so much as is set above.",
        True,
    ),
    (
        "calls.db",
        "Model calls",
        "What went through the gateway",
        "As `policy.retention` of gateway.toml says.",
        True,
    ),
    (
        "heads.jsonl",
        "Signed heads",
        "Where the log ended, and when",
        "The newest 1,000, and 1,000 older ones.",
        True,
    ),
    ("access.db", "Access", "Who is signed in, passwords", "Sessions end after 14 days.", True),
    (
        "webhooks.db",
        "Webhooks",
        "Notifications to send",
        "1,000 dead letters of each webhook.",
        True,
    ),
    (
        "notifications.db",
        "Notifications",
        "Addresses, and new items to send",
        "Of each address, the items that need a person now.",
        True,
    ),
    ("rows.db", "Rows", "Lists of runs and missions", "Made again from the log.", False),
    ("search.db", "Search index", "Words of the log", "Made again from the log.", False),
    ("measures.db", "Measures", "What was counted by the hour", "Made again from the log.", False),
)


class RetentionView(msgspec.Struct, frozen=True):
    """What of this home is retained, and what was removed."""

    parts: list[StoredPart]
    size: int  # bytes on the disk
    output_bytes: int | None  # of text, the bound; null: all of it is retained
    removed_runs: int  # whose output was removed
    removed_bytes: int
    removed_last: float  # seconds since the epoch; 0 where nothing was


async def retention_of(present: Present, home: Path) -> RetentionView:
    """Return what is retained, and what bounds it."""
    found = await present.find(RETENTION, STREAM) or BY_DEFAULT
    parts = list_stored_parts(home)
    return RetentionView(
        parts,
        sum(part.size for part in parts),
        found.bytes,
        found.removed_runs,
        found.removed_bytes,
        found.removed_last,
    )


def list_stored_parts(home: Path) -> list[StoredPart]:
    """Return what there is, the record first, each with its size."""
    found = []
    for file, name, what, bound, is_record in _PARTS:
        size, is_whole = _size(home / file)
        if size:
            found.append(StoredPart(name, what, bound, size, is_whole, is_record))
    return found


def _size(path: Path) -> tuple[int, bool]:
    """Return the bytes of a file with what SQLite keeps beside it, or of the files of a folder."""
    if not path.is_dir():
        beside = (path.with_name(path.name + end) for end in ("", "-wal"))
        return sum(each.stat().st_size for each in beside if each.exists()), True
    size = 0
    for count, each in enumerate(path.rglob("*")):
        if count == FILES_LOOKED_AT_MAX:
            return size, False
        if each.is_file():
            size += each.stat().st_size
    return size, True
