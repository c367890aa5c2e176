"""The files of a command: those it is given, and those it leaves to be kept."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from missioncontrol.adapters.agents.command_inputs import Command, bad_input, encode_input
from missioncontrol.adapters.agents.files import ARTIFACT_BYTES_MAX, is_inside
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.media import ANY, media_type
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.artifact_store import ArtifactStore

FILES_MAX = 200
BYTES_MAX = 1024 * 1024 * 1024
"""Of all files that one attempt leaves."""


def write_input_files(files: Mapping[str, Any], scratch: Path, artifacts: ArtifactStore) -> None:
    """Write what a command is given into its scratch directory.

    Raises:
        AttemptFailed: `command.bad_input`, or the code of the store where an artifact is missing.
    """
    for name, value in files.items():
        content = _content(value, artifacts)
        target = scratch / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise bad_input(f"files cannot hold {name!r}: {error.strerror}.") from None


def _content(value: Any, artifacts: ArtifactStore) -> bytes:
    if not isinstance(value, dict) or not isinstance(value.get("digest"), str):
        return encode_input(value)
    try:
        return artifacts.get(value["digest"])
    except MissionControlError as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None


def collect_artifacts(command: Command, places: list[Path]) -> dict[str, Path]:
    """Return the files that the step wants kept, by the names that they get.

    Raises:
        AttemptFailed: `command.no_artifact` where a file that is named is not there,
            `command.bad_artifact`, or `command.too_many_artifacts`.
    """
    found = _found(command, places)
    size = 0
    for name, path in found.items():
        if not is_inside(path, places) or not path.is_file():
            reason = f"{name!r} is no file, or a link that leads out of {_said(places)}."
            raise AttemptFailed("command.bad_artifact", reason, retryable=False)
        length = path.stat().st_size
        size += length
        if length > ARTIFACT_BYTES_MAX or size > BYTES_MAX or len(found) > FILES_MAX:
            raise AttemptFailed(
                "command.too_many_artifacts",
                f"`{command.shown}` left more than can be kept of one attempt: {FILES_MAX} files, "
                f"{ARTIFACT_BYTES_MAX // 2**20} MiB each, {BYTES_MAX // 2**20} MiB in all.",
                hint="Name fewer, or let it pack them.",
                retryable=False,
            )
    return found


def _found(command: Command, places: list[Path]) -> dict[str, Path]:
    """Return the files that the step names and those its patterns match, by relative name."""
    found: dict[str, Path] = {}
    for name in command.artifacts:
        if any(mark in name for mark in "*?["):
            for place in places:
                for path in sorted(islice(_matches(place, name), FILES_MAX + 1)):
                    found.setdefault(path.relative_to(place).as_posix(), path)
        else:
            found.setdefault(name, _named(command, name, places))
    return found


def _matches(place: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that a pattern means; empty ones tell nothing."""
    return (path for path in place.glob(pattern) if path.is_file() and path.stat().st_size)


def _named(command: Command, name: str, places: list[Path]) -> Path:
    for place in places:
        if (place / name).exists():
            return place / name
    raise AttemptFailed(
        "command.no_artifact",
        f"`{command.shown}` ended well, but left no {name!r} in {_said(places)}.",
        hint="Name the file relative to where the command starts, or to its scratch directory.",
    )


def _said(places: list[Path]) -> str:
    return " or ".join(str(place) for place in places)


def media_type_of(name: str, content: bytes) -> str:
    """Return the media type that the name tells; a text that is none in UTF-8 is just bytes."""
    told = media_type(name)
    if told.startswith("text/"):
        try:
            content.decode()
        except UnicodeDecodeError:
            return ANY
    return told
