"""Artifacts of a server: lists of them, and their bytes, checked against their digest."""

import hashlib
from pathlib import Path

from missioncontrol.application.queries.artifacts import ArtifactRow
from missioncontrol.client.line import Line, Listed, path_of
from missioncontrol.domain.errors import Corrupt

SILENT_SECONDS = 30.0


class Artifacts:
    """`client.artifacts`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self, run: str, *, step: str = "") -> Listed[ArtifactRow]:
        """Return what the steps of a run left, in the order of the steps."""
        return self._line.listed("/artifacts", ArtifactRow, run=run, step=step)

    def content(self, digest: str) -> bytes:
        """Return the bytes whose SHA-256 is `digest`.

        Raises:
            NotFound: `artifact.unknown`.
            Corrupt: `artifact.corrupt`, where other bytes came.
        """
        found = self._line.content(path_of("artifacts", digest))
        _refuse_other(digest, hashlib.sha256(found).hexdigest())
        return found

    def part(self, digest: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` to before `end`; a part can't be checked by itself."""
        headers = {"range": f"bytes={start}-{end - 1}"}
        return self._line.content(path_of("artifacts", digest), headers=headers)

    def save(self, digest: str, path: Path) -> int:
        """Write the bytes to a file, as they come, and return how many; raises as `content`.

        Nothing is left at `path` where they are not those of the digest.
        """
        whole, size = hashlib.sha256(), 0
        partial = path.with_name(path.name + ".part")
        try:
            with (
                self._line.streamed(
                    path_of("artifacts", digest), headers={}, seconds_max=SILENT_SECONDS
                ) as answer,
                partial.open("wb") as file,
            ):
                for block in answer.iter_bytes():
                    whole.update(block)
                    size += file.write(block)
            _refuse_other(digest, whole.hexdigest())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return size


def _refuse_other(digest: str, found: str) -> None:
    if found != digest:
        raise Corrupt(
            "artifact.corrupt",
            f"The bytes that came for artifact {digest!r} are others.",
            hint="Ask again; if it stays so, restore the file on the server from a backup.",
        )
