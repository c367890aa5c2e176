"""Takes over the order into which a model puts likely files, and nothing else about them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from missioncontrol.domain.foresight import Likely, LikelyFile
from missioncontrol.domain.plan import Phase, Plan, Task

FIELD = "likely_order"
RULE = """- Under `likely_order` put, for each requirement, the paths that the given plan names
  under `likely` into the order in which the work will most likely change them; name no other."""


class Order(msgspec.Struct, frozen=True):
    """The likely files of one requirement, the likeliest first."""

    requirement: str
    paths: tuple[str, ...]


class Answered(msgspec.Struct, frozen=True):
    """The part of an answer that is about likely files."""

    likely_order: tuple[Order, ...] = ()


def with_order_asked(schema: dict[str, Any]) -> dict[str, Any]:
    """Let the schema of a plan ask for an order of files in place of the files themselves."""
    parts = schema["$defs"]["Plan"]["properties"]
    parts.pop("likely", None)
    order = msgspec.json.schema(Order)
    parts[FIELD] = {"type": "array", "items": order["$defs"]["Order"]}
    return schema


def kept_places(plan: Plan, local: Plan, answer: str, model: str) -> Plan:
    """Return a model's plan with the files of the local one, in the order that the model gives.

    An order that names a file which the index did not find is not followed. A change keeps the
    scope that the local plan gives it; a new one has those likely files that it names itself.
    """
    try:
        said = msgspec.json.decode(answer, type=Answered)
    except msgspec.DecodeError:
        said = Answered()
    orders = {each.requirement: each.paths for each in said.likely_order}
    likely = tuple(_ordered(each, orders.get(each.requirement, ()), model) for each in local.likely)
    scopes = {task.key: task.scope for task in local.tasks()}
    known = {file.path for each in likely for file in each.files}
    known |= {path for scope in scopes.values() for path in scope}
    phases = tuple(
        Phase(
            each.key, each.title, each.purpose, tuple(_scoped(t, scopes, known) for t in each.tasks)
        )
        for each in plan.phases
    )
    return msgspec.structs.replace(plan, likely=likely, phases=phases)


def _ordered(likely: Likely, paths: Sequence[str], model: str) -> Likely:
    """Return the files in another order; the shares stay where they are, from most to least."""
    by_path = {file.path: file for file in likely.files}
    wanted = list(dict.fromkeys(paths))
    if not wanted or not by_path.keys() >= set(wanted):
        return likely
    order = [*wanted, *(path for path in by_path if path not in wanted)]
    if order == list(by_path):
        return likely
    files: list[LikelyFile] = [
        msgspec.structs.replace(by_path[path], share=file.share)
        for path, file in zip(order, likely.files, strict=True)
    ]
    obtained = likely.obtained.replace("ranked without a model, ", "ranked ", 1)
    how = f"{obtained}; then put into this order by the model {model or 'configured'}"
    return Likely(likely.requirement, tuple(files), how)


def _scoped(task: Task, scopes: dict[str, tuple[str, ...]], known: set[str]) -> Task:
    if not task.is_change:
        return msgspec.structs.replace(task, scope=())
    own = tuple(path for path in task.scope if path in known)
    return msgspec.structs.replace(task, scope=own or scopes.get(task.key, ()))
