"""Files of a checkout that are written from the record: read, and replaced whole, under a lock."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from missioncontrol.domain.errors import Rejected

BYTES_MAX = 64 * 1024 * 1024
LOCKED = "tasks"
"""The directory to lock: it exists anyway, so no lock file is left behind."""

DRAFT = ".mission-draft-"

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe without a writer would wait for ever."""


class RepositoryFiles:
    """The files below the top of one checkout, by their places from there."""

    def __init__(self, root: Path) -> None:
        """Use an absolute path."""
        self.root = root.resolve()

    def read(self, place: str) -> str | None:
        """Return a text; None where there is no file.

        Raises:
            Rejected: `repository.unreadable`.
        """
        path = self._path(place)
        try:
            handle = os.open(path, _FLAGS)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(place, str(error.strerror)) from None
        with os.fdopen(handle, "rb") as opened:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _unreadable(place, "it is no regular file")
            content = opened.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise _unreadable(place, f"it has more than {BYTES_MAX:,} bytes")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _unreadable(place, f"it is no UTF-8 at byte {error.start:,}") from None

    def write(self, place: str, text: str) -> None:
        """Put `text` there, all of it or nothing, whenever the process or the machine ends.

        Raises:
            Rejected: `repository.unreadable`, `repository.unwritable`.
        """
        path = self._path(place)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=path.parent, prefix=DRAFT)
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).chmod(_mode(path))
                Path(draft).replace(path)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise Rejected(
                "repository.unwritable",
                f"{place} can't be written: {error.strerror}.",
                hint="Mend the permissions of the checkout, or make room on the disk.",
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process writes what is generated here, and keep others out."""
        folder = self._path(f"{LOCKED}/index.json").parent
        folder.mkdir(exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._tidy()
            yield
        finally:
            os.close(handle)

    def _tidy(self) -> None:
        """Remove drafts of processes that were killed: no other process writes now."""
        for pattern in (f"tasks/{DRAFT}*", f"tasks/*/{DRAFT}*", f"docs/{DRAFT}*"):
            for draft in self.root.glob(pattern):
                draft.unlink(missing_ok=True)

    def _path(self, place: str) -> Path:
        """Return where a file is; a link in the checkout may lead anywhere, and is not followed.

        Raises:
            Rejected: `repository.unreadable`.
        """
        path = self.root
        for part in Path(place).parts:
            path = path / part
            if part == ".." or path.is_symlink():
                raise _unreadable(place, f"{part!r} leads elsewhere")
        return path


def _mode(path: Path) -> int:
    """Return the permissions of the file that is replaced, else those of a new one."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _unreadable(place: str, why: str) -> Rejected:
    return Rejected("repository.unreadable", f"{place} can't be read: {why}.")
