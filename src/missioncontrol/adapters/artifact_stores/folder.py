"""Artifacts as files of a folder, each named by its digest."""

import hashlib
import os
import tempfile
from pathlib import Path

from missioncontrol.domain.errors import Corrupt, NotFound, Unavailable


class FolderArtifactStore:
    """Keeps bytes at `root/ab/cdef…`."""

    def __init__(self, root: Path) -> None:
        """Use `root`, which is created when the first file is stored."""
        self._root = root

    def put(self, content: bytes) -> str:
        """See `ArtifactStore.put`."""
        digest = hashlib.sha256(content).hexdigest()
        target = self.path(digest)
        if _holds(target, content):
            return digest
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).chmod(0o444)
            Path(draft).replace(target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
        _sync_folder(self._root)  # It may have just got the folder.
        return digest

    def get(self, digest: str) -> bytes:
        """See `ArtifactStore.get`."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NotFound(
                "artifact.unknown",
                f"No artifact has the digest {digest!r} here.",
                hint="Restore the `artifacts` folder of this home from a backup.",
            ) from None
        except OSError as error:
            raise Unavailable(
                "artifact.unreadable",
                f"Artifact {digest!r} can't be read: {error.strerror}.",
                hint="Check the `artifacts` folder of this home and its permissions.",
            ) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise Corrupt(
                "artifact.corrupt",
                f"The stored bytes of artifact {digest!r} have changed.",
                hint="Restore the file from a backup.",
            )
        return content

    def path(self, digest: str) -> Path:
        """See `ArtifactStore.path`."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise NotFound("artifact.unknown", f"{digest!r} is no SHA-256 digest.")
        return self._root / digest[:2] / digest[2:]


def _holds(file: Path, content: bytes) -> bool:
    """Whether `file` has these bytes: a disk may have lost or changed what was written once."""
    try:
        return file.stat().st_size == len(content) and file.read_bytes() == content
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    """Make the new name durable, not only the bytes."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
