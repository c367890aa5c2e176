"""What a peer hands back: gathered while it comes, kept as files, read as output."""

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
"""Of all artifacts of one task."""

EXACT = 2**53


class Results:
    """The artifacts of one task, by their ids."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._artifacts: dict[str, pb.Artifact] = {}
        self._bytes = 0

    def take(self, artifact: pb.Artifact, *, append: bool) -> None:
        """Take an artifact, or more of one.

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
                f"The peer hands back more than {ARTIFACTS_MAX} artifacts of together "
                f"{BYTES_MAX // 2**20} MiB.",
                hint="Let it hand back less, or where it lies.",
                retryable=False,
            )

    def take_all(self, task: pb.Task) -> None:
        """Take the artifacts of a task as it stands; they replace what came of it before."""
        self._artifacts.clear()
        self._bytes = 0
        for artifact in task.artifacts:
            self.take(artifact, append=False)

    def output(self, last: pb.Message | None, shape: Shape) -> Any:
        """Return what the artifacts say; where there are none, what the last message says."""
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
            return text  # It is refused as what does not fit, with its words.

    def kept(self, line: Line) -> tuple[ArtifactRef, ...]:
        """Keep every artifact as a file, and each file in it as one of its own."""
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
                    obtained="handed back by the peer",
                )
        return tuple(found.values())


def _contents(artifact: pb.Artifact) -> list[tuple[bytes, str, str, str]]:
    """Return content, suffix, media type and own name of each file that an artifact makes."""
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
    """Return a name that is one of a file and of nothing else."""
    clean = "".join(each if each.isalnum() or each in "._- " else "-" for each in name)
    return clean.strip(". ")[:100]


def _free(name: str, taken: dict[str, Any]) -> str:
    if name not in taken:
        return name
    stem, dot, suffix = name.rpartition(".")
    numbered = (f"{stem or name}-{n}{dot}{suffix if stem else ''}" for n in range(2, 10_000))
    return next(each for each in numbered if each not in taken)


def text_of(parts: Any) -> str:
    """Return the texts of parts; pieces of a stream follow each other without a break."""
    return "".join(part.text for part in parts if part.HasField("text"))


def plain_data(part: pb.Part) -> Any:
    """Return the JSON of a part; the protocol knows no whole numbers, and we do."""
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
