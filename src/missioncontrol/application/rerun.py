"""What to do about a run of tasks that has ended: tasks are run again, and never the run.

A part of it that was done again would hold none of the files that it changes.
"""

import re

from missioncontrol.domain.run.states import Run, Succeeded

_OF_TASKS = re.compile(r"tasks-([0-9a-z]{14})")
"""The workflow of a repository's tasks: it ends like the repository's id."""

_OF_TASK = re.compile(r"task-(\d+)\b")


def repository_of(workflow: str) -> str:
    """Return the id of the repository whose tasks a workflow carries out; "" for none such."""
    name = _OF_TASKS.fullmatch(workflow)
    return f"repository-{name[1]}" if name else ""


def task_of(step: str) -> str:
    """Return the number of the task that a step of such a run is about; "" for no task."""
    name = _OF_TASK.match(step)
    return name[1] if name else ""


def describe_rerun(run: Run, step: str = "") -> str:
    """Describe how tasks begin again: that of `step`, else those the run has not merged."""
    left = [
        number
        for number in ([task_of(step)] if step else run.inputs.get("tasks", {}))
        if not isinstance(run.states.get(f"task-{number}"), Succeeded)
    ]
    if not left:
        return f"Each of its tasks was merged; `mission show {run.id}` tells of them."
    return (
        f"`mission task run {' '.join(left)} --agents …` starts again; what was built stays "
        "(`mission repo recover`)."
    )
