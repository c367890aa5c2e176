"""Sessions of interrupted attempts: the tree and the conversation that the next attempt resumes.

A note beside the tree names the session as soon as its tool reports it. It is removed when the
session ends with the attempt. So after a crash or a temporary failure, the next attempt of the same
step finds the tree, and its conversation is not paid for twice.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from missioncontrol.domain.work import Usage

NOTE = "session.json"
PLACES_MAX = 20
"""Most trees of interrupted attempts in one data directory; older ones are removed."""

_THREAD = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


class Session(msgspec.Struct, frozen=True):
    """The task of an interrupted attempt, and how to resume it."""

    task: str  # a digest; another task starts over
    thread: str  # the tool's id of the conversation
    branch: str
    base: str
    cwd: str  # below the tree
    notes: tuple[str, ...]
    used: dict[str, Usage] = {}  # usage of the conversation so far, by model, as the tool counts it


def write(place: Path, session: Session) -> None:
    """Save the session of a tree durably."""
    if not _THREAD.fullmatch(session.thread):
        return  # It would become an argument of the tool, so other characters are unsafe.
    draft = place / f"{NOTE}.draft"
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(session))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place / NOTE)


def read(place: Path) -> Session | None:
    """Return the session of a tree; None if there is none to resume."""
    try:
        found = msgspec.json.decode((place / NOTE).read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError):
        return None
    return found if _THREAD.fullmatch(found.thread) else None


def forget(place: Path) -> None:
    """Remove the note, so that the tree is not resumed."""
    with suppress(OSError):
        (place / NOTE).unlink()


def interrupted(folder: Path, task: str, is_owned: Callable[[Path], bool]) -> Path | None:
    """Return the newest tree of a task that no living process works in."""
    for place in _newest_first(list(folder.glob("*"))):
        found = read(place)
        if found is not None and found.task == task and not is_owned(place / "owner"):
            return place
    return None


def resumable(places: list[Path]) -> set[Path]:
    """Return the newest trees with a session, for the next attempts of their steps."""
    return {place for place in _newest_first(places)[:PLACES_MAX] if read(place) is not None}


def _newest_first(places: list[Path]) -> list[Path]:
    noted = {place: at for place in places if (at := _saved_at(place)) is not None}
    return sorted(noted, key=noted.__getitem__, reverse=True)


def _saved_at(place: Path) -> float | None:
    try:
        return (place / NOTE).stat().st_mtime
    except OSError:
        return None
