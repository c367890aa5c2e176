"""What to do next: the reviewer's own list first, then the handed-over tasks in order."""

import re
from typing import Any

import msgspec

from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.graph import find_cycle, in_order
from missioncontrol.domain.work import ArtifactRef

STEPS_MAX = 50
_PACK = re.compile(r"execution[-_ ]?pack", re.IGNORECASE)


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to do next, as the reviewer wrote it."""

    text: str
    detail: str = ""
    source: str = ""  # the task whose output says so


class NextSteps(msgspec.Struct, frozen=True):
    """The execution path from here."""

    advised: tuple[Step, ...]
    advised_left_out: int
    handed_over: tuple[TaskRecord, ...]  # each after what it needs
    pack: ArtifactRef | None  # to give to those who build them
    pack_task: str
    pack_number: int  # of the artifact within its task, from 1


def next_steps(record: MissionRecord) -> NextSteps:
    """Gather what the reviewer advises and what has been handed over."""
    advised = [
        step
        for one in record.tasks
        if one.task.role == "reviewer"
        for step in _advised(one.work.output, one.task.key)
    ]
    pack, task, number = _pack(record)
    return NextSteps(
        advised=tuple(advised[:STEPS_MAX]),
        advised_left_out=max(len(advised) - STEPS_MAX, 0),
        handed_over=handed_over(record),
        pack=pack,
        pack_task=task,
        pack_number=number,
    )


def handed_over(record: MissionRecord) -> tuple[TaskRecord, ...]:
    """Return the handed-over tasks so that each follows those it needs."""
    tasks = {one.task.key: one for one in record.tasks if one.state == "handed_over"}
    needs = {key: one.task.needs for key, one in tasks.items()}
    if find_cycle(needs):
        return tuple(tasks.values())
    return tuple(tasks[key] for key in in_order(needs))


def _advised(output: Any, source: str) -> list[Step]:
    if not isinstance(output, dict):
        return []
    steps = output.get("next_steps")
    if not isinstance(steps, list | tuple):
        return []
    return [step for item in steps if (step := _step(item, source))]


def _step(item: Any, source: str) -> Step | None:
    if isinstance(item, str):
        return Step(item, source=source) if item.strip() else None
    if not isinstance(item, dict):
        return None
    text = _first(item, ("title", "text", "step", "action"))
    detail = _first(item, ("detail", "because", "why", "reason"))
    return Step(text or detail, detail if text else "", source) if text or detail else None


def _first(item: dict[Any, Any], names: tuple[str, ...]) -> str:
    found = (item.get(name) for name in names)
    return next((one for one in found if isinstance(one, str) and one.strip()), "")


def _pack(record: MissionRecord) -> tuple[ArtifactRef | None, str, int]:
    """Find the execution pack; a person reads the Markdown one."""
    packs = [
        (artifact, one.task.key, number)
        for one in record.tasks
        for number, artifact in enumerate(one.work.artifacts, start=1)
        if _PACK.search(artifact.name) or _PACK.search(artifact.title)
    ]
    packs.sort(key=lambda pack: pack[0].media_type != "text/markdown")
    return packs[0] if packs else (None, "", 0)
