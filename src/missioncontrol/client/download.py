"""What stands on a server, written to a file as it comes: all of it or nothing."""

import hashlib
from pathlib import Path

from missioncontrol.client.calls import More, Open, Script
from missioncontrol.domain.errors import Corrupt


def saved(address: Open, path: Path, digest: str = "") -> Script[int]:
    """Write what comes to a file, and return how many bytes that were.

    Raises:
        Corrupt: `artifact.corrupt`, where it is to have a SHA-256 and has another one.
    """
    whole, size = hashlib.sha256(), 0
    partial = path.with_name(path.name + ".part")
    try:
        yield address
        with partial.open("wb") as file:
            while block := (yield More()):
                whole.update(block)
                size += file.write(block)
        if digest:
            refuse_other(digest, whole.hexdigest())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return size


def refuse_other(digest: str, found: str) -> None:
    """Refuse bytes that are not those that were asked for.

    Raises:
        Corrupt: `artifact.corrupt`.
    """
    if found != digest:
        raise Corrupt(
            "artifact.corrupt",
            f"The bytes that came for artifact {digest!r} are others.",
            hint="Ask again; if it stays so, restore the file on the server from a backup.",
        )
