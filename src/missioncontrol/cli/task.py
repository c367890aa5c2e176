"""`mission task`: the tasks of a repository, from the brief to what was reviewed."""

import argparse
import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.foreign_reading import CLOSED, Foreign
from missioncontrol.adapters.foreign_tasks import foreign_tasks
from missioncontrol.application.repositories import (
    RepositoryTaskAsked,
    SignOffAsked,
    digest_of,
)
from missioncontrol.cli.checkout_record import Checkout, Record
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.guard import specs_staged
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.repo import format_standing
from missioncontrol.cli.run_records import write_runs
from missioncontrol.cli.task_run import review_form, run
from missioncontrol.cli.task_scope import GROUNDS, scope
from missioncontrol.documents.task_status import standing_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.repository.process import Process
from missioncontrol.domain.repository.states import DocumentState, RepositoryTask
from missioncontrol.domain.visible import visible

NOT_FIT = ("repository.bad_input", "repository.secret")
"""Why one task of an import can't be added while others can."""


def task(arguments: argparse.Namespace) -> int:
    """Do what `mission task VERB` was asked for."""
    if arguments.task_verb == "review-form":
        return review_form(arguments)
    desk = Desk(arguments, os.environ)
    try:
        record = Record(desk, Checkout(arguments.repo))
        match arguments.task_verb:
            case "add":
                return _add(arguments, record)
            case "import":
                return _import(arguments, record)
            case "list":
                return _list(arguments, record)
            case "show":
                return _show(arguments, record)
            case "approve":
                return _approve(arguments, record)
            case "scope":
                code = scope(arguments, record, record.task(arguments.task))
                _projected(record)
                return code
            case "run":
                return _ran(run(arguments, record), record)
        return _move(arguments, record)
    finally:
        desk.close()


def _add(arguments: argparse.Namespace, record: Record) -> int:
    ask = RepositoryTaskAsked("add", record.sop.id, title=arguments.title, brief=arguments.brief)
    answer = record.desk.deliver(ask)
    written = _projected(record)
    folder = f"tasks/{answer['task']:04}-{answer['slug']}"
    if arguments.json:
        print_json({"task": answer["task"], "folder": folder, "written": written})
    else:
        print_text(f"Task {answer['task']} is added: {folder}\n")
    return SUCCEEDED


def _projected(record: Record) -> tuple[str, ...]:
    """Write what is generated. What was asked for is in the record, whatever becomes of files."""
    try:
        written = record.project()
    except MissionControlError as error:
        note(visible(f"It is in the record; the files are not written: {error}\n"))
        return ()
    if written is None:
        note("Files are not written before `mission repo sync` has imported what was edited.\n")
    return written or ()


def _ran(code: int, record: Record) -> int:
    """Write what is generated, whatever became of the run, and return the run's exit code."""
    _projected(record)
    for folder in write_runs(record):
        note(f"{folder}/ tells what was done.\n")
    return code


def _import(arguments: argparse.Namespace, record: Record) -> int:
    """Show what tasks of another tool become; with --apply, add those that are not there yet."""
    found = foreign_tasks(Path(arguments.path))
    state, _ = record.state()
    fresh = _fresh(found.tasks, {each.title for each in state.tasks.values()})
    left = [*found.left, *_without_phase(found.tasks, state.process)]
    refused: dict[str, str] = {}
    if arguments.apply and fresh:
        refused = _add_all(fresh, record)
        left += [f"{source}: {reason}" for source, reason in refused.items()]
        _projected(record)
    lines = [
        {
            "state": "new" if each in fresh else "same",
            "title": each.title,
            "source": each.source,
            **msgspec.to_builtins(each.standing),
        }
        for each in found.tasks
        if each.source not in refused
    ]
    if arguments.json:
        print_json({"tasks": lines, "left": left, "applied": arguments.apply})
        return SUCCEEDED
    shown = {each.source: each.standing.sentence() for each in found.tasks}
    for line in lines:
        print_text(visible(f"{line['state']:<8} {line['title']}  ({line['source']})") + "\n")
        if stands := shown.get(line["source"]):
            print_text(visible(f"         {stands}") + "\n")
    for each_left in left:
        print_text(visible(f"not imported: {each_left}") + "\n")
    if not arguments.apply:
        note("Nothing is added yet: --apply does that.\n")
    return SUCCEEDED


def _add_all(tasks: Sequence[Foreign], record: Record) -> dict[str, str]:
    """Add tasks; return why some can't be, by their places: the others don't wait for them."""
    refused = {}
    for each in tasks:
        try:
            added = record.desk.deliver(_as_added(each, record.sop.id))
            if each.standing.status in CLOSED:
                _close(added["task"], each, record)
        except Rejected as error:
            if error.code not in NOT_FIT:
                raise
            refused[each.source] = error.reason
    return refused


def _close(number: int, task: Foreign, record: Record) -> None:
    """Take an imported task with which nothing is left to do off the list of open ones."""
    reason = f"It was {task.standing.status} where it was imported from ({task.source})."
    record.desk.deliver(RepositoryTaskAsked("drop", record.sop.id, task=number, reason=reason))


def _fresh(found: Sequence[Foreign], titles: set[str]) -> list[Foreign]:
    """Return those whose titles no task has, each title once."""
    fresh = {each.title: each for each in reversed(found) if each.title not in titles}
    return [each for each in found if fresh.get(each.title) is each]


def _without_phase(found: Sequence[Foreign], process: Process) -> list[str]:
    return [
        f"{each.source}: tasks of this repository have no {kind}"
        for each in found
        for kind in each.documents
        if kind not in process.documents
    ]


def _as_added(task: Foreign, repository: str) -> RepositoryTaskAsked:
    return RepositoryTaskAsked(
        "add", repository, title=task.title, brief=task.brief, documents=task.documents
    )


def _list(arguments: argparse.Namespace, record: Record) -> int:
    state, _ = record.state()
    found = [standing_of(each, state.process) for each in state.tasks.values()]
    chosen = [each for each in found if arguments.all or each.phase is not None]
    if arguments.json:
        print_json([msgspec.to_builtins(each) for each in chosen])
        return SUCCEEDED
    for each in chosen:
        print_text(visible(f"{each.task:>4}  {each.words:<14}  {each.title}") + "\n")
    if not chosen:
        print_text("No tasks. `mission task add TITLE --brief TEXT` begins one.\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, record: Record) -> int:
    found = record.task(arguments.task)
    standing = standing_of(found, record.state()[0].process)
    guarded = _guarded(found, record)
    if arguments.json:
        plain: dict[str, Any] = msgspec.to_builtins(found)
        print_json({**plain, "standing": msgspec.to_builtins(standing), "guard": guarded})
        return SUCCEEDED
    print_text(format_standing(standing))
    print_text(f"      {found.folder}\n")
    for line in _carried(found):
        print_text(visible(f"      {line}\n"))
    for kind, document in found.documents.items():
        for line in _document(kind, document):
            print_text(visible(f"      {line}\n"))
    print_text(visible(f"      for `mission guard`, its spec {guarded}\n"))
    return SUCCEEDED


def _carried(found: RepositoryTask) -> list[str]:
    """Say which files it is to change, and in which run agents last carried it out."""
    lines = []
    if found.scope:
        lines.append(f"to change {', '.join(found.scope.patterns)}: {GROUNDS[found.scope.ground]}")
    if found.hold:
        lines.append(f"carried out in {found.hold.run}")
    return lines


def _document(kind: str, document: DocumentState) -> list[str]:
    lines = [f"{kind}, version {document.version}, by {document.author.name}, {document.digest}"]
    for role, signature in document.signatures.items():
        day = datetime.fromtimestamp(signature.at, UTC).date()
        old = "" if signature.digest == document.digest else ", an earlier version"
        lines.append(f"  signed for {role} by {signature.by.name} on {day}{old}")
    return lines


def _guarded(found: RepositoryTask, record: Record) -> str:
    """Say how the spec of a task stands for the guard."""
    place = found.place("spec")
    try:
        specs, _ = asyncio.run(specs_staged(record.checkout.root))
    except MissionControlError as error:
        return f"can't be judged: {error.reason}"
    mine = next((each for each in specs if each.spec.path == place), None)
    if mine is not None:
        return mine.words
    return "is none: it is not staged, or does not say at its top what it `covers:`"


def _approve(arguments: argparse.Namespace, record: Record) -> int:
    found = record.task(arguments.task)
    place = found.place(arguments.document)
    text = record.checkout.files.read(place)
    if text is None:
        raise Rejected("repository.no_document", f"{place} is not in this checkout.")
    ask = SignOffAsked(
        record.sop.id,
        found.number,
        arguments.document,
        arguments.role,
        digest_of(text),
        arguments.reason,
    )
    answer = record.desk.deliver(ask)
    _projected(record)
    if arguments.json:
        print_json(answer)
    else:
        print_text(visible(f"{place} is signed for {arguments.role}.\n"))
        _note_remaining(found.number, record)
    return SUCCEEDED


def _move(arguments: argparse.Namespace, record: Record) -> int:
    found = record.task(arguments.task)
    reason = getattr(arguments, "reason", "")
    ask = RepositoryTaskAsked(arguments.task_verb, record.sop.id, found.number, reason=reason)
    answer = record.desk.deliver(ask)
    _projected(record)
    if arguments.json:
        print_json(answer)
    else:
        done = {"start": "started", "done": "done", "drop": "dropped"}[arguments.task_verb]
        print_text(f"Task {found.number} is {done}.\n")
    return SUCCEEDED


def _note_remaining(number: int, record: Record) -> None:
    state, _ = record.state()
    standing = standing_of(state.tasks[number], state.process)
    note(format_standing(standing))
