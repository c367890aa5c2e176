"""What to do about a run of tasks that has ended: tasks are run again, and never the run.

A part of it that was done again would hold none of the files that it changes.
"""

from missioncontrol.domain.repository.task_steps import repository_of as repository_of
from missioncontrol.domain.repository.task_steps import task_of as task_of
from missioncontrol.domain.run.states import Run, Succeeded


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
