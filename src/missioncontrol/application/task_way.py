"""Keeps runs of tasks to the one way in that takes their files."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.application.journal import Journal
from missioncontrol.application.repositories import REPOSITORY
from missioncontrol.application.rerun import repository_of
from missioncontrol.application.runs import Prepared
from missioncontrol.application.task_workflow import ROUND
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Step

_MERGES = re.compile(r"merge-(repository-[0-9a-z]{14})")
"""Where changes of a repository's tasks wait for each other."""


async def is_of_tasks(workflow: str, journal: Journal) -> bool:
    """Whether that is the workflow of tasks of a repository that is known here."""
    return await _is_known(repository_of(workflow), journal)


async def refuse_by_hand(prepared: Prepared, journal: Journal) -> None:
    """Refuse a run that would build and merge tasks, and hold none of their files.

    A user's own workflow of the same name is none, and neither is one that calls it.

    Raises:
        Rejected: `run.tasks_by_hand`.
    """
    for workflow, steps in _workflows(prepared.definition.name, prepared.steps):
        if await _is_known(_worked_on(workflow, steps), journal):
            raise Rejected(
                "run.tasks_by_hand",
                f"Workflow {workflow!r} carries out tasks of a repository, and begun like this it "
                "would hold none of their files: others could change them at once.",
                hint="`mission task run NUMBER … --agents builder=NAME` begins it with its scopes.",
            )


async def _is_known(repository: str, journal: Journal) -> bool:
    if not repository:
        return False
    found = await journal.find(REPOSITORY, repository)
    return found is not None


def _worked_on(workflow: str, steps: Sequence[Step]) -> str:
    if workflow != ROUND:
        return repository_of(workflow)
    keys = (slot.key for step in steps for slot in step.slots)
    return next((found[1] for key in keys if (found := _MERGES.fullmatch(key))), "")


def _workflows(name: str, steps: Sequence[Step]) -> Iterator[tuple[str, Sequence[Step]]]:
    """Yield a workflow and all that it calls, each with its steps."""
    yield name, steps
    for step in steps:
        if step.calls:
            yield from _workflows(step.calls.rpartition("@")[0], step.body)
