"""Where files are kept by what is in them."""

from pathlib import Path
from typing import Protocol


class ArtifactStore(Protocol):
    """Keeps bytes under their SHA-256; the same bytes are kept once."""

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its digest, lower-case hexadecimal.

        Bytes that were kept before and have changed since are kept anew.
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
        """Return where the bytes lie, for programs that read files; nobody writes there."""
        ...
