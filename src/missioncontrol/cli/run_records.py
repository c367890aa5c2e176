"""`.runs/` of a checkout: what the record says of runs of tasks, with diffs, logs and metrics."""

import asyncio
import json
from collections.abc import Iterator

import msgspec

from missioncontrol.application.rerun import repository_of
from missioncontrol.application.run_manifests import list_started_runs, manifest_of, run_of
from missioncontrol.cli.checkout_record import Checkout, Record
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.output import note
from missioncontrol.documents.run_manifest import (
    FOLDER,
    NAME,
    Done,
    File,
    RunManifest,
    is_as_written,
    manifest_text,
    sealed,
)
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.repository.events import RepositoryTasksRun
from missioncontrol.domain.visible import visible
from missioncontrol.ports.output_store import OutputLine

RUNS_MAX = 100
"""Newest runs of which files are written."""

LINES_MAX = 10_000
DIFFS = {"build": "changes.patch", "inspect": "change.patch", "merge": "changes.patch"}
"""By step: what one round built, the whole change that is agreed to, and what was merged."""


def write_runs(record: Record) -> list[str]:
    """Write the files of runs that have none yet, or went on since; return their folders."""
    begun = asyncio.run(list_started_runs(record.desk.store, record.sop.id))
    found = (each for each in begun[-RUNS_MAX:] if not _is_whole(each.run, record))
    return [write_run(each, record) for each in found]


def write_resumed(run: str, desk: Desk) -> None:
    """Write the files of a run of tasks that was resumed into the checkout of its tasks.

    It may be resumed from anywhere, and what became of it is in the record in any case.
    """
    try:
        found = asyncio.run(run_of(desk.store, run))
        repository = repository_of(found.workflow)
        if not repository:
            return
        record = Record(desk, Checkout(str(found.inputs.get("repository", ""))))
        for folder in write_runs(record) if record.sop.id == repository else ():
            note(visible(f"{folder}/ tells what was done.\n"))
    except MissionControlError as error:
        note(visible(f"The files of run {run} are not written: {error}\n"))


def write_run(begun: RepositoryTasksRun, record: Record) -> str:
    """Write the files of a run; the manifest comes last, so that it speaks of what is there.

    Raises:
        Rejected: `repository.unwritable`.
    """
    reading = record.desk.reading
    lives = {life.name: life for life in record.desk.board.listed("agent")}
    state, _ = record.state()
    manifest = asyncio.run(manifest_of(record.desk.store, reading.output, state, begun, lives))
    folder = f"{FOLDER}/{begun.run}"
    files = record.checkout.files
    if files.read(f"{FOLDER}/.gitignore") is None:
        files.write(f"{FOLDER}/.gitignore", "*\n")
    steps = []
    for step in manifest.steps:
        steps.append(_with_diff(step, folder, record))
        lines = reading.output.read(begun.run, step=step.key, limit=LINES_MAX)
        if lines:
            files.write(f"{folder}/logs/{_file_name(step.key)}.log", "".join(map(_line, lines)))
    manifest = sealed(msgspec.structs.replace(manifest, steps=tuple(steps)))
    files.write(f"{folder}/metrics.json", _metrics(manifest))
    files.write(f"{folder}/{NAME}", manifest_text(manifest))
    return folder


def _is_whole(run: str, record: Record) -> bool:
    """Whether the manifest of a run that has ended is there as it was written."""
    text = record.checkout.files.read(f"{FOLDER}/{run}/{NAME}")
    return text is not None and is_as_written(text) and json.loads(text)["ended"] is not None


def _with_diff(step: Done, folder: str, record: Record) -> Done:
    """Put the diff of a step beside the manifest, and say where it is."""
    if step.name not in DIFFS:
        return step
    return msgspec.structs.replace(
        step, files=tuple(_placed(file, step, folder, record) for file in step.files)
    )


def _placed(file: File, step: Done, folder: str, record: Record) -> File:
    if file.name != DIFFS[step.name]:
        return file
    path = f"diffs/{_file_name(step.key)}.patch"
    try:
        content = record.desk.reading.artifacts.get(file.digest)
    except MissionControlError:
        return file  # The home has lost it, or never had it here: the digest says which it is.
    record.checkout.files.write(f"{folder}/{path}", content.decode("utf-8", "replace"))
    return msgspec.structs.replace(file, path=path)


def _file_name(key: str) -> str:
    return key.replace("/", "-").replace("#", "-")


def _line(line: OutputLine) -> str:
    return f"{line.time / 1_000_000:.3f} {line.level} {visible(line.message)}\n"


def _metrics(manifest: RunManifest) -> str:
    """Return the numbers of a run; each follows from the manifest."""
    return (
        json.dumps(
            {
                "run": manifest.run,
                "seconds": (manifest.ended or 0) - manifest.created if manifest.ended else None,
                "spent": msgspec.to_builtins(manifest.spent),
                "tasks": [
                    {"task": each.task, "state": each.state, "rounds": each.rounds}
                    for each in manifest.tasks
                ],
                "steps": list(_step_metrics(manifest)),
            },
            indent=2,
        )
        + "\n"
    )


def _step_metrics(manifest: RunManifest) -> Iterator[dict[str, object]]:
    for step in manifest.steps:
        ended = [each.ended - each.started for each in step.tries if each.ended is not None]
        yield {
            "key": step.key,
            "tries": len(step.tries),
            "seconds": round(sum(ended), 3),
            "input_tokens": sum(each.spent.input_tokens for each in step.tries),
            "output_tokens": sum(each.spent.output_tokens for each in step.tries),
        }
