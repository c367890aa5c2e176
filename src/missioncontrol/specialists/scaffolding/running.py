"""The operations of a scaffold: what they are called, how it is started and asked, as data."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Table
from missioncontrol.specialists.scaffolding.layout import article
from missioncontrol.specialists.scaffolding.names import identifier, kebab, option_name, unique

PORT = 8000
HEALTH = "/healthz"
FILE = "pyproject.toml"
"""A file that each product in Python has, for commands that take one."""
_FILES = (
    ("load", "Load a file of CSV into a table", "row by row; what is refused is kept"),
    ("publish", "Write the tables to files of CSV", ""),
    ("run", "Load what is new in `landing/`, then publish", ""),
)
"""The commands of a pipeline that no table has."""
_FILLERS = frozenset(
    (
        "a", "an", "all", "and", "change", "create", "delete", "first", "get", "list", "lists",
        "new", "newest", "of", "one", "read", "record", "remove", "see", "show", "shows", "store",
        "stores", "the", "view",
    )
)  # fmt: skip
"""Words in the title of an operation that say no more than what it does with a row."""


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


def command_name(action: Action, plan: Blueprint) -> str:
    """Return the name of a command: `add_photo` for what an address calls `POST /photos`."""
    taken: dict[str, str] = dict.fromkeys(("load", "publish", "run"), "")
    for each in sorted(plan.actions, key=lambda one: not one.command):
        name = unique(_wanted_command(each, plan), taken)
        if each.name == action.name:
            return name
        taken[name] = each.name
    msg = f"{action.name} is no action of {plan.name}"
    raise KeyError(msg)


def _wanted_command(action: Action, plan: Blueprint) -> str:
    words = {"create": "add", "read": "show"}
    if action.command:
        return identifier(action.command)
    if action.verb in words:
        return f"{words[action.verb]}_{plan.table(action.table).singular}"
    return action.name


def not_built(stack: ScaffoldStack) -> str:
    """Return how an operation answers that a task has to build."""
    if stack == "python-library":
        return "raise `NotBuilt`"
    if stack in {"python-command", "data-pipeline"}:
        return "end with exit code 3 and `not built yet, see task …`"
    return "answer `501 not built yet, see task …`"


def call_of(action: Action, stack: ScaffoldStack, plan: Blueprint) -> str:
    """Return an operation as a caller writes it."""
    if stack in {"python-command", "data-pipeline"}:
        return f"{kebab(plan.package)} {kebab(command_name(action, plan))}"
    if stack == "python-library":
        prefix = {"create": "add", "read": "get"}.get(action.verb, "")
        if prefix:
            return f"{prefix}_{plan.table(action.table).singular}()"
        return f"{action.name}()"
    return f"{action.method} {action.path}"


def what_it_does(plan: Blueprint, stack: ScaffoldStack) -> Iterator[tuple[str, str, str]]:
    """Yield the operations that work: how they are called, what they do, and a remark."""
    if stack == "data-pipeline":
        for name, what, remark in _FILES:
            yield f"`{kebab(plan.package)} {name}`", what, remark
    for each in plan.actions:
        if each.verb != "act":
            what = _what(each, plan.table(each.table))
            yield f"`{call_of(each, stack, plan)}`", what, _remark(each)


def _what(action: Action, table: Table) -> str:
    one = article(table.title)
    plain = {
        "create": f"Store {one}",
        "list": f"List {table.name.replace('_', ' ')}, the newest first",
        "read": f"Show {one}",
        "change": f"Change {one}",
        "remove": f"Remove {one}",
    }[action.verb]
    more = _words(action.title) - _words(f"{plain} {table.name}") - _FILLERS
    return f"{plain} (in the design: {action.title})" if action.declared and more else plain


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def _remark(action: Action) -> str:
    remarks = [] if action.declared else ["not in the design: other operations need it"]
    if action.not_taken:
        remarks.append(f"not taken yet: {', '.join(action.not_taken)}")
    if action.unchecked:
        remarks.append(f"not refused yet: {'; '.join(action.unchecked)}")
    if action.task:
        remarks.append(f"task {action.task}")
    return "; ".join(remarks)
