"""`mission task scope`: which files a task is to change, given or found in the repository."""

import argparse
from collections.abc import Sequence

from missioncontrol.adapters.home import Home
from missioncontrol.application.repositories import RepositoryTaskAsked
from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.events import Ground
from missioncontrol.domain.repository.process import RECORD
from missioncontrol.domain.repository.scopes import as_pattern
from missioncontrol.domain.repository.states import RepositoryTask
from missioncontrol.domain.visible import visible

LIKELY_MAX, TESTED_MAX = 8, 3
GROUNDS: dict[Ground, str] = {
    "person": "a person declared them",
    "spec": "its spec covers them",
    "ranking": "they are likely to change, by words, imports and past",
}


def scope(arguments: argparse.Namespace, record: Record, task: RepositoryTask) -> int:
    """Say, take over, or show which files a task is to change."""
    if arguments.suggest:
        ground, found = looked_up(task, record)
        _print_scope(arguments, task, found, ground)
        if not arguments.json:
            named = " ".join(found)
            note(visible(f"No scope is set yet: `mission task scope {task.number} {named}`\n"))
        return SUCCEEDED
    if not arguments.pattern:
        if task.scope is None:
            raise Rejected(
                "repository.no_scope",
                f"The files that task {task.number} is to change are not declared yet.",
                hint="Name them, or look for them with --suggest.",
            )
        _print_scope(arguments, task, task.scope.patterns, task.scope.ground)
        return SUCCEEDED
    patterns = tuple(arguments.pattern)
    declare(task, patterns, "person", record, arguments.reason)
    _print_scope(arguments, task, patterns, "person")
    return SUCCEEDED


def declare(
    task: RepositoryTask, found: Sequence[str], ground: Ground, record: Record, reason: str = ""
) -> None:
    """Say in the record which files a task is to change; raises as the office."""
    ask = RepositoryTaskAsked(
        "scope", record.sop.id, task.number, scope=tuple(found), ground=ground, reason=reason
    )
    record.desk.deliver(ask)


def renewed(task: RepositoryTask, record: Record) -> tuple[Ground, tuple[str, ...]] | None:
    """Return the scope of a task where none is known, or where its spec says another by now.

    Raises:
        Rejected: `repository.no_scope`, where nothing is found.
    """
    before = task.scope
    if before is None:
        return looked_up(task, record)
    covered = _covered(task, record) if before.ground != "person" else ()
    return ("spec", covered) if covered and covered != before.patterns else None


def looked_up(task: RepositoryTask, record: Record) -> tuple[Ground, tuple[str, ...]]:
    """Return what the spec of a task covers; where it says nothing, the files likely to change.

    Raises:
        Rejected: `repository.no_scope`, where nothing is found.
    """
    covered = _covered(task, record)
    if covered:
        return "spec", covered
    likely = _likely(task, record)
    if not likely:
        raise Rejected(
            "repository.no_scope",
            f"No file of this repository seems to be about task {task.number}.",
            hint=f"Name those that it will change: `mission task scope {task.number} PATTERN`.",
        )
    return "ranking", likely


def _covered(task: RepositoryTask, record: Record) -> tuple[str, ...]:
    from missioncontrol.guard.specs import spec_of

    text = record.checkout.files.read(task.place("spec"))
    found = spec_of(task.place("spec"), text) if text is not None else None
    covers = found.covers if found else ()
    return tuple(as_pattern(each) for each in covers if not each.startswith("!"))


def _likely(task: RepositoryTask, record: Record) -> tuple[str, ...]:
    """Return the files that are likely to change, the likeliest first, and what tests them."""
    from missioncontrol.cli.likely import likely_plan

    goal = f"{task.title}\n\n{task.brief}".strip()
    plan = likely_plan(goal, Home(record.desk.settings.home), record.checkout.root)
    ranked = sorted(
        (file for each in plan.likely for file in each.files), key=lambda file: -file.share
    )
    tests = (path for file in ranked[:TESTED_MAX] for path in file.tests)
    paths = dict.fromkeys([*(file.path for file in ranked[:LIKELY_MAX]), *tests])
    return tuple(each for each in paths if not each.startswith(RECORD))


def _print_scope(
    arguments: argparse.Namespace, task: RepositoryTask, found: Sequence[str], ground: Ground
) -> None:
    if arguments.json:
        print_json({"task": task.number, "scope": list(found), "ground": ground})
        return
    print_text(f"Task {task.number} is to change these files; {GROUNDS[ground]}:\n")
    for each in found:
        print_text(visible(f"  {each}") + "\n")
