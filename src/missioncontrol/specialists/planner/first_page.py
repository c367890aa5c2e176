"""Writes the first page of a plan: what changes, where and why there, what to ask, how sure."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.foresight import Likely, LikelyFile, Precedent, Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.filling import listed
from missioncontrol.specialists.planner.source import telling

PLACES_MAX, FILES_MAX, PRECEDENTS_MAX, QUESTIONS_MAX = 3, 6, 3, 2
PRECEDENT_FILES_MAX = 4
UNSURE = 0.3
"""The chance of the likeliest file below which the plan says that it does not know the place."""


def first_page(plan: Plan) -> Iterator[str]:
    """Yield the lines of the page; nothing where no file of a repository is foreseen."""
    if not plan.likely:
        return
    main = plan.likely[0]
    yield from ("## In short", "")
    yield from _changes(plan)
    yield from _places(main.files)
    yield from _tests(plan, main.files)
    yield from _precedents(main.precedents)
    yield from (f"- Ask first: {question}" for question in plan.questions[:QUESTIONS_MAX])
    yield from _doubt(main)
    yield ""


def _changes(plan: Plan) -> Iterator[str]:
    files = {file.path: file for each in plan.likely for file in each.files}
    scope = dict.fromkeys(path for task in plan.tasks() if task.is_change for path in task.scope)
    named = [_with_chance(path, files.get(path)) for path in list(scope)[:FILES_MAX]]
    if named:
        more = len(scope) - len(named)
        rest = f" and {more} more" if more > 0 else ""
        yield f"- Expected to change: {', '.join(named)}{rest}."


def _with_chance(path: str, file: LikelyFile | None) -> str:
    chance = f" ({file.chance:.0%})" if file and file.chance else ""
    return f"`{path}`{chance}"


def _places(files: Sequence[LikelyFile]) -> Iterator[str]:
    """Name the lines to look at first: those of the likeliest file, then of the next ones."""
    found: list[tuple[LikelyFile, Spot]] = []
    for file in files[:PLACES_MAX]:
        found += [(file, spot) for spot in file.spots[:1]]
    for file, spot in found:
        name = f" in `{spot.name}`" if spot.name else ""
        why = f": {'; '.join(telling(file.reasons)[:2])}" if file.reasons else ""
        yield f"- Look at `{file.path}:{spot.lines}`{name}{why}."


def _tests(plan: Plan, files: Sequence[LikelyFile]) -> Iterator[str]:
    known = {file.path for file in files}
    named = [path for file in files[:PLACES_MAX] for path in file.tests]
    tests = [path for path in named if path in known] or named
    task = next((task for task in plan.tasks() if task.is_change and task.acceptance), None)
    if tests:
        done = f": {task.acceptance[0]}" if task else "."
        yield f"- Test first in `{tests[0]}`{done}"
    elif task:
        yield f"- Done when: {task.acceptance[0]}"


def _precedents(precedents: Sequence[Precedent]) -> Iterator[str]:
    for each in precedents[:PRECEDENTS_MAX]:
        yield f"- Done before: {in_words(each)}."


def in_words(precedent: Precedent) -> str:
    """Return what a merged change did: “title” (commit) changed its files, the first of many."""
    files = [f"`{path}`" for path in precedent.files[:PRECEDENT_FILES_MAX]]
    more = len(precedent.files) - PRECEDENT_FILES_MAX
    rest = f" and {more} more" if more > 0 else ""
    named = f"{', '.join(files)}{rest}" if rest else listed(files)
    return f"“{precedent.title}” ({precedent.commit}) changed {named}"


def _doubt(likely: Likely) -> Iterator[str]:
    best = max((file.chance for file in likely.files), default=0.0)
    if best and best < UNSURE:
        yield (
            f"- Not sure: the likeliest file changes with a chance of {best:.0%} only. Name a "
            "file, an option or a message in the goal, and the plan is surer."
        )
