"""Imports the tasks of an Argo workflow as steps, with nested templates flattened."""

from collections.abc import Callable, Mapping

import msgspec

from missioncontrol.adapters.workflow_files.argo.conditions import depends_in, when_in
from missioncontrol.adapters.workflow_files.argo.items import Items, items_of
from missioncontrol.adapters.workflow_files.argo.leaves import read_leaf
from missioncontrol.adapters.workflow_files.argo.parts import (
    Entry,
    Part,
    after_all,
    ended,
)
from missioncontrol.adapters.workflow_files.argo.tasks import (
    DEPTH_MAX,
    Task,
    is_group,
    list_in,
    mixed_templates,
    tasks_of,
)
from missioncontrol.adapters.workflow_files.argo.texts import Binding, Parts, Scope, no_task
from missioncontrol.adapters.workflow_files.foreign.cel import Unclear, Value, all_of
from missioncontrol.adapters.workflow_files.foreign.draft import Draft, StepDraft
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.names import Names
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.domain.graph import find_cycle, in_order

_STILL_FAILED = (
    "Where a task fails, the run has failed here in the end; on Argo it succeeds if the tasks that "
    "come after a failure do."
)


class Source(msgspec.Struct):
    """What all templates of a file share while they are laid out."""

    templates: dict[str, Node]
    inputs: dict[str, Value]
    names: Names
    listing: LeftOut
    lists: set[str]  # inputs that have to be lists, found out on the way
    draft: Draft


class Layout:
    """Lays templates out."""

    def __init__(self, source: Source) -> None:
        """`source.draft` grows while templates are laid out."""
        self._source = source
        self._listing = source.listing
        self._open: list[str] = []  # the templates that are being laid out
        self._mixed = mixed_templates(source.templates)

    def lay_out(
        self, node: Node, key: str, scope: Scope, entry: Entry, *, inner: bool = True
    ) -> Part:
        """Add the steps of one use of a template; `inner` is one within another."""
        name = node.get("name")
        if name is not None:
            name.carry()
        if is_group(node):
            self._open.append(name.text if name is not None else "")
            part = self._lay_out_group(node, key, scope, entry, inner=inner)
            self._open.pop()
            return part
        return self._part(read_leaf(node, key, scope, self._listing), entry)

    def _part(self, step: StepDraft, entry: Entry, *, is_strict: bool = False) -> Part:
        """Add a step that waits as `entry` says."""
        step.needs = list(dict.fromkeys(entry.needs))
        step.condition = "" if entry.condition == "true" else entry.condition
        self._source.draft.add(step)
        return Part(step, [step], [step.key], is_strict=is_strict, after=entry.after)

    def _gate(self, key: str, word: str, why: str, entry: Entry) -> Part:
        step = StepDraft(self._source.names.key(key, word), ["true"])
        step.remark(why)
        return self._part(step, entry, is_strict=True)

    def _held(self, key: str, why: str, entry: Entry) -> Part:
        step = StepDraft(key, ["true"])
        step.hold(f"{why} This keeps its place.")
        return self._part(step, entry, is_strict=True)

    # Groups.

    def _lay_out_group(
        self, node: Node, key: str, scope: Scope, entry: Entry, *, inner: bool
    ) -> Part:
        tasks = tasks_of(node, self._listing)
        if find_cycle({task.name: task.needs for task in tasks}):
            for task in tasks:
                self._listing.leave(task.node, "The tasks wait for each other in a circle.")
            tasks = []
        if not tasks:
            return self._held(key, "It has no tasks that could be carried over.", entry)
        gate = None
        if inner and (entry.condition != "true" or self._is_mixed(node)):
            gate = self._gate(key, "begins", f"It only stands for the beginning of {key}.", entry)
        within = entry if gate is None else Entry([gate.start.key], after=[gate])
        parts = self._lay_out_tasks(tasks, key if inner else "", scope, within)
        return _grouped(parts, tasks, gate, entry)

    def _is_mixed(self, node: Node) -> bool:
        """Whether tasks within may be left out; of a template without a name that is assumed."""
        name = node.get("name")
        is_known = name is not None and self._source.templates.get(name.text) is node
        return name is None or not is_known or name.text in self._mixed

    def _lay_out_tasks(
        self, tasks: list[Task], prefix: str, scope: Scope, entry: Entry
    ) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        by_name = {task.name: task for task in tasks}
        for name in in_order({task.name: task.needs for task in tasks}):
            task = by_name[name]
            within = msgspec.structs.replace(scope, earlier=_earlier(task, by_name, parts))
            before = [parts[need] for need in task.needs]
            parts[name] = self._lay_out_task(task, prefix, within, entry, before)
        return {task.name: parts[task.name] for task in tasks}

    # One task.

    def _lay_out_task(
        self, task: Task, prefix: str, scope: Scope, entry: Entry, before: list[Part]
    ) -> Part:
        key = self._source.names.key(prefix, task.name)
        doubts: list[str] = []
        own = self._entry(task, key, scope, entry, before, doubts)
        items: Items | None = None
        try:
            items = items_of(task.node, scope, self._source.lists)
        except Unclear:
            doubts.append("It was done for items that are not known here.")
        part = self._made(task, key, scope, own, items)
        if doubts:
            part.start.hold(" ".join(doubts))
        _tolerate(part, task.node)
        part.is_optional = task.node.get("when") is not None
        part.is_strict = part.is_strict or (task.depends is not None and not part.is_optional)
        certain = part.is_plain and not part.is_optional and not part.is_strict
        part.is_clear = certain and all(each.is_clear for each in part.after)
        return part

    def _made(self, task: Task, key: str, scope: Scope, entry: Entry, items: Items | None) -> Part:
        """Make the steps of a task, or one that keeps its place."""
        node = self._template(task)
        if isinstance(node, str) or (items is not None and is_group(node)):
            why = "A group of tasks for each item needs a workflow of its own here."
            for name in ("withItems", "withParam", "withSequence"):
                given = task.node.get(name)
                if given is not None:
                    self._listing.leave(given, why)
            return self._held(key, node if isinstance(node, str) else why, entry)
        scope.has_items = items is not None
        inside = msgspec.structs.replace(
            scope, bound=_bindings(task.node, node, scope), earlier=no_task
        )
        part = self.lay_out(node, key, inside, entry)
        if items is not None:
            part.start.for_each = items
            part.has_items = True
        return part

    def _template(self, task: Task) -> Node | str:
        """Return the template of a task, or why there is none."""
        inline, named = task.node.get("inline"), task.node.get("template")
        if len(self._open) > DEPTH_MAX:
            return f"Templates are nested more than {DEPTH_MAX} deep there."
        if inline is not None and inline.entries:
            return inline
        if named is None or not named.is_text or named.text not in self._source.templates:
            return "Its template is not in this file."
        if named.text in self._open:
            self._listing.leave(named, "The template uses itself, which has no end here.")
            return "Its template uses itself."
        named.carry()
        return self._source.templates[named.text]

    # When it runs.

    def _entry(
        self,
        task: Task,
        key: str,
        scope: Scope,
        entry: Entry,
        before: list[Part],
        doubts: list[str],
    ) -> Entry:
        """Return what a task waits for; `doubts` takes in what of it is not certain."""
        condition, when = "true", task.node.get("when")
        if when is not None:
            try:
                condition = _possible(when_in(scope.filled(when.text)))
                when.carry()
            except Unclear as why:
                text = " ".join(when.text.split())
                doubts.append(f"On Argo it ran only when `{text}`; put that condition here.")
                self._listing.leave(when, f"{why} The step is held back.")
        if task.depends is not None:
            asked = self._depends(task, before, doubts)
            made = Entry([k for p in before for k in p.ends], all_of(["always()", asked]), before)
            if when is None:
                return made
            # Being left out by its `when` is no reason to leave others out; not being due is.
            gate = self._gate(key, "is_due", f"It only tells whether {key} is due.", made)
            return Entry([gate.start.key], condition, [gate])
        if before:
            return after_all(before, condition)
        return Entry(entry.needs, all_of([entry.condition, condition]), entry.after)

    def _depends(self, task: Task, before: list[Part], doubts: list[str]) -> str:
        node = task.depends
        assert node is not None, "it was asked for"
        parts = dict(zip(task.needs, before, strict=True))
        try:
            asked = _possible(depends_in(node.text, lambda name, how: ended(parts[name], how)))
        except Unclear as why:
            doubts.append(f"On Argo it depended on `{node.text}`; put that condition here.")
            self._listing.leave(node, f"{why} The step is held back.")
            return "true"
        node.carry()
        if ".Failed" in node.text:
            self._listing.note(node, _STILL_FAILED)
        return asked


def _earlier(
    task: Task, tasks: Mapping[str, Task], parts: Mapping[str, Part]
) -> Callable[[str], Part | None]:
    """Return how a task looks up those that it waits for, directly or through others."""

    def found(name: str) -> Part | None:
        todo, seen = list(task.needs), set(task.needs)
        while todo:
            each = todo.pop()
            if each == name:
                return parts[name]
            new = [need for need in tasks[each].needs if need not in seen]
            seen.update(new)
            todo += new
        return None

    return found


def bindings_of(
    template: Node, given: dict[str, Parts], scope: Scope
) -> dict[str, Binding | Parts]:
    """Return what the parameters of a template come to, where `given` has some of them."""
    bound: dict[str, Binding | Parts] = {}
    for entry in list_in(template.get("inputs", "parameters")):
        name, default = entry.get("name"), entry.get("value") or entry.get("default")
        if name is None or not name.is_text:
            continue
        if name.text in given:
            name.carry()
            bound[name.text] = given[name.text]
        elif default is not None and default.is_scalar:
            bound[name.text] = Binding(default, scope, (name,))
    return bound


def _bindings(task: Node, template: Node, scope: Scope) -> dict[str, Binding | Parts]:
    """Return what the parameters of a template come to in one use of it."""
    bound = bindings_of(template, {}, scope)
    declared = {
        name.text: name
        for entry in list_in(template.get("inputs", "parameters"))
        if (name := entry.get("name")) is not None
    }
    for entry in list_in(task.get("arguments", "parameters")):
        name, value = entry.get("name"), entry.get("value")
        known = name is not None and name.text in declared
        if name is not None and known and value is not None and value.is_scalar:
            bound[name.text] = Binding(value, scope, (name, declared[name.text]))
    return bound


def _grouped(parts: dict[str, Part], tasks: list[Task], gate: Part | None, entry: Entry) -> Part:
    steps = [*(gate.steps if gate else []), *(step for p in parts.values() for step in p.steps)]
    plain = all(p.is_plain and not p.is_optional and not p.is_strict for p in parts.values())
    needed = {name for task in tasks for name in task.needs}
    last = [key for name, part in parts.items() if name not in needed for key in part.ends]
    ends = last if plain else [step.key for step in steps]
    start = gate.start if gate else steps[0]
    return Part(start, steps, ends, is_plain=plain, is_group=True, after=entry.after)


def _tolerate(part: Part, task: Node) -> None:
    goes_on = task.get("continueOn", "failed")
    if goes_on is None or not isinstance(goes_on.value, bool):
        return
    if not goes_on.value:
        goes_on.carry()
    elif not part.is_group:
        goes_on.carry()
        part.start.on_failure = "continue"


def _possible(condition: str) -> str:
    if condition == "false":
        raise Unclear("It never holds with the values of this file.")
    return condition
