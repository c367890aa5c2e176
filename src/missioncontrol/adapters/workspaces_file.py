"""`workspaces.toml` of a root directory: which workspaces it has; each has a data directory there.

A root is the parent of all data directories. So the programs of steps of one workspace are kept out
of all others by keeping them out of the root (`app.settings.sandbox_of`).
"""

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from missioncontrol.adapters.home import Home
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.workspace import Workspace, Workspaces, fault_of

FILE = "workspaces.toml"
FILE_BYTES_MAX = 1024 * 1024


class _File(msgspec.Struct, forbid_unknown_fields=True):
    workspaces: Workspaces = ()


class WorkspacesFile:
    """The workspaces of one root directory."""

    def __init__(self, root: Path) -> None:
        """Use `root`; nothing is written before `change`."""
        self.root = root
        self.path = root / FILE

    def home(self, name: str) -> Home:
        """Return the data directory of a workspace."""
        return Home(self.root / name)

    def read(self) -> Workspaces:
        """Return all workspaces, none where there is no file.

        Raises:
            Rejected: `workspace.bad_file`.
        """
        try:
            with self.path.open("rb") as file:
                found = msgspec.toml.decode(file.read(FILE_BYTES_MAX), type=_File).workspaces
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError, ValueError) as error:
            raise self._bad(str(error)) from None
        if fault := fault_of(found):
            raise self._bad(fault)
        return found

    def change(self, change: Callable[[Workspaces], Workspaces]) -> Workspaces:
        """Write what `change` makes of the workspaces, one process at a time; return it.

        Raises:
            Rejected: `workspace.bad_file`, or as `change`.
            Unavailable: `workspace.unusable`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.root / "workspaces.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                found = change(self.read())
                self._write(found)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._unusable(error) from None
        return found

    def hold(self) -> int:
        """Take this root for the one process that serves it; return a handle to be closed.

        Raises:
            Unavailable: `workspace.held`, or `workspace.unusable`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.root / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise Unavailable(
                "workspace.held",
                f"Another process serves the workspaces in {str(self.root)!r}.",
                hint="It follows changes of the file by itself; end it to start another one.",
            ) from None
        return handle

    def _write(self, workspaces: Workspaces) -> None:
        draft = self.path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(_entry(each) for each in workspaces))
        draft.replace(self.path)

    def _unusable(self, error: OSError) -> Unavailable:
        return Unavailable(
            "workspace.unusable",
            f"The root {str(self.root)!r} can't be used: {error.strerror}.",
            hint="Name another directory with --root or MISSION_ROOT.",
        )

    def _bad(self, fault: str) -> Rejected:
        return Rejected(
            "workspace.bad_file",
            f"{str(self.path)!r} can't be used: {fault.rstrip('.')}.",
            hint="docs/guides/workspaces.md shows what may stand in it.",
        )


def _entry(workspace: Workspace) -> str:
    """Return a workspace as TOML; each of its values is a word, a number or a boolean."""
    values = msgspec.to_builtins(workspace).items()
    return "[[workspaces]]\n" + "".join(
        f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in values
    )


def root_of(home: Path) -> Path | None:
    """Return the root that a data directory belongs to, or None where it stands alone."""
    return home.parent if (home.parent / FILE).is_file() else None
