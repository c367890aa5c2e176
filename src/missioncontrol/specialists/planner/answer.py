"""The form in which a model answers with a plan and an order of files, and how it is read."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.estimates import Likely, LikelyFile
from missioncontrol.domain.plan import Fault, Phase, Plan, Task

ORDER_FIELD = "likely_order"
ORDER_FILES_MAX = 10
ORDER_RULE = """\
- Under `likely_order` put, for each requirement, the paths that the given plan names
  under `likely` into the order in which the work will most likely change them. Put others among
  them only where you have read that the work has to change them. The `scope` of a change names
  the files that it changes."""
ANSWER_LENGTH_MAX = 400_000
ANSWERED = ("title", "phases", "requirements", "risks", "decisions", "architecture", "questions")
"""Parts of a plan that are asked for. The rest is quoted, computed or chosen by others."""
LEFT_OUT = {"Task": ("agent", "artifacts"), "Requirement": ("source", "origins")}
COMPUTED = ("goal", "summary", "kinds", "stack")
"""What a plan can't be without, as the local one has it."""


class Order(msgspec.Struct, frozen=True):
    """The likely files of one requirement, the likeliest first."""

    requirement: str
    paths: tuple[str, ...]


class Answered(msgspec.Struct, frozen=True):
    """The part of an answer that is about likely files."""

    likely_order: tuple[Order, ...] = ()


def answer_schema() -> dict[str, Any]:
    """Return the schema of an answer, strict: each field is required, and no other is allowed."""
    definitions: dict[str, Any] = msgspec.json.schema(Plan)["$defs"]
    definitions |= msgspec.json.schema(Order)["$defs"]
    whole = definitions.pop("Plan")
    parts = {name: whole["properties"][name] for name in ANSWERED}
    parts[ORDER_FIELD] = {"type": "array", "items": {"$ref": "#/$defs/Order"}}
    for name, fields in LEFT_OUT.items():
        for field in fields:
            del definitions[name]["properties"][field]
    used = _used(parts, definitions)
    return {
        **_strict({**whole, "properties": parts}),
        "$defs": {name: _strict(definitions[name]) for name in sorted(used)},
    }


def _used(value: Any, definitions: dict[str, Any]) -> set[str]:
    """Return the definitions that `value` refers to, those behind them too."""
    found: set[str] = set()
    wanted = _referred(value)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted |= _referred(definitions[name])
    return found


def _referred(value: Any) -> set[str]:
    text = msgspec.json.encode(value).decode()
    return set(re.findall(r'"#/\$defs/(\w+)"', text))


def _strict(value: Any) -> Any:
    if isinstance(value, list):
        return [_strict(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _strict(each) for name, each in value.items() if not _is_heading(name, each)}
    if value.get("type") == "object":
        found["required"] = list(value["properties"])
        found["additionalProperties"] = False
    return found


def _is_heading(name: str, value: Any) -> bool:
    """Whether a member of a schema says nothing that is held to; a field may be called `title`."""
    return name == "default" or (name == "title" and isinstance(value, str))


def read_answer(text: str, local: Plan) -> tuple[Plan | None, list[Fault]]:
    """Return the plan in an answer, or why there is none. What is computed is as `local` has it."""
    try:
        content = msgspec.json.decode(object_in(text))
        if isinstance(content, dict):
            content = {**content, **{name: getattr(local, name) for name in COMPUTED}}
        return msgspec.convert(msgspec.to_builtins(content), Plan), []
    except (msgspec.DecodeError, RecursionError) as error:
        return None, [_fault(error)]


def object_in(text: str) -> str:
    """Return the JSON object in an answer that may stand in a code fence or between words."""
    cut = text[:ANSWER_LENGTH_MAX]
    start, end = cut.find("{"), cut.rfind("}")
    return cut[start : end + 1] if 0 <= start < end else cut


def _fault(error: Exception) -> Fault:
    """Turn “… - at `$.phases[0].title`” into a path and a message."""
    message, _, place = str(error).partition(" - at `$")
    path = re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", place.rstrip("`").replace(".", "/"))
    return Fault(path.replace("////", "/…") or "/", message)


def order_faults(answer: str, paths: Collection[str]) -> Iterator[Fault]:
    """Yield the files that an order names and that are not in the repository."""
    for number, order in enumerate(_orders(answer)):
        for place, path in enumerate(order.paths):
            if path not in paths:
                yield Fault(
                    f"/{ORDER_FIELD}/{number}/paths/{place}",
                    f"{path!r} is no file of the repository",
                )


def with_local_places(
    plan: Plan, local: Plan, answer: str, by: str, paths: Collection[str]
) -> Plan:
    """Return a plan with the likely files of the local one, in the order that its author gives.

    Files of the repository (`paths`) that the ranking did not find may be among them; an order
    with any other is not followed. Where a change names no file that is there, it has the scope of
    the local changes for the same requirements.
    """
    orders = {each.requirement: each.paths for each in _orders(answer)}
    likely = {each.requirement: each for each in local.likely}
    scopes = {path for task in plan.tasks() if task.is_change for path in task.scope}
    found = [
        _ordered(
            likely.get(each.id) or Likely(each.id, (), ""),
            [path for path in orders.get(each.id, ()) if path in paths],
            by,
            scopes,
        )
        for each in plan.requirements
    ]
    known = {file.path for each in found for file in each.files} | set(paths)
    changes = [task for task in local.tasks() if task.is_change]
    known |= {path for task in changes for path in task.scope}
    phases = tuple(
        Phase(
            each.key,
            each.title,
            each.purpose,
            tuple(_scoped(task, changes, known) for task in each.tasks),
        )
        for each in plan.phases
    )
    return msgspec.structs.replace(
        plan, likely=tuple(each for each in found if each.files), phases=phases
    )


def _orders(answer: str) -> tuple[Order, ...]:
    try:
        return msgspec.json.decode(answer, type=Answered).likely_order
    except msgspec.DecodeError:
        return ()


def _ordered(likely: Likely, paths: Sequence[str], by: str, scopes: Collection[str]) -> Likely:
    """Return the files in another order; the shares stay where they are, from most to least."""
    by_path = {file.path: file for file in likely.files}
    order = [*dict.fromkeys((*paths, *by_path))][:ORDER_FILES_MAX]
    if not paths or order == list(by_path):
        return likely
    shares = [file.share for file in likely.files] or [1.0]
    shares += [shares[-1]] * (len(order) - len(shares))
    files = [
        msgspec.structs.replace(by_path.get(path) or _named(path, by, scopes), share=share)
        for path, share in zip(order, shares, strict=False)
    ]
    obtained = likely.obtained.replace("ranked without a model, ", "ranked ", 1)
    how = f"{obtained}; then put into this order by {by}" if obtained else f"named by {by}"
    return msgspec.structs.replace(likely, files=tuple(files), obtained=how)


def _named(path: str, by: str, scopes: Collection[str]) -> LikelyFile:
    return LikelyFile(path, 1.0, (f"named by {by}",), (), is_expected=path in scopes)


def _scoped(task: Task, changes: Sequence[Task], known: set[str]) -> Task:
    if not task.is_change:
        return msgspec.structs.replace(task, scope=())
    own = tuple(path for path in task.scope if path in known)
    same = [each for each in changes if each.key == task.key] or [
        each for each in changes if set(each.requirements) & set(task.requirements)
    ]
    usual = tuple(dict.fromkeys(path for each in same for path in each.scope))
    return msgspec.structs.replace(task, scope=own or usual)
