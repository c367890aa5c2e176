"""Artifacts of a server, read through its API and checked here."""

import hashlib
from pathlib import Path, PurePosixPath

from missioncontrol.adapters.server_line import ServerLine
from missioncontrol.domain.errors import Corrupt


class ServerArtifactStore:
    """Reads as `ArtifactStore` promises; the server's engine keeps."""

    def __init__(self, line: ServerLine) -> None:
        """The opener of `line` closes it."""
        self._line = line

    def put(self, content: bytes) -> str:
        """Refuse: the engine of the server keeps files."""
        raise AssertionError("the engine of a server stores its artifacts")

    def get(self, digest: str) -> bytes:
        """See `ArtifactStore.get`."""
        content = self._line.content(f"/record/artifacts/{digest}")
        if hashlib.sha256(content).hexdigest() != digest:
            raise Corrupt(
                "artifact.corrupt",
                f"The bytes of artifact {digest!r} that {self._line.url} sent have changed.",
                hint="Ask again; if it stays so, restore the file there from a backup.",
            )
        return content

    def path(self, digest: str) -> Path:
        """Return where the server offers the bytes: no path of this machine."""
        return Path(PurePosixPath(self._line.url, "api/v1/artifacts", digest))
