"""The stacks in which the repository of a new product can be created."""

from typing import Literal, get_args

ScaffoldStack = Literal[
    "python-web", "node-web", "static-pages", "python-command", "python-library", "data-pipeline"
]
ScaffoldChoice = Literal["", "auto"] | ScaffoldStack
"""`auto` is the stack that follows from the goal; empty where no repository is created."""

BY_THE_GOAL: ScaffoldChoice = "auto"
CHOICES: tuple[str, ...] = (BY_THE_GOAL, *get_args(ScaffoldStack))

STACKS: dict[ScaffoldStack, str] = {
    "python-web": "Python web: FastAPI, and SQLite or the PostgreSQL of the design",
    "node-web": "TypeScript on Node.js: Hono and SQLite",
    "static-pages": "Static pages and an API: FastAPI, and SQLite or the PostgreSQL of the design",
    "python-command": "Python command line: argparse and SQLite",
    "python-library": "Python library: dataclasses and SQLite, no dependencies",
    "data-pipeline": "Data pipeline: Python, and DuckDB or the SQLite that a goal names",
}
"""The title of each stack, with its main libraries."""
