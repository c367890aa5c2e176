"""Every artifact of a run: its place, its path in the zip, and its bytes once they are checked."""

import hashlib
import re
from collections.abc import Callable

import msgspec

from missioncontrol.documents.anchors import Places
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.errors import Corrupt, MissionControlError
from missioncontrol.domain.work import ArtifactRef

ReadArtifact = Callable[[str], bytes]
"""Takes a SHA-256 and returns the bytes."""

PATH_MAX = 180
"""Characters of an artifact's path in the zip: unpacking must work on every system."""


class Exhibit(msgspec.Struct, frozen=True):
    """One artifact of one task."""

    artifact: ArtifactRef
    task: str
    number: int  # within its task, from 1
    place: str  # its id in the report
    path: str  # in the zip


def exhibits(record: MissionRecord, where: Places) -> tuple[Exhibit, ...]:
    """Return all artifacts in the order of tasks, each with a path of its own."""
    used_paths: set[str] = set()
    listed: list[Exhibit] = []
    for one in record.tasks:
        key = one.task.key
        for number, artifact in enumerate(one.work.artifacts, start=1):
            path = _free_path(f"artifacts/{safe_path(key)}/{safe_path(artifact.name)}", used_paths)
            place = where.artifact(key, number)
            listed.append(Exhibit(artifact, key, number, place, path))
    return tuple(listed)


def checked_bytes(artifact: ArtifactRef, read_artifact: ReadArtifact) -> bytes:
    """Return the bytes of an artifact.

    Raises:
        MissionControlError: they are not there, or they are not those that the digest names.
    """
    try:
        content = read_artifact(artifact.digest)
    except (OSError, LookupError) as fault:
        raise Corrupt("artifact.missing", f"{artifact.name!r} is not in the store.") from fault
    if hashlib.sha256(content).hexdigest() != artifact.digest:
        raise Corrupt("artifact.changed", f"{artifact.name!r} is not what its SHA-256 names.")
    return content


def readable(artifact: ArtifactRef, read_artifact: ReadArtifact) -> tuple[bytes, str]:
    """Return the bytes and "", or nothing and why it could not be read."""
    try:
        return checked_bytes(artifact, read_artifact), ""
    except MissionControlError as fault:
        return b"", fault.reason


def safe_path(name: str) -> str:
    """Return `name` as a relative path that leads nowhere else, on any system."""
    parts = [_safe_part(part) for part in re.split(r"[/\\]+", name)]
    return "/".join(part for part in parts if part)[-PATH_MAX:].strip("/") or "unnamed"


def _safe_part(part: str) -> str:
    plain = re.sub(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u200b-\u206f\ufeff\ud800-\udfff]', "_", part)
    return plain.strip(" ") if plain.strip(". ") else ""


def _free_path(path: str, used_paths: set[str]) -> str:
    """Return `path`, or a numbered sibling: names that differ only in case must not collide."""
    stem, dot, ending = path.rpartition(".")
    number, free = 1, path
    while free.casefold() in used_paths:
        number += 1
        free = f"{stem}~{number}.{ending}" if dot and "/" not in ending else f"{path}~{number}"
    used_paths.add(free.casefold())
    return free
