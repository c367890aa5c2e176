"""What the operations of a scaffold are called and do, as its README lists them."""

import re
from collections.abc import Iterator

from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Table
from missioncontrol.specialists.scaffolding.command_names import command_name
from missioncontrol.specialists.scaffolding.layout import article
from missioncontrol.specialists.scaffolding.names import kebab

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


def not_built(stack: ScaffoldStack) -> str:
    """Return how an operation answers that a task has to build."""
    if stack == "python-library":
        return "raise `NotBuilt`"
    if stack in {"python-command", "data-pipeline"}:
        return "end with exit code 3 and `not built yet, see task …`"
    return "answer `501 not built yet, see task …`"


def call(action: Action, stack: ScaffoldStack, plan: Blueprint) -> str:
    """Return an operation as a caller writes it."""
    if stack in {"python-command", "data-pipeline"}:
        return f"{kebab(plan.package)} {kebab(command_name(action, plan))}"
    if stack == "python-library":
        prefix = {"create": "add", "read": "get"}.get(action.verb, "")
        if prefix:
            return f"{prefix}_{plan.table(action.table).singular}()"
        return f"{action.name}()"
    return f"{action.method} {action.path}"


def works(plan: Blueprint, stack: ScaffoldStack) -> Iterator[tuple[str, str, str]]:
    """Yield the operations that work: how they are called, what they do, and a remark."""
    if stack == "data-pipeline":
        for name, what, remark in _FILES:
            yield f"`{kebab(plan.package)} {name}`", what, remark
    for each in plan.actions:
        if each.verb != "act":
            what = _what(each, plan.table(each.table))
            yield f"`{call(each, stack, plan)}`", what, _remark(each)


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
