"""The documents of a task: the command line names them before it loads anything."""

from typing import Literal, get_args

TaskDocument = Literal["prd", "tasks", "spec", "plan"]
TASK_DOCUMENTS: tuple[TaskDocument, ...] = get_args(TaskDocument)
"""In the order in which they are written."""
