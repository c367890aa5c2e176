"""The packs that a mission's run left for builders: the whole one, and one for each task."""

import difflib
from typing import Literal

from missioncontrol.application.queries.artifacts import ArtifactRow, artifacts_of
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run.states import Run

Form = Literal["md", "json"]
WHOLE, FOLDER = "execution-pack", "packs/"
LISTED_MAX = 2_000


def packs(run: Run, form: Form = "md") -> dict[str, ArtifactRow]:
    """Return the packs of a run by the key of their task; the whole one is under ""."""
    rows, _ = artifacts_of(run, limit=LISTED_MAX)
    found = {}
    for row in rows:
        stem, _, ending = row.name.rpartition(".")
        if ending != form:
            continue
        if stem == WHOLE:
            found[""] = row
        elif stem.startswith(FOLDER):
            found[stem.removeprefix(FOLDER)] = row
    return found


def pack(run: Run, task: str = "", form: Form = "md") -> ArtifactRow:
    """Return the pack of a task, or the one of the whole mission.

    Raises:
        NotFound: `pack.unknown`.
    """
    known = packs(run, form)
    if task in known:
        return known[task]
    tasks = [key for key in known if key]
    if not task or not tasks:
        raise NotFound(
            "pack.unknown",
            f"Run {run.id!r} left no execution pack{f' for task {task!r}' if task else ''}.",
            hint="A mission's writer leaves one for each task that changes code.",
        )
    near = difflib.get_close_matches(task, tasks, 1)
    raise NotFound(
        "pack.unknown",
        f"Run {run.id!r} left no execution pack for task {task!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else f"There is one for {', '.join(tasks[:10])}.",
    )
