"""A Unix socket of this machine: a place that is short and private, and who is at its other end."""

import hashlib
import os
import socket
import stat
import struct
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

NAME = "engine.sock"
PATH_BYTES_MAX = 100
"""Linux takes 107 bytes and macOS 103; a draft beside the socket needs none."""

_CREDENTIALS = struct.Struct("3i")  # process, user, group
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # of macOS, which Python does not name


def socket_path(root: Path) -> Path:
    """Return where the engine of the data directory `root` listens.

    That is in a directory of its owner alone below the directory for temporary files, named by a
    digest of `root`: a socket that a killed engine left would keep people from copying the data
    directory, and its path may be too long for the system.
    """
    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return _private_directory(f"mission-{os.getuid()}-{key}") / NAME


def _private_directory(name: str) -> Path:
    """Return a directory that only its owner can enter; a new one where another user took it."""
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - short, and checked below
        path = Path(parent, name)
        if len(os.fsencode(path / NAME)) > PATH_BYTES_MAX:
            continue
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            path.chmod(0o700)
            return path
    return Path(tempfile.mkdtemp(prefix="mission-", dir="/tmp"))


def remove_socket(path: Path) -> None:
    """Delete a socket, and the directory that was made for it alone."""
    with suppress(OSError):
        path.unlink()
    if path.parent.name.startswith("mission-") and path.parent.parent != path.parent:
        with suppress(OSError):
            path.parent.rmdir()  # Only an empty one goes.


def peer_pid(connection: socket.socket) -> int:
    """Return the process that opened the other end; 0 where the system does not tell."""
    with suppress(OSError):
        if sys.platform == "darwin":
            return int(connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID))
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(data)[0])
    return 0
