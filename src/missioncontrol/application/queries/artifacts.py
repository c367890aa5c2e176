"""Artifacts of a run, as the log names them, and their bytes by digest, checked first."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from missioncontrol.application.journal import unknown_run
from missioncontrol.application.read_model import Present
from missioncontrol.domain.building import HANDED
from missioncontrol.domain.errors import Corrupt, NotFound, Unavailable
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports.artifact_store import ArtifactStore

BLOCK_BYTES = 1_048_576
CHECKED_MAX = 4_096


class ArtifactRow(msgspec.Struct, frozen=True):
    """A file that a step left."""

    run: str
    step: str
    number: int  # within its step, from 1
    name: str  # a relative path with `/`, unique within its step
    digest: str  # SHA-256 of the bytes
    size: int  # bytes
    media_type: str
    title: str
    obtained: str  # how it came to be


class Content(msgspec.Struct, frozen=True):
    """Bytes that were found to be those of their digest."""

    digest: str
    path: Path
    size: int


_checked: "OrderedDict[tuple[str, int, int], None]" = OrderedDict()
"""Files by path, size and time of change, that had their digest when they were looked at."""


def artifacts_of(
    run: Run, *, step: str = "", after: tuple[str, int] | None = None, limit: int = 50
) -> tuple[list[ArtifactRow], tuple[str, int] | None]:
    """Return artifacts in the order of steps, and the place of the last one where more follow.

    `after` is the step and number of an artifact that the list goes on behind.
    """
    rows: list[ArtifactRow] = []
    is_begun = after is None
    for row in _all(run):
        if is_begun and (not step or row.step == step):
            if len(rows) == limit:
                return rows, (rows[-1].step, rows[-1].number)
            rows.append(row)
        is_begun = is_begun or (row.step, row.number) == after
    return rows, None


def count_of(run: Run) -> int:
    """Return how many artifacts a run left."""
    return sum(1 for _ in _all(run))


def artifact(run: Run, digest: str, *, step: str = "", name: str = "") -> ArtifactRow:
    """Return the artifact of a run that has these bytes.

    Raises:
        NotFound: `artifact.unknown`.
    """
    for row in _all(run):
        if row.digest == digest and step in ("", row.step) and name in ("", row.name):
            return row
    raise NotFound(
        "artifact.unknown",
        f"Run {run.id!r} left no artifact with the digest {digest[:64]!r}.",
        hint="`/api/v1/artifacts?run=…` names those that it left.",
    )


async def run_of(present: Present, run: str) -> Run:
    """Return the run that left what is looked for.

    Raises:
        NotFound: `run.unknown`, also for a stream of the log that is no run.
    """
    if not run.startswith("run-"):
        raise unknown_run(run)
    return await present.run(run)


async def content(store: ArtifactStore, digest: str) -> Content:
    """Return where the bytes of a digest lie, once they are known to be those.

    Raises:
        NotFound: `artifact.unknown`.
        Corrupt: `artifact.corrupt`.
        Unavailable: `artifact.unreadable`.
    """
    return await asyncio.to_thread(_looked_at, store.path(digest), digest)


async def window(found: Content, start: int = 0, length: int | None = None) -> bytes:
    """Return `length` bytes from `start` on, by default all of them."""
    return await asyncio.to_thread(_bytes, found.path, start, length)


def _all(run: Run) -> Iterator[ArtifactRow]:
    for key in run.steps:
        state = run.states[key]
        left = state.work.artifacts if isinstance(state, Succeeded) else ()
        for number, ref in enumerate((*left, *_handed(run, key)), start=1):
            yield _row(run.id, key, number, ref)


def _handed(run: Run, step: str) -> Iterator[ArtifactRef]:
    """Yield what a step was given in place of earlier files; it bears no name of what was left."""
    for each in run.handed.get(step, ()):
        yield msgspec.structs.replace(each, name=f"{HANDED}{each.name}")


def _row(run: str, step: str, number: int, ref: ArtifactRef) -> ArtifactRow:
    return ArtifactRow(
        run,
        step,
        number,
        ref.name,
        ref.digest,
        ref.size,
        ref.media_type,
        ref.title,
        ref.obtained,
    )


def _looked_at(path: Path, digest: str) -> Content:
    try:
        info = path.stat()
        seen = (str(path), info.st_size, info.st_mtime_ns)
        if seen not in _checked:
            _check(path, digest)
            _checked[seen] = None
            while len(_checked) > CHECKED_MAX:
                _checked.popitem(last=False)
        return Content(digest, path, info.st_size)
    except FileNotFoundError:
        raise NotFound(
            "artifact.unknown",
            f"No artifact has the digest {digest!r} here.",
            hint="Restore the `artifacts` folder of this home from a backup.",
        ) from None
    except OSError as error:
        raise Unavailable(
            "artifact.unreadable",
            f"Artifact {digest!r} can't be read: {error.strerror}.",
            hint="Check the `artifacts` folder of this home and its permissions.",
        ) from None


def _check(path: Path, digest: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != digest:
        raise Corrupt(
            "artifact.corrupt",
            f"The stored bytes of artifact {digest!r} have changed.",
            hint="Restore the file from a backup.",
        )


def _bytes(path: Path, start: int, length: int | None) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(-1 if length is None else length)
