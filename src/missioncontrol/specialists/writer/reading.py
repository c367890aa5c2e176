"""Which code each handed-over task needs read, and why, the most relevant first."""

from collections.abc import Iterator

from missioncontrol.domain.plan import Task
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.excerpts import Excerpt, excerpt, uses_in_words
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack import Reading
from missioncontrol.specialists.writer.parts import Part
from missioncontrol.specialists.writer.places import Place, Standing
from missioncontrol.specialists.writer.requirements import places_of

EXCERPT_LINES = 50
PIECES: dict[Standing, int] = {"changed": 10, "caller": 2, "test": 2, "other": 1, "related": 1}
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
        found += material.scene.standing("caller")
    return list({place.path: place for place in found}.values())[:PLACES_PER_TASK]


def _want(task: Task, place: Place, rank: int, material: Material, wanted: Wanted) -> None:
    pieces = _pieces(task, place, material)
    if rank >= min(len(pieces), PIECES[place.standing]):
        return
    shown = excerpt(pieces[rank], place, material.scene, lines_max=EXCERPT_LINES)
    held = next((each for each in wanted.values() if _covers(each[0], shown)), None)
    if held is None:
        wanted[shown.path, shown.start] = (shown, place, [task.key])
    elif task.key not in held[2]:
        held[2].append(task.key)


def _pieces(task: Task, place: Place, material: Material) -> list[Part]:
    """Return the definitions a task quotes, then the most telling ones of the place."""
    names = quotes.names(quotes.task_texts(task, material.plan))
    if place.standing != "changed":
        return list(place.parts)
    return sorted(place.parts, key=lambda part: part.name not in names)


def _covers(held: Excerpt, shown: Excerpt) -> bool:
    return held.path == shown.path and held.start <= shown.start and shown.end <= held.end


def _why(shown: Excerpt, place: Place) -> str:
    calls = [use for use in place.calls if shown.start <= use.line <= shown.end]
    used = uses_in_words(place, shown.title.rsplit(".", 1)[-1], most=USES_NAMED)
    words = "; ".join(f"uses `{use.name}` in line {use.line}" for use in calls) or used or place.why
    return words[:1].upper() + words[1:]
