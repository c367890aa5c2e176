"""The artifacts of a peer's task: collected, stored as files, and read as output."""

import math
import mimetypes
from typing import Any

import msgspec
from a2a.helpers import get_data_parts
from a2a.types import a2a_pb2 as pb

from missioncontrol.domain.agent import Shape
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports.agent import AttemptFailed, Line

ARTIFACTS_MAX = 200
BYTES_MAX = 64 * 1024 * 1024
"""Most bytes of all artifacts of one task."""

EXACT = 2**53
"""From here on, a float can't represent every integer."""


class Results:
    """The artifacts of one task, by their ids."""

    def __init__(self) -> None:
        self._artifacts: dict[str, pb.Artifact] = {}
        self._bytes = 0

    def add(self, artifact: pb.Artifact, *, append: bool) -> None:
        """Add an artifact, or append to a known one.

        Raises:
            AttemptFailed: `a2a.too_much`.
        """
        self._bytes += artifact.ByteSize()
        known = self._artifacts.get(artifact.artifact_id)
        if append and known is not None:
            known.parts.extend(artifact.parts)
        else:
            copy = pb.Artifact()
            copy.CopyFrom(artifact)
            self._artifacts[artifact.artifact_id] = copy
        if self._bytes > BYTES_MAX or len(self._artifacts) > ARTIFACTS_MAX:
            raise AttemptFailed(
                "a2a.too_much",
                f"The peer returned more than {ARTIFACTS_MAX} artifacts or "
                f"{BYTES_MAX // 2**20} MiB.",
                hint="Have the peer return less, or the location of the data.",
                retryable=False,
            )

    def replace_all(self, task: pb.Task) -> None:
        """Replace all artifacts by those of a complete task."""
        self._artifacts.clear()
        self._bytes = 0
        for artifact in task.artifacts:
            self.add(artifact, append=False)

    def output(self, last: pb.Message | None, shape: Shape) -> Any:
        """Return the content of the artifacts or, without any, of the last message."""
        parts = [part for artifact in self._artifacts.values() for part in artifact.parts]
        if not parts and last is not None:
            parts = list(last.parts)
        data = [plain_data(part) for part in parts if part.HasField("data")]
        if data and shape.kind not in ("string", "path"):
            return data[0] if len(data) == 1 else data
        text = text_of(parts)
        if shape.kind in ("any", "string", "path"):
            return text
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return text  # The check of the output reports it, with the text.

    def store(self, line: Line) -> tuple[ArtifactRef, ...]:
        """Store every artifact as a file, and each file in it separately."""
        found: dict[str, ArtifactRef] = {}
        for number, artifact in enumerate(self._artifacts.values(), 1):
            name = _file_name(artifact.name) or f"artifact-{number}"
            for content, suffix, media, own in _contents(artifact):
                free = _free(_file_name(own) or f"{name}{suffix}", found)
                found[free] = line.keep(
                    free,
                    content,
                    media_type=media,
                    title=artifact.description[:200],
                    obtained="returned by the peer",
                )
        return tuple(found.values())


def _contents(artifact: pb.Artifact) -> list[tuple[bytes, str, str, str]]:
    """Return content, suffix, media type and file name of each file in an artifact."""
    found = []
    text = "".join(part.text for part in artifact.parts if part.HasField("text"))
    if text:
        found.append((text.encode(), ".txt", "text/plain", ""))
    for part in artifact.parts:
        if part.HasField("data"):
            content = msgspec.json.encode(plain_data(part))
            found.append((content, ".json", "application/json", part.filename))
        elif part.HasField("raw"):
            media = part.media_type or "application/octet-stream"
            suffix = mimetypes.guess_extension(media) or ".bin"
            found.append((part.raw, suffix, media, part.filename))
    return found


def _file_name(name: str) -> str:
    """Return a name without characters that are special in paths."""
    clean = "".join(each if each.isalnum() or each in "._- " else "-" for each in name)
    return clean.strip(". ")[:100]


def _free(name: str, used: dict[str, Any]) -> str:
    if name not in used:
        return name
    stem, dot, suffix = name.rpartition(".")
    numbered = (f"{stem or name}-{n}{dot}{suffix if stem else ''}" for n in range(2, 10_000))
    return next(each for each in numbered if each not in used)


def text_of(parts: Any) -> str:
    """Return the joined texts of parts; chunks of a stream join without a separator."""
    return "".join(part.text for part in parts if part.HasField("text"))


def plain_data(part: pb.Part) -> Any:
    """Return the JSON of a part; integers arrive as floats, because protobuf has only those."""
    return _whole(get_data_parts([part])[0])


def _whole(value: Any) -> Any:
    match value:
        case float() if math.isfinite(value) and value.is_integer() and abs(value) < EXACT:
            return int(value)
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {name: _whole(each) for name, each in value.items()}
        case _:
            return value
