"""The tasks of an Argo template, with their dependencies."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.nodes import Node

DEPTH_MAX = 25
"""Templates within templates."""

GROUPS = ("dag", "steps")
_STATUS = re.compile(r"\.|\|\||!")


class Task(msgspec.Struct, eq=False):
    """A task of a `dag`, or a step of `steps`."""

    name: str
    node: Node
    needs: list[str]
    depends: Node | None = None  # it says more than which tasks have to be done


def tasks_of(template: Node, listing: LeftOut) -> list[Task]:
    """Return the tasks of a template, with what of their order is not understood listed."""
    dag = template.get("dag")
    if dag is not None:
        return _tasks_of_dag(list_in(dag.get("tasks")), listing)
    return _tasks_of_steps(list_in(template.get("steps")))


def list_in(node: Node | None) -> list[Node]:
    """Return the items of a list; none where there is none."""
    return node.items if node is not None else []


def is_group(template: Node) -> bool:
    """Whether a template consists of tasks."""
    return any(template.get(kind) is not None for kind in GROUPS)


def mixed_templates(templates: dict[str, Node]) -> set[str]:
    """Return the templates within which some task may be left out while others go on."""
    uses: dict[str, set[str]] = {}
    todo = []
    for name, template in templates.items():
        nodes = [each for each in template.below() if each.is_text]
        if any(each.name == "when" or _is_status_check(each) for each in nodes):
            todo.append(name)
        for each in nodes:
            if each.name == "template":
                uses.setdefault(each.text, set()).add(name)
    found = set(todo)
    while todo:
        users = uses.get(todo.pop(), set()) - found
        found |= users
        todo += users
    return found


def _is_status_check(node: Node) -> bool:
    return node.name == "depends" and _STATUS.search(node.text) is not None


def _tasks_of_steps(groups: Sequence[Node]) -> list[Task]:
    tasks: dict[str, Task] = {}
    before: list[str] = []
    for group in groups:
        names = []
        for each in group.items or [group]:
            name = each.get("name")
            if name is not None and name.is_text and name.text not in tasks:
                name.carry()
                tasks[name.text] = Task(name.text, each, list(before))
                names.append(name.text)
        before = names or before
    return list(tasks.values())


def _tasks_of_dag(nodes: Sequence[Node], listing: LeftOut) -> list[Task]:
    named: dict[str, Node] = {}
    for node in nodes:
        name = node.get("name")
        if name is not None and name.is_text and name.text not in named:
            name.carry()
            named[name.text] = node
    return [_task_of(name, node, named, listing) for name, node in named.items()]


def _task_of(name: str, node: Node, named: dict[str, Node], listing: LeftOut) -> Task:
    depends = node.get("depends")
    wanted = [item.text for item in list_in(node.get("dependencies"))]
    is_more = False
    if depends is not None:
        wanted = re.findall(r"([A-Za-z0-9_-]+)(?:\.[A-Za-z]+)?", depends.text)
        is_more = _STATUS.search(depends.text) is not None
        if any(each not in named for each in wanted):
            listing.leave(depends, "It names a task that is not there.")
            is_more = False
        elif not is_more:
            depends.carry()
    else:
        for item in list_in(node.get("dependencies")):
            if item.text in named:
                item.carry()
    needs = [each for each in dict.fromkeys(wanted) if each in named]
    return Task(name, node, needs, depends if is_more else None)
