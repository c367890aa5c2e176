"""Which code each handed-over task needs read, and why, the most relevant first."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.domain.plan import Task
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.excerpts import Excerpt, excerpt, is_whole, uses_in_words
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Reading
from missioncontrol.specialists.writer.parts import Part
from missioncontrol.specialists.writer.places import Place, Standing
from missioncontrol.specialists.writer.requirements import places_of

EXCERPT_LINES = 50
PIECES: dict[Standing, int] = {"changed": 10, "caller": 2, "test": 3, "other": 1, "related": 1}
LOOSE_MAX = 2
"""Pieces of a changed file that only share words with the goal: the change hardly needs them."""
PLACES_PER_TASK = 9
USES_NAMED = 3
Wanted = dict[tuple[str, int], tuple[Excerpt, Place, list[str]]]


def readings(material: Material) -> Iterator[Reading]:
    """Yield what the tasks need read: the best piece of each place first, then the second."""
    wanted: Wanted = {}
    for rank in range(max(PIECES.values())):
        for task in material.builders:
            for place in places_of_task(task, material):
                _want(task, place, rank, material, wanted)
    for number, (shown, place, tasks) in enumerate(wanted.values(), 1):
        yield Reading(
            f"E{number}",
            shown.path,
            shown.start,
            shown.end,
            shown.title,
            _why(shown, place),
            tuple(tasks),
            shown.language,
            "\n".join(shown.lines),
            shown.more,
            shown.left_out,
        )


def places_of_task(task: Task, material: Material) -> list[Place]:
    """Return the files a task names, with the callers of what it changes; else its requirements'.

    A task that names files, but none that is changed, is about just those files.
    """
    named = quotes.paths(quotes.task_texts(task, material.plan))
    found = [place for path in named for place in material.scene.places if place.path == path]
    if not found:
        served = [each for each in material.plan.requirements if each.id in task.requirements]
        found = [place for each in served for place in places_of(each, material)]
    if any(place.standing == "changed" for place in found):
        own = [place for place in material.scene.standing("test") if place.own]
        changed = [place for place in found if place.standing == "changed"]
        found = [*changed, *own, *found, *material.scene.standing("caller")]
    return list({place.path: place for place in found}.values())[:PLACES_PER_TASK]


def _want(task: Task, place: Place, rank: int, material: Material, wanted: Wanted) -> None:
    pieces = _pieces(task, place, material)
    if rank >= min(len(pieces), PIECES[place.standing]):
        return
    shown = excerpt(pieces[rank], place, material.scene, lines_max=EXCERPT_LINES, whole=True)
    held = next((each for each in wanted.values() if _covers(each[0], shown)), None)
    if held is None:
        wanted[shown.path, shown.start] = (shown, place, [task.key])
    elif task.key not in held[2]:
        held[2].append(task.key)


def _pieces(task: Task, place: Place, material: Material) -> list[Part]:
    """Return the definitions a task quotes, then the most telling ones of the place."""
    names = quotes.names(quotes.task_texts(task, material.plan))
    if place.standing == "test" and not place.own and _has_tests(task, material):
        return []  # It is named; but what it tests is something else.
    if place.standing != "changed":
        return list(place.parts)
    own = [part for part in place.parts if part in material.scene.targets]
    whole = [part for part in own if is_whole(part, material.scene)]
    parts = [part for part in place.parts if not any(_is_inside(part, each) for each in whole)]
    tied: list[Part] = []
    loose: list[Part] = []
    for part in parts if own else ():
        is_tied = part in own or part.name in names or _is_tied(part, own, material)
        (tied if is_tied else loose).append(part)
    found = [*tied, *loose[:LOOSE_MAX]] if own else parts
    return sorted(found, key=lambda part: (part not in own, part.name not in names))


def _has_tests(task: Task, material: Material) -> bool:
    """Whether a task changes something whose own tests are known; others are about tests alone."""
    found = places_of_task(task, material)
    return any(each.own for each in found) and any(each.standing == "changed" for each in found)


def _is_inside(part: Part, whole: Part) -> bool:
    return part != whole and whole.start <= part.start and part.end <= whole.end


def _is_tied(part: Part, own: Sequence[Part], material: Material) -> bool:
    """Whether one of the definitions to be changed uses `part`, or `part` uses one of them."""
    text = material.scene.texts.get(part.path, ())
    body = _body(part, text)
    return any(
        re.search(rf"\b{re.escape(part.name)}\b", _body(each, text))
        or re.search(rf"\b{re.escape(each.name)}\b", body)
        or (each.is_type and part.owner == each.name)
        for each in own
    )


def _body(part: Part, text: Sequence[str]) -> str:
    return "\n".join(text[part.start : part.end])  # without the line that defines it


def _covers(held: Excerpt, shown: Excerpt) -> bool:
    return held.path == shown.path and held.start <= shown.start and shown.end <= held.end


def _why(shown: Excerpt, place: Place) -> str:
    calls: dict[str, list[int]] = {}
    for use in place.calls:
        if shown.start <= use.line <= shown.end:
            calls.setdefault(use.name, []).append(use.line)
    used = uses_in_words(place, shown.title.rsplit(".", 1)[-1], most=USES_NAMED)
    uses = (f"uses `{name}` in {_lines(numbers)}" for name, numbers in calls.items())
    words = "; ".join(uses) or used or place.why
    return words[:1].upper() + words[1:]


def _lines(numbers: Sequence[int]) -> str:
    unique = list(dict.fromkeys(numbers))
    if len(unique) == 1:
        return f"line {unique[0]}"
    return f"lines {', '.join(map(str, unique[:-1]))} and {unique[-1]}"
