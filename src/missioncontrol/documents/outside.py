"""The record as outsiders may see it: the repository by its name, not by where it lies here."""

from pathlib import PurePath
from typing import Any

import msgspec

from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord


def for_outsiders(record: MissionRecord) -> MissionRecord:
    """Return the record with the name of its repository wherever its local path stands.

    Hashes of events stay those of what was recorded.
    """
    path, name = _place(record)
    if not name:
        return record
    values = _renamed(msgspec.to_builtins(record), path, name)
    return msgspec.convert(values, MissionRecord)


def read_for_outsiders(record: MissionRecord, read: ReadArtifact) -> ReadArtifact:
    """Return what reads artifacts with the name of the repository in place of its local path."""
    path, name = _place(record)
    if not name:
        return read
    return lambda digest: read(digest).replace(path.encode(), name.encode())


def _place(record: MissionRecord) -> tuple[str, str]:
    """Return the path of the repository and its name; no name where there is nothing to hide."""
    path = record.repository.rstrip("/\\")
    if not PurePath(path).is_absolute():
        return path, ""
    return path, PurePath(path).name


def _renamed(value: Any, path: str, name: str) -> Any:
    match value:
        case str():
            return value.replace(path, name)
        case dict():
            return {_renamed(k, path, name): _renamed(v, path, name) for k, v in value.items()}
        case list() | tuple():
            return [_renamed(each, path, name) for each in value]
        case _:
            return value
