"""Files that workers upload, checked on arrival and held until their work is accepted."""

import hashlib
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.workers import ARTIFACT_BYTES_MAX, ARTIFACTS_MAX, Lease

ATTEMPT_BYTES_MAX = 4 * 1024 * 1024 * 1024
"""Most bytes of all files of one attempt."""


class Uploads:
    """A folder for each attempt, with files named by their digests."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def clear(self) -> None:
        """Remove the files of an earlier engine; workers send them again."""
        shutil.rmtree(self._root, ignore_errors=True)

    def folder(self, lease: Lease) -> Path:
        """Return the folder of an attempt; users choose the names of runs, so they are escaped."""
        run = re.sub(r"[^A-Za-z0-9_-]", "_", lease.run)
        return self._root / f"{run}-{lease.fence}"

    async def store(self, folder: Path, digest: str, content: AsyncIterator[bytes]) -> None:
        """Store a file if it has the digest.

        Raises:
            Rejected: `artifact.bad_digest`, `artifact.too_large` or `artifact.too_many`.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise Rejected("artifact.bad_digest", f"{digest[:80]!r} is not a SHA-256 digest.")
        draft = _draft_in(folder)
        try:
            with draft.open("xb") as file:
                found = await _written(file, content)
            if found != digest:
                reason = f"The file sent as {digest} has the digest {found}."
                raise Rejected("artifact.bad_digest", reason)
            _name(draft, digest)
        finally:
            draft.unlink(missing_ok=True)


def _draft_in(folder: Path) -> Path:
    """Return a new file name in a folder that is not full."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [each.stat().st_size for each in folder.iterdir()]
    if len(sizes) >= ARTIFACTS_MAX or sum(sizes) >= ATTEMPT_BYTES_MAX:
        raise Rejected(
            "artifact.too_many",
            f"An attempt may upload {ARTIFACTS_MAX:,} files and {ATTEMPT_BYTES_MAX // 2**30} GiB "
            "at most.",
        )
    return folder / f".{secrets.token_hex(8)}"


def _name(draft: Path, digest: str) -> None:
    """Name a file by its digest, unless its attempt has ended, which removed the folder."""
    if draft.parent.exists():
        draft.replace(draft.with_name(digest))


async def _written(file: BinaryIO, content: AsyncIterator[bytes]) -> str:
    """Write a stream to a file; return its digest."""
    digest, size = hashlib.sha256(), 0
    async for part in content:
        size += len(part)
        if size > ARTIFACT_BYTES_MAX:
            reason = f"An artifact has at most {ARTIFACT_BYTES_MAX // 2**20} MiB."
            raise Rejected("artifact.too_large", reason)
        digest.update(part)
        file.write(part)
    return digest.hexdigest()
