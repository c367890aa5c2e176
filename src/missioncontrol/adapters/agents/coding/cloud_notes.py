"""What was asked of Codex Cloud, written down before it is asked: nothing is asked twice."""

import os
from hashlib import sha256
from pathlib import Path

import msgspec

NOTES_MAX = 10_000


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task, from before it is begun."""

    attempt: int  # that asked for it
    task: str = ""  # empty where it is not known whether it was begun
    url: str = ""
    has_failed: bool = False  # so that a later attempt may ask for another one


class Notes:
    """The notes of one agent, by the key of the step that asks."""

    def __init__(self, folder: Path) -> None:
        """The folder lasts, and is made when something is written."""
        self._folder = folder

    def read(self, key: str) -> Note | None:
        """Return what was written down for `key`; what cannot be read says that it was asked."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Note)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            return Note(0)

    def write(self, key: str, note: Note) -> None:
        """Write down; it is on disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(key).with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(key))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self, key: str) -> None:
        """Remove what was written down, as nothing was asked."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the oldest where there are very many: no attempt comes back to them."""
        found = [(path.stat().st_mtime_ns, path) for path in self._folder.glob("*.json")]
        for _, path in sorted(found)[:-NOTES_MAX]:
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:40]}.json"
