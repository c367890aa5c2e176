"""Where the work of a mission will be: likely files by requirement, and who knows them."""

from collections.abc import Callable
from typing import Any, NamedTuple

from litestar import Request

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.estimates import Likely, LikelyFile
from missioncontrol.domain.plan import Plan, Requirement, Task
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console

KNOWERS_MAX = 12
FILES_NAMED_MAX = 3
TASKS_NAMED_MAX = 5
"""Tasks named at each file; of a large plan hundreds may expect to change the same one."""


class Sought(NamedTuple):
    """One requirement with its files; none where no word of it stands anywhere."""

    requirement: Requirement
    files: tuple[LikelyFile, ...]


class Known(NamedTuple):
    """A person who changed likely files before."""

    name: str
    commits: int  # together, over these files
    files: list[tuple[str, int]]  # path and commits, the most first


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/places.html` shows."""
    del request, console
    plan = story.reading.plan
    files = {each.requirement: each.files for each in plan.likely}
    return {
        "sought": [Sought(each, files.get(each.id, ())) for each in plan.requirements],
        "is_foreseen": bool(plan.likely),
        "obtained": plan.likely[0].obtained if plan.likely else "",
        "tasks_in": _tasks_in(plan),
        "known": _known(plan.likely),
        "files_named_max": FILES_NAMED_MAX,
    }


def _tasks_of(plan: Plan) -> dict[str, list[Task]]:
    """Return the tasks that expect to change each file."""
    found: dict[str, list[Task]] = {}
    for task in plan.tasks():
        for path in task.scope:
            found.setdefault(path, []).append(task)
    return found


def _tasks_in(plan: Plan) -> Callable[[str, str], tuple[list[Task], int]]:
    """Return what names the tasks that expect to change a file, and how many it leaves out.

    Those that serve the requirement come first.
    """
    tasks = _tasks_of(plan)

    def named(path: str, requirement: str) -> tuple[list[Task], int]:
        found = tasks.get(path, [])
        first = sorted(found, key=lambda task: requirement not in task.requirements)
        return first[:TASKS_NAMED_MAX], max(len(found) - TASKS_NAMED_MAX, 0)

    return named


def _known(likely: tuple[Likely, ...]) -> list[Known]:
    """Return who changed the likely files most, each file counted once."""
    counts: dict[str, dict[str, int]] = {}
    for each in likely:
        for file in each.files:
            for knower in file.knowers:
                counts.setdefault(knower.name, {})[file.path] = knower.commits
    found = [
        Known(name, sum(files.values()), sorted(files.items(), key=lambda file: (-file[1], file)))
        for name, files in counts.items()
    ]
    return sorted(found, key=lambda known: (-known.commits, known.name))[:KNOWERS_MAX]
