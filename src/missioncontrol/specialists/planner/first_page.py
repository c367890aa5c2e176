"""Writes the first page of a plan: what changes, where and why there, what to ask, how sure."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.estimates import LikelyFile, Precedent, Spot
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.source import informative_reasons

PLACES_MAX, FILES_MAX, PRECEDENTS_MAX, QUESTIONS_MAX, REASONS_MAX = 3, 6, 2, 2, 2
PRECEDENT_FILES_MAX, FIRST_FILES_MAX = 4, 8
_NEW_TEST = ("A new test", "The new test", "A test", "Each of", "A case")
ANNOUNCING = "announce-"
"""How the key of a task begins that tells users of a change."""
_UNEDITED = "without an edit."
"""How a criterion ends that names tests which stay as they are."""
_IN_TEST = re.compile(r" in `(?P<path>[^`]+)`(?= fails)")
_BEGINS = re.compile(r" begins at `(?P<path>[^`]+)`\.")
_NAMES_CODE = re.compile(r"`|(?<!\w)--\w|\w[._]\w|\w/\w|\"|“")
"""What a goal names as it stands in files."""
NAMED = "which the goal names"
"""How the reason ends of a file that defines what the goal names."""
PERHAPS = 0.5
"""The chance below which a file after the first one only perhaps changes."""
PERHAPS_MIN, PERHAPS_MAX = 0.35, 2
"""The chance that a file needs to be named as one that perhaps changes, and how many are."""
UNSURE = 0.3
"""The chance of the likeliest file below which the plan says that it does not know the place."""


def first_page(plan: Plan) -> Iterator[str]:
    """Yield the lines of the page; nothing where no file of a repository is foreseen."""
    if not plan.likely:
        return
    main = plan.likely[0]
    yield from ("## In short", "")
    yield from _changes(plan)
    yield from _places(plan)
    yield from _tests(plan, main.files)
    yield from _precedents(plan, main.precedents)
    yield from _size(plan)
    yield from (f"- Ask first: {question}" for question in plan.questions[:QUESTIONS_MAX])
    yield from _doubt(plan)
    yield ""


def _changes(plan: Plan) -> Iterator[str]:
    files = {file.path: file for each in plan.likely for file in each.files}
    scope = dict.fromkeys(path for task in plan.tasks() if task.is_change for path in task.scope)
    begin = _begin(plan)
    ordered = sorted(
        scope,
        key=lambda path: (path != begin, -(files[path].share if path in files else 0.0)),
    )
    doubtful = [path for path in ordered[1:] if path in files and _is_doubtful(files[path])]
    expected = [path for path in ordered if path not in doubtful]
    sure = [_with_chance(path, files.get(path)) for path in expected[:FILES_MAX]]
    if not sure:
        return
    more = len(expected) - len(sure)
    rest = f" and {more} more" if more > 0 else ""
    doubtful = [path for path in doubtful if files[path].chance >= PERHAPS_MIN]
    doubtful.sort(key=lambda path: -files[path].chance)
    perhaps = ", ".join(_with_chance(path, files.get(path)) for path in doubtful[:PERHAPS_MAX])
    also = f"; perhaps {perhaps}" if perhaps else ""
    yield f"- Expected to change: {', '.join(sure)}{rest}{also}."


def _is_doubtful(file: LikelyFile) -> bool:
    return 0 < file.chance < PERHAPS and not is_named(file)


def surely(plan: Plan, paths: Sequence[str]) -> set[str]:
    """Return those of `paths` that do not only perhaps change."""
    files = {file.path: file for each in plan.likely for file in each.files}
    begin = _begin(plan)
    return {p for p in paths if p == begin or not (p in files and _is_doubtful(files[p]))}


def is_named(file: LikelyFile) -> bool:
    """Whether a file defines what the goal names."""
    return any(why.endswith(NAMED) for why in file.reasons)


def _with_chance(path: str, file: LikelyFile | None) -> str:
    if file is not None and is_named(file) and file.chance < PERHAPS:
        return f"`{path}` (named by the goal)"
    chance = f" ({file.chance:.0%})" if file and file.chance else ""
    return f"`{path}`{chance}"


def _places(plan: Plan) -> Iterator[str]:
    """Name the lines to look at first, with the reasons that no other place has."""
    shown: set[str] = set()
    for file, spot in shown_places(plan):
        name = f" in `{spot.name}`" if spot.name else ""
        reasons = [why for why in informative_reasons(file.reasons) if why not in shown][
            :REASONS_MAX
        ]
        shown.update(reasons)
        why = f": {'; '.join(reasons)}" if reasons else ""
        yield f"- Look at `{file.path}:{spot.lines}`{name}{why}."


def shown_places(plan: Plan) -> list[tuple[LikelyFile, Spot]]:
    """Return the files that the page names with their lines: expected ones, or the likeliest."""
    if not plan.likely:
        return []
    best: dict[str, LikelyFile] = {}
    for each in plan.likely:
        for file in each.files:
            if file.path not in best or file.share > best[file.path].share:
                best[file.path] = file
    scope = {path for task in plan.tasks() if task.is_change for path in task.scope}
    own = sorted((f for f in best.values() if f.path in scope and f.spots), key=_by_share)
    own.sort(key=lambda file: file.path != _begin(plan))
    own = [file for number, file in enumerate(own) if not (number and _is_doubtful(file))]
    others = [file for file in plan.likely[0].files if file.spots and file.path not in scope]
    found = own or others[:1]
    return [(file, file.spots[0]) for file in found[:PLACES_MAX]]


def _begin(plan: Plan) -> str:
    """Return the file where the summary says that the change begins."""
    found = _BEGINS.search(plan.summary)
    return found["path"] if found else ""


def _by_share(file: LikelyFile) -> float:
    return -file.share


def _tests(plan: Plan, files: Sequence[LikelyFile]) -> Iterator[str]:
    known = {file.path for file in files}
    named = [path for file in files[:PLACES_MAX] for path in file.tests]
    tests = [path for path in named if path in known] or named
    task = next((task for task in plan.tasks() if task.is_change and task.acceptance), None)
    if tests and task and task.acceptance[0].startswith(_NEW_TEST):
        named_in = _IN_TEST.search(task.acceptance[0])
        test = named_in["path"] if named_in else tests[0]
        yield f"- Test first in `{test}`: {_IN_TEST.sub('', task.acceptance[0], count=1)}"
    elif task and not (task.acceptance[0].endswith(_UNEDITED) and _names_changed(task)):
        yield f"- Done when: {task.acceptance[0]}"


def _names_changed(task: Task) -> bool:
    """Whether a criterion names a file that the task itself is expected to change."""
    return any(f"`{path}`" in task.acceptance[0] for path in task.scope)


def _size(plan: Plan) -> Iterator[str]:
    """Say how large the change will be, where such ranges are known to hold here."""
    for each in plan.estimates:
        if each.measure == "files":
            yield f"- Size: {each.span} files, likely {each.likely:,g}; {each.calibration}."


def _precedents(plan: Plan, precedents: Sequence[Precedent]) -> Iterator[str]:
    """Name merged changes like this one that changed a file which this one changes.

    Where no file stands out, the changes most like it are named whatever they changed.
    """
    changed = [path for task in plan.tasks() if task.is_change for path in task.scope]
    scope = surely(plan, changed)
    near = [each for each in precedents if scope & set(each.files)]
    places = " ".join(_places(plan))
    found = near or (precedents if _best_chance(plan) < UNSURE else ())
    remaining = [each for each in found if not _is_covered(each, places)]
    for number, each in enumerate(remaining[:PRECEDENTS_MAX]):
        most = PRECEDENT_FILES_MAX if number else FIRST_FILES_MAX
        ordered = tuple(sorted(each.files, key=lambda path: path not in scope))
        yield f"- Done before: {in_words(msgspec.structs.replace(each, files=ordered), most)}."
        yield from _repairs(each)


def _repairs(precedent: Precedent) -> Iterator[str]:
    """Say what a merged change had forgotten."""
    for repair in precedent.repairs:
        when = "a day" if repair.days == 1 else f"{repair.days} days"
        yield f"  - Repaired {when} later by “{repair.title}” ({repair.commit})."


def _is_covered(precedent: Precedent, places: str) -> bool:
    """Whether the lines about places say all that a merged change says: it changed that file."""
    alone = len(precedent.files) == 1 and f"`{precedent.files[0]}:" in places
    return alone and not precedent.repairs and f"({precedent.commit})" in places


def in_words(precedent: Precedent, most: int = PRECEDENT_FILES_MAX) -> str:
    """Return what a merged change did: “title” (commit) changed its files, `most` of them named."""
    files = [f"`{path}`" for path in precedent.files[:most]]
    more = len(precedent.files) - most
    rest = f" and {more} more" if more > 0 else ""
    named = f"{', '.join(files)}{rest}" if rest else listed(files)
    return f"“{precedent.title}” ({precedent.commit}) changed {named}"


def _best_chance(plan: Plan) -> float:
    return max((file.chance for each in plan.likely for file in each.files), default=0.0)


def _doubt(plan: Plan) -> Iterator[str]:
    best = _best_chance(plan)
    if best and best < UNSURE:
        named = _NAMES_CODE.search(plan.goal) is not None
        more = "" if named else " Name a file, an option or a message, and the plan is surer."
        yield f"- Not sure: the likeliest file changes with a chance of {best:.0%} only.{more}"
