"""Files that workers hand in: checked as they come, and kept apart until their work is taken in."""

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
"""Of all files that one attempt hands in."""


class Uploads:
    """A folder for each attempt, in which files are called by their digests."""

    def __init__(self, root: Path) -> None:
        """Nothing is written before the first file."""
        self._root = root

    def clear(self) -> None:
        """Remove what an engine before this one left; workers send it again."""
        shutil.rmtree(self._root, ignore_errors=True)

    def folder(self, lease: Lease) -> Path:
        """Return where the files of an attempt lie; names of runs are other people's words."""
        run = re.sub(r"[^A-Za-z0-9_-]", "_", lease.run)
        return self._root / f"{run}-{lease.fence}"

    async def take(self, folder: Path, digest: str, content: AsyncIterator[bytes]) -> None:
        """Keep a file, if it is what its digest says.

        Raises:
            Rejected: `artifact.bad_digest`, `artifact.too_large` or `artifact.too_many`.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise Rejected("artifact.bad_digest", f"{digest[:80]!r} is no SHA-256 digest.")
        draft = _draft_in(folder)
        try:
            with draft.open("xb") as file:
                found = await _written(file, content)
            if found != digest:
                reason = f"What was sent as {digest} has the digest {found}."
                raise Rejected("artifact.bad_digest", reason)
            _name(draft, digest)
        finally:
            draft.unlink(missing_ok=True)


def _draft_in(folder: Path) -> Path:
    """Return a new name in a folder that is not full."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [each.stat().st_size for each in folder.iterdir()]
    if len(sizes) >= ARTIFACTS_MAX or sum(sizes) >= ATTEMPT_BYTES_MAX:
        raise Rejected(
            "artifact.too_many",
            f"An attempt hands in {ARTIFACTS_MAX:,} files and {ATTEMPT_BYTES_MAX // 2**30} GiB "
            "at most.",
        )
    return folder / f".{secrets.token_hex(8)}"


def _name(draft: Path, digest: str) -> None:
    """Call a file by its digest, unless its attempt has ended meanwhile, and its folder with it."""
    if draft.parent.exists():
        draft.replace(draft.with_name(digest))


async def _written(file: BinaryIO, content: AsyncIterator[bytes]) -> str:
    """Write what comes, and return its digest."""
    digest, size = hashlib.sha256(), 0
    async for part in content:
        size += len(part)
        if size > ARTIFACT_BYTES_MAX:
            reason = f"An artifact has at most {ARTIFACT_BYTES_MAX // 2**20} MiB."
            raise Rejected("artifact.too_large", reason)
        digest.update(part)
        file.write(part)
    return digest.hexdigest()
