"""How a scaffold is started and asked, as data: for its documents, and for those who prove it."""

import json
import shlex
from typing import Any

import msgspec

from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Blueprint, Table
from missioncontrol.specialists.scaffolding.command_names import command_name
from missioncontrol.specialists.scaffolding.names import kebab, option_name

PORT = 8000
HEALTH = "/healthz"
FILE = "pyproject.toml"
"""A file that each product in Python has, for commands that take one."""


class Request(msgspec.Struct, frozen=True):
    """A request to a server."""

    method: str
    path: str
    body: dict[str, Any] | None = None

    def as_curl(self) -> str:
        """Return it as people type it."""
        address = f"http://127.0.0.1:{PORT}{self.path}"
        if self.body is None:
            return f"curl -s {address}"
        data = shlex.quote(json.dumps(self.body))
        head = "-H 'content-type: application/json'"
        return f"curl -s -X {self.method} {address} {head} \\\n  -d {data}"


class Running(msgspec.Struct, frozen=True):
    """How to start a product, and what to ask it: what is stored first, and what reads it last."""

    start: tuple[str, ...]  # `python` is the interpreter of the environment
    port_variable: str = ""  # the variable with the port to listen on; empty: no server
    requests: tuple[Request, ...] = ()
    calls: tuple[tuple[str, ...], ...] = ()  # command lines


def running(plan: Blueprint, stack: ScaffoldStack) -> Running:
    """Return how a scaffold of `plan` in `stack` is started and asked."""
    variable = f"{plan.package.upper()}_PORT"
    module = ("python", "-m", plan.package)
    if stack in {"python-web", "static-pages"}:
        return Running(module, variable, requests=tuple(_requests(plan)))
    if stack == "node-web":
        return Running(("npm", "start"), variable, requests=tuple(_requests(plan)))
    if stack == "python-library":
        example = ("python", "examples/first_steps.py")
        return Running(example, calls=(example,))
    listed = next(a for a in plan.of_table(plan.main.name) if a.verb == "list")
    reads = (*module, kebab(command_name(listed, plan)))
    if stack == "data-pipeline":
        return Running((*module, "--help"), calls=((*module, "run"), reads))
    stores = (
        (*module, kebab(command_name(create, plan)), *options(table))
        for table in plan.with_parents(plan.main.name)
        for create in [next(a for a in plan.of_table(table.name) if a.verb == "create")]
    )
    return Running((*module, "--help"), calls=(*stores, reads))


def _requests(plan: Blueprint) -> list[Request]:
    found: list[Request] = []
    for table in plan.with_parents(plan.main.name):
        create = next(a for a in plan.of_table(table.name) if a.verb == "create")
        found.append(Request("POST", create.path, examples.body(table.columns)))
    listed = next(a for a in plan.of_table(plan.main.name) if a.verb == "list")
    return [*found, Request("GET", listed.path)]


def options(table: Table) -> list[str]:
    """Return the options of the smallest call that is accepted."""
    found: list[str] = []
    for name, value in examples.body(table.columns).items():
        found.append(option_name(name))
        column = table.column(name)
        if column and column.type == "bytes":
            found.append(FILE)
            continue
        if not isinstance(value, bool):
            found.append(examples.text_of(value))
    return found
