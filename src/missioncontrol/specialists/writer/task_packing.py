"""Fills the pack of each task to be handed over from the plan, the code and the tests' results."""

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import Decision, Requirement, Task
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.code_to_read import places_of_task, readings
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import (
    TASK_SCHEMA,
    Budget,
    FileToKnow,
    KeepOut,
    Reading,
    TaskPack,
    TaskPart,
)
from missioncontrol.specialists.writer.pack_text import lines_of_reading, task_pack_text
from missioncontrol.specialists.writer.packing import budget_rule, held, ordered, packed_task, still
from missioncontrol.specialists.writer.places import Place
from missioncontrol.specialists.writer.requirements import excluded

TOKENS_MAX = 8_000
TASKS_MAX = 40
"""A pack each: with more handed-over tasks the whole pack alone tells of those behind them."""
FILES_MAX = 12
REASONS_MAX = 5
SHARE_MIN = 0.25
"""Of the likeliest file's chance: what is less likely only distracts from it."""


def task_packs(material: Material, *, tokens_max: int = TOKENS_MAX) -> dict[str, TaskPack]:
    """Return a pack for each task that changes code, by its key, in the order of the work."""
    tasks = ordered(material)
    shown = list(readings(material))
    return {
        task.key: _pack(material, task, number, len(tasks), shown, tokens_max)
        for number, task in enumerate(tasks[:TASKS_MAX], 1)
    }


def name_of(key: str) -> str:
    """Return the name of a task's pack as an artifact, without its ending."""
    return f"packs/{key}"


def _pack(
    material: Material,
    task: Task,
    number: int,
    count: int,
    shown: Sequence[Reading],
    tokens_max: int,
) -> TaskPack:
    wanted = [
        msgspec.structs.replace(each, tasks=(task.key,)) for each in shown if task.key in each.tasks
    ]
    how = budget_rule(f"{name_of(task.key)}.md")

    def make(size: int) -> TaskPack:
        dropped = tuple(each.place for each in wanted[size:])
        return TaskPack(
            TASK_SCHEMA,
            material.brief.goal,
            material.plan.title,
            number,
            count,
            packed_task(task, wanted[:size], wanted[size:], material),
            _served(task, material),
            tuple(_constraints(task, material)),
            tuple(_files(task, wanted[:size], material))[:FILES_MAX],
            tuple(_commands(task, material)),
            _decisions(task, material),
            tuple(each for each in material.plan.risks if each.id in task.risks),
            tuple(_keep_out(task, material)),
            tuple(_done(task, material)),
            material.plan.questions,
            tuple(wanted[:size]),
            tuple(filter(None, (material.plan.obtained, *material.scene.notes))),
            Budget(tokens_max, how, 0, dropped),
            material.brief.context.strip(),
        )

    return held(make, task_pack_text, wanted, lines_of_reading, tokens_max)


def _served(task: Task, material: Material) -> tuple[Requirement, ...]:
    return tuple(each for each in material.plan.requirements if each.id in task.requirements)


def _constraints(task: Task, material: Material) -> Iterator[str]:
    """Yield what must hold whatever this task does: the mission's word and the manifests'."""
    for each in material.constraints:
        if each.id not in task.requirements:
            yield f"{each.id}: {each.text}"
    rules = {
        (language, "".join(requirement.split())): (language, requirement, place)
        for language, requirement, place in reversed(material.scene.runtimes)
    }
    for language, requirement, place in reversed(rules.values()):
        yield f"{language} {requirement} ({place}): the change has to work with all of these."


def _decisions(task: Task, material: Material) -> tuple[Decision, ...]:
    return tuple(each for each in material.plan.decisions if each.id in task.decisions)


def _commands(task: Task, material: Material) -> Iterator[Command]:
    """Yield the project's commands, without runs of tests that are about other requirements."""
    for each in material.commands:
        about = set(re.findall(r"\bR\d+\b", each.source))
        if not about or about & set(task.requirements):
            yield each


def _files(task: Task, chosen: Sequence[Reading], material: Material) -> Iterator[FileToKnow]:
    """Yield the files that the task names, those next to them, and the likely ones, each once."""
    likely = _likely(task, material)
    places = {place.path: place for place in places_of_task(task, material)}
    tests = {test for file in likely.values() for test in file.tests}
    others = {path for each in material.builders if each.key != task.key for path in each.scope}
    named = set(quotes.paths(quotes.task_texts(task, material.plan)))
    for path in dict.fromkeys([*task.scope, *places, *likely]):
        if path in others and path not in task.scope:
            continue
        place, file = places.get(path), likely.get(path)
        reasons = place.why.split("; ") if place else []
        why = _once([*reasons[:1], *(file.reasons if file else ()), *reasons[1:]])
        if path in task.scope and not why:
            why = ["the plan expects this task to change it"]
        excerpts = tuple(each.id for each in chosen if each.path == path)
        yield FileToKnow(
            path,
            _part(path, place, path in task.scope or path in named, tests),
            tuple(why[:REASONS_MAX]),
            file.spots if file else (),
            excerpts,
            file.knowers if file else (),
        )


def _likely(task: Task, material: Material) -> dict[str, LikelyFile]:
    found: dict[str, LikelyFile] = {}
    for likely in material.plan.likely:
        if likely.requirement in task.requirements:
            for file in likely.files:
                if file.share >= SHARE_MIN:
                    found.setdefault(file.path, file)
    return found


def _once(reasons: Sequence[str]) -> list[str]:
    """Leave out repeated reasons, whatever case they begin with."""
    found: dict[str, str] = {}
    for each in filter(None, reasons):
        found.setdefault(each.strip().lower(), each.strip())
    fresh = [each for each in found.values() if not each.lower().startswith("says ")]
    return fresh or list(found.values())  # How often a word stands there helps no reader.


def _part(path: str, place: Place | None, is_named: bool, tests: Collection[str]) -> TaskPart:
    if path in tests or (place is not None and place.kind == "test"):
        return "test"
    if is_named and (place is None or place.standing in {"changed", "other"}):
        return "change"
    return "read"


def _keep_out(task: Task, material: Material) -> Iterator[KeepOut]:
    for each in excluded(material):
        yield KeepOut(each.text, f"{each.id}, {each.source or 'the plan'}")
    own = {*task.scope, *quotes.paths(quotes.task_texts(task, material.plan))}
    for other in material.builders:
        for path in other.scope if other.key != task.key else ():
            if path not in own:
                yield KeepOut(f"`{path}`", f"task `{other.key}` changes it")
    for path, why in material.scene.kept_out:
        yield KeepOut(f"`{path}`", why)


def _done(task: Task, material: Material) -> Iterator[str]:
    for each in material.constraints:
        yield f"{each.id} holds: {each.text}"
    yield from still(material)
