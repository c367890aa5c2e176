"""Input files and artifacts of a command."""

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
"""Most bytes of all artifacts of one attempt."""


def write_input_files(files: Mapping[str, Any], scratch: Path, artifacts: ArtifactStore) -> None:
    """Write the input files of a command into its scratch directory.

    Raises:
        AttemptFailed: `command.bad_input`, or the code of the store if an artifact is missing.
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
    """Return the files to store as artifacts, by artifact name.

    Raises:
        AttemptFailed: `command.no_artifact` if a named file is missing,
            `command.bad_artifact`, or `command.too_many_artifacts`.
    """
    found = _found(command, places)
    size = 0
    for name, path in found.items():
        if not is_inside(path, places) or not path.is_file():
            reason = f"{name!r} is not a file, or links out of {_listed(places)}."
            raise AttemptFailed("command.bad_artifact", reason, retryable=False)
        length = path.stat().st_size
        size += length
        if length > ARTIFACT_BYTES_MAX or size > BYTES_MAX or len(found) > FILES_MAX:
            raise AttemptFailed(
                "command.too_many_artifacts",
                f"`{command.shown}` left more than one attempt may store: {FILES_MAX} files, "
                f"{ARTIFACT_BYTES_MAX // 2**20} MiB each, {BYTES_MAX // 2**20} MiB in all.",
                hint="Name fewer files, or pack them into an archive.",
                retryable=False,
            )
    return found


def _found(command: Command, places: list[Path]) -> dict[str, Path]:
    """Return the named files and those that match a pattern, by relative name."""
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
    """Yield the files that match a pattern, without empty ones."""
    return (path for path in place.glob(pattern) if path.is_file() and path.stat().st_size)


def _named(command: Command, name: str, places: list[Path]) -> Path:
    for place in places:
        if (place / name).exists():
            return place / name
    raise AttemptFailed(
        "command.no_artifact",
        f"`{command.shown}` succeeded, but left no {name!r} in {_listed(places)}.",
        hint="Name the file relative to where the command starts, or to its scratch directory.",
    )


def _listed(places: list[Path]) -> str:
    return " or ".join(str(place) for place in places)


def media_type_of(name: str, content: bytes) -> str:
    """Return the media type of a name; a text file that is not UTF-8 counts as bytes."""
    found = media_type(name)
    if found.startswith("text/"):
        try:
            content.decode()
        except UnicodeDecodeError:
            return ANY
    return found
