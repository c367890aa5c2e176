"""Artifacts of a server: what is declared of them, and their bytes, checked by digest."""

import hashlib
from pathlib import Path

from missioncontrol.client.calls import (
    Call,
    Open,
    Script,
    content,
    path_of,
    persisted,
)
from missioncontrol.client.download import refuse_other, saved
from missioncontrol.client.made.artifact import ArtifactRequests
from missioncontrol.client.resource import L, carried_out, requested

SILENT_SECONDS = 30.0


class Artifacts(ArtifactRequests[L]):
    """`client.artifacts`."""

    @carried_out
    def content(self, digest: str) -> Script[bytes]:
        """Return the bytes whose SHA-256 is `digest`.

        Raises:
            NotFound: `artifact.unknown`.
            Corrupt: `artifact.corrupt`, where other bytes came.
        """
        found = yield from persisted(content(path_of("artifacts", digest)))
        refuse_other(digest, hashlib.sha256(found).hexdigest())
        return found

    @requested
    def part(self, digest: str, start: int, end: int) -> Call[bytes]:
        """Return the bytes from `start` to before `end`; a part can't be checked by itself."""
        headers = {"range": f"bytes={start}-{end - 1}"}
        return content(path_of("artifacts", digest), headers=headers)

    @carried_out
    def save(self, digest: str, path: Path) -> Script[int]:
        """Write the bytes to a file, as they come, and return how many; raises as `content`.

        Nothing is left at `path` where they are not those of the digest.
        """
        return saved(Open(path_of("artifacts", digest), SILENT_SECONDS), path, digest)
