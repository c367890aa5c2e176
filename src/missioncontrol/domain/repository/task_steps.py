"""The names of the workflow and the steps with which agents carry tasks of a repository out."""

import re

PREFIX = "repository-"
_OF_TASKS = re.compile(r"tasks-([0-9a-z]{14})")
"""The workflow of a repository's tasks: it ends like the repository's id."""

_OF_TASK = re.compile(r"task-(\d+)\b")


def repository_of(workflow: str) -> str:
    """Return the id of the repository whose tasks a workflow carries out; "" for none such."""
    name = _OF_TASKS.fullmatch(workflow)
    return f"{PREFIX}{name[1]}" if name else ""


def task_of(step: str) -> str:
    """Return the number of the task that a step of such a run is about; "" for no task."""
    name = _OF_TASK.match(step)
    return name[1] if name else ""
