"""A store of files, addressed by their content."""

from pathlib import Path
from typing import Protocol


class ArtifactStore(Protocol):
    """Stores bytes under their SHA-256; the same bytes are stored once."""

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its digest, lower-case hexadecimal.

        Bytes that were stored before and have changed since are stored again.
        """
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes, checked against their digest.

        Raises:
            NotFound: `artifact.unknown`.
            Corrupt: `artifact.corrupt`, where the stored bytes have another digest.
            Unavailable: `artifact.unreadable`, where they can't be read.
        """
        ...

    def path(self, digest: str) -> Path:
        """Return the path of the bytes, for programs that read files; never write there."""
        ...
