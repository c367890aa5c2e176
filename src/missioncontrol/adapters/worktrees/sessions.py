"""Sessions of interrupted attempts: the tree and the conversation that the next attempt resumes.

A note beside the tree names the session as soon as its tool does. It is removed when the attempt
ends in a way that ends the session as well. So after a crash, or after a failure that may pass, the
next attempt of the same step finds the tree, and what the conversation has cost is not paid twice.
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
"""Trees of interrupted attempts in one home; the oldest are removed beyond that."""

_THREAD = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


class Session(msgspec.Struct, frozen=True):
    """What an interrupted attempt was about, and how it is resumed."""

    task: str  # digest of what was asked: another task starts over
    thread: str  # by which the tool finds the conversation
    branch: str
    base: str
    cwd: str  # below the tree
    notes: tuple[str, ...]
    used: dict[str, Usage] = {}  # by model: of the conversation so far, as the tool counts it


def write(place: Path, session: Session) -> None:
    """Note the session of a tree, so that it survives the process."""
    if not _THREAD.fullmatch(session.thread):
        return  # It would be an argument of the tool.
    draft = place / f"{NOTE}.draft"
    with draft.open("wb") as file:
        file.write(msgspec.json.encode(session))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place / NOTE)


def read(place: Path) -> Session | None:
    """Return the session of a tree; None where there is none to resume."""
    try:
        found = msgspec.json.decode((place / NOTE).read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError):
        return None
    return found if _THREAD.fullmatch(found.thread) else None


def forget(place: Path) -> None:
    """Remove the note: the tree is not resumed any more."""
    with suppress(OSError):
        (place / NOTE).unlink()


def interrupted(folder: Path, task: str, is_owned: Callable[[Path], bool]) -> Path | None:
    """Return the newest tree of a task that no living process works in."""
    for place in _newest_first(list(folder.glob("*"))):
        found = read(place)
        if found is not None and found.task == task and not is_owned(place / "owner"):
            return place
    return None


def kept(places: list[Path]) -> set[Path]:
    """Return which of some trees wait for their next attempt: the newest of them."""
    return {place for place in _newest_first(places)[:PLACES_MAX] if read(place) is not None}


def _newest_first(places: list[Path]) -> list[Path]:
    noted = {place: at for place in places if (at := _noted(place)) is not None}
    return sorted(noted, key=noted.__getitem__, reverse=True)


def _noted(place: Path) -> float | None:
    try:
        return (place / NOTE).stat().st_mtime
    except OSError:
        return None
