"""Artifacts in memory, for simulations."""

import hashlib
from pathlib import Path

from missioncontrol.domain.errors import NotFound


class MemoryArtifactStore:
    """Keeps bytes as long as its process lives."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._contents: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """See `ArtifactStore.put`."""
        digest = hashlib.sha256(content).hexdigest()
        self._contents[digest] = content
        return digest

    def get(self, digest: str) -> bytes:
        """See `ArtifactStore.get`."""
        if digest not in self._contents:
            raise NotFound("artifact.unknown", f"No artifact has the digest {digest!r} here.")
        return self._contents[digest]

    def path(self, digest: str) -> Path:
        """See `ArtifactStore.path`: memory has no files."""
        raise NotFound("artifact.no_file", f"Artifact {digest!r} is kept in memory, not in a file.")
