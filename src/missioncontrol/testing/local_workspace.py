"""A desk in a plain directory: runs one specialist by itself, while it is being written."""

import hashlib
import time
from pathlib import Path

from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.ports.agent import LogLevel


class LocalDesk:
    """Stores artifacts under `directory` by name, and remembers the messages."""

    def __init__(self, directory: Path, *, seconds: float = 60.0) -> None:
        """Give the work `seconds` from now; `directory` is made where it is missing."""
        self.directory = directory
        self.scratch = directory / "scratch"
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.said: list[tuple[LogLevel, str]] = []
        self.used = NO_USAGE
        self._ends = time.monotonic() + seconds

    def log(self, level: LogLevel, message: str) -> None:
        """Remember the line."""
        self.said.append((level, message))

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Remember the progress as a line."""
        self.said.append(("info", f"{done}/{total} {note}".rstrip()))

    def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Allow every call."""

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """Add to `used`."""
        self.used += usage

    def keep(
        self, name: str, content: bytes | str, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """Write the file under its own name."""
        data = content.encode() if isinstance(content, str) else content
        target = self.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return ArtifactRef(name, digest, len(data), media_type, title, obtained)

    def seconds_left(self) -> float:
        """Seconds until the time limit."""
        return self._ends - time.monotonic()
