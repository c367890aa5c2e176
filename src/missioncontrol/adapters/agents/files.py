"""Exchange files safely with a program that can change the directories involved."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed, Line

ARTIFACT_BYTES_MAX = 256 * 1024 * 1024


def accept_artifact(
    message: wire.ArtifactMessage, places: Sequence[Path], line: Line, *, code: str
) -> ArtifactRef:
    """Store a file that lies in one of `places` and still has the announced digest.

    A relative path starts at the first place. The stored file may differ from the announced one,
    because `Line.keep` removes secrets.

    Raises:
        AttemptFailed: `code`.
    """
    path = places[0] / message.path
    if (
        not is_inside(path, places)
        or not path.is_file()
        or path.stat().st_size > ARTIFACT_BYTES_MAX
    ):
        raise AttemptFailed(
            code,
            f"Artifact {message.name!r} is not a file below the scratch directory "
            f"of at most {ARTIFACT_BYTES_MAX // 2**20} MiB.",
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != message.digest:
        reason = f"Artifact {message.name!r} changed after the program announced it."
        raise AttemptFailed(code, reason)
    return line.keep(
        message.name,
        content,
        media_type=message.media_type,
        title=message.title,
        obtained=message.obtained,
    )


def is_inside(path: Path, places: Sequence[Path]) -> bool:
    """Whether `path`, with all links followed, lies below one of `places`."""
    try:
        real = path.resolve()
    except (ValueError, RuntimeError):  # a NUL in the name, or a link to itself
        return False
    return any(real.is_relative_to(place.resolve()) for place in places)


def write_below(top: Path, name: str, content: bytes) -> None:
    """Write a file with mode 0600; no link left by the program can lead out of `top`.

    Raises:
        OSError: the file can't be written, the name leads out of `top`, or a folder of the path is
            a link or a file.
    """
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts:
        raise OSError(f"{name!r} leads out of the directory")
    *folders, last = parts
    place = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o700, dir_fd=place)
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        with suppress(FileNotFoundError):
            os.unlink(last, dir_fd=place)
        file = os.open(last, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=place)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
    finally:
        os.close(place)
