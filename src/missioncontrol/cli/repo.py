"""`mission repo`: begins a repository's phases, syncs them with its record, checks them."""

import argparse
import asyncio
import os

import msgspec

from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.sop_file import PLACE as SOP_PLACE
from missioncontrol.adapters.sop_file import read_sop, sop_text
from missioncontrol.application.red_branches import RedBranch, red_branches
from missioncontrol.application.run_manifests import list_started_runs, run_of
from missioncontrol.cli import repo_metrics
from missioncontrol.cli.checkout_record import Checkout, Record, Synced
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import colour, note, print_json, print_text
from missioncontrol.cli.recovering import recover
from missioncontrol.cli.run_records import RUNS_MAX, write_runs
from missioncontrol.documents import task_index
from missioncontrol.documents.task_index import index_of, index_text
from missioncontrol.documents.task_status import Standing, faults_of, standing_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.states import Repository
from missioncontrol.domain.visible import visible

NO_INDEX = f"{task_index.PLACE} is not there: `mission repo sync` writes it."
IGNORED = (
    "git ignores {place}, so other checkouts don't get it: `git add -f {place}` commits it, and "
    "`!/{top}/` at the end of .gitignore all that lies beside it.\n"
)
UNCHECKED = (
    "Not checked: whether the record holds these tasks and signatures. This home keeps none of "
    "this repository."
)


def repo(arguments: argparse.Namespace) -> int:
    """Do what `mission repo VERB` was asked for."""
    if arguments.repo_verb == "recover":
        return recover(arguments)  # It reads a repository alone, and needs no home.
    if arguments.repo_verb == "metrics" and arguments.definitions:
        return repo_metrics.meanings(arguments)
    desk = Desk(arguments, os.environ)
    try:
        checkout = Checkout(arguments.repo)
        match arguments.repo_verb:
            case "init":
                return _init(arguments, desk, checkout)
            case "status":
                return _status(arguments, Record(desk, checkout))
            case "sync":
                return _sync(arguments, Record(desk, checkout))
            case "metrics":
                return repo_metrics.metrics(arguments, Record(desk, checkout))
        return _check(arguments, desk, checkout)
    finally:
        desk.close()


# Beginning.


class Plan(msgspec.Struct, frozen=True):
    """A file of the beginning, and what becomes of it."""

    place: str
    state: str  # new, same, or changed
    text: str


def _init(arguments: argparse.Namespace, desk: Desk, checkout: Checkout) -> int:
    checkout.history()  # A user's own is refused before the first file is written.
    plans, id_ = _planned(checkout, desk, own=arguments.own)
    is_own = read_sop(plans[0].text).own
    if arguments.apply:
        for plan in plans:
            if plan.state == "new":
                checkout.files.write(plan.place, plan.text)
        record = Record(desk, checkout)
        is_new = record.adopt()
        record.project()
    if arguments.json:
        files = [{"file": plan.place, "state": plan.state} for plan in plans]
        known = id_ if arguments.apply or plans[0].state == "same" else ""
        print_json({"repository": known, "files": files, "applied": arguments.apply, "own": is_own})
        return SUCCEEDED
    for plan in plans:
        print_text(f"{plan.state:<8} {plan.place}\n")
    if not arguments.apply:
        note("Nothing is written yet: `mission repo init --apply` does that.\n")
    else:
        print_text(f"The record of {id_} {'begins' if is_new else 'is as it was'} in this home.\n")
    for place in checkout.ignored():
        note(IGNORED.format(place=place, top=place.partition("/")[0]))
    if not is_own:
        note(
            "The author of a document can't be its only signer. Where one person works "
            f"alone, `--own` (or `own = true` in {SOP_PLACE}) allows it.\n"
        )
    return SUCCEEDED


def _planned(checkout: Checkout, desk: Desk, *, own: bool) -> tuple[list[Plan], str]:
    """Return what would be written; an existing file belongs to the user, and stays."""
    sop = checkout.files.read(SOP_PLACE)
    id_ = read_sop(sop).id if sop is not None else SystemIds().new("repository")
    if sop is not None and own and not read_sop(sop).own:
        raise Rejected(
            "repository.not_ours",
            f"{SOP_PLACE} is there and says otherwise; what a person wrote is not written over.",
            hint=f"Write `own = true` into {SOP_PLACE}.",
        )
    plans = [Plan(SOP_PLACE, "same" if sop is not None else "new", sop or sop_text(id_, own=own))]
    index = checkout.index()
    if index is not None and sop is None:
        raise Rejected(
            "repository.no_process",
            f"{task_index.PLACE} is of {index.source}, and its {SOP_PLACE} is not here.",
            hint="Bring that file from where the tasks were begun; `git add -f` commits it also "
            "where git ignores it.",
        )
    if index is not None and index.source != id_:
        raise Rejected(
            "repository.not_ours",
            f"{task_index.PLACE} is of {index.source}, and {SOP_PLACE} of {id_}.",
            hint="Put back the one that was changed.",
        )
    text = index_text(index_of(None, id_, 1))
    state = "new" if index is None else "same"
    if index is not None and sop is not None:
        record = Record(desk, checkout)
        state = "changed" if record.is_kept() and record.is_index_old() else "same"
    return [*plans, Plan(task_index.PLACE, state, text)], id_


# How it stands.


def _status(arguments: argparse.Namespace, record: Record) -> int:
    state, _ = record.state()
    found = [standing_of(task, state.process) for task in state.tasks.values()]
    open_ = [each for each in found if each.phase is not None]
    scaffold = _scaffold(record, state)
    waiting = [] if scaffold else record.waiting()
    red = asyncio.run(_red(record, state))
    if arguments.json:
        fields = {"scaffold": scaffold, "tasks": msgspec.to_builtins(found)}
        more = {"not_taken_in": waiting, "red": msgspec.to_builtins(red)}
        print_json({"repository": state.id, **fields, **more})
        return SUCCEEDED
    for branch in red:
        print_text(visible(f"{colour('red', '31')}  {branch.reason}\n     {branch.remedy}") + "\n")
    for fault in scaffold:
        print_text(visible(f"{colour('scaffold', '31')}  {fault}") + "\n")
    for each in open_:
        print_text(format_standing(each))
    over = len(found) - len(open_)
    if not open_:
        print_text("No task is open. `mission task add TITLE --brief TEXT` begins one.\n")
    if over:
        note(f"{over} {'is' if over == 1 else 'are'} over.\n")
    for place in waiting:
        note(f"{place} was edited and is not imported yet: `mission repo sync` does that.\n")
    return SUCCEEDED


async def _red(record: Record, state: Repository) -> list[RedBranch]:
    store = record.desk.store
    begun = await list_started_runs(store, state.id)
    runs = [(each.run, each.into) for each in reversed(begun[-RUNS_MAX:])]
    return await red_branches(runs, lambda run: run_of(store, run))


def _scaffold(record: Record, state: Repository) -> list[str]:
    """Say what the ground lacks that every phase stands on: the process, index and history."""
    faults = _generated(record.checkout)
    if state.process != record.sop.process:
        faults.append(f"{SOP_PLACE} is not applied yet: `mission repo sync` does that.")
    if record.checkout.files.read(task_index.PLACE) is None:
        faults.append(NO_INDEX)
    return faults


def format_standing(standing: Standing) -> str:
    """Return how a task stands, for a terminal."""
    head = visible(f"{standing.task:>4}  {standing.words:<14}  {standing.title}")
    lines = [head.replace(standing.words, colour(standing.words, "33"), 1)]
    for each in standing.held:
        lines.append(visible(f"      {each.reason}"))
        lines.append(visible(f"          {each.who}"))
    if standing.next:
        lines.append(f"      nothing holds it up: {standing.next}")
    return "\n".join(lines) + "\n"


# Keeping in step.


def _sync(arguments: argparse.Namespace, record: Record) -> int:
    done = record.sync(regenerate=arguments.regenerate)
    done = msgspec.structs.replace(done, written=(*done.written, *write_runs(record)))
    conflicts = sum(len(each.conflicts) for each in done.taken)
    if arguments.json:
        print_json(msgspec.to_builtins(done))
        return FAILED if conflicts else SUCCEEDED
    print_text(_synced(done))
    return FAILED if conflicts else SUCCEEDED


def _synced(done: Synced) -> str:
    lines = [f"{SOP_PLACE} is applied."] if done.is_process_new else []
    for each in done.taken:
        if each.is_new:
            lines.append(f"imported  {each.place}, version {each.version}")
        for conflict in each.conflicts:
            section = conflict["section"] or "before the first heading"
            lines += [
                f"  both sides changed the same lines of `{section}`; both are in the file:",
                *_quoted("you wrote", conflict["mine"]),
                *_quoted("the record says", conflict["theirs"]),
            ]
    lines += [f"written   {place}" for place in done.written]
    if not lines:
        lines = ["Files and record agree; nothing was written."]
    return "".join(visible(line) + "\n" for line in lines)


def _quoted(who: str, text: str) -> list[str]:
    lines = text.strip().splitlines() or ["(nothing)"]
    return [f"    {who}:", *(f"      {line}" for line in lines)]


# Checking.


def _check(arguments: argparse.Namespace, desk: Desk, checkout: Checkout) -> int:
    record = Record(desk, checkout)
    faults = _generated(checkout) or _held_against(record)
    is_recorded = record.is_kept()
    if is_recorded and not faults:
        faults += record.unlike()
    if arguments.json:
        print_json({"faults": faults, "unchecked": [] if is_recorded else [UNCHECKED]})
        return FAILED if faults else SUCCEEDED
    for fault in faults:
        print_text(visible(fault) + "\n")
    if not faults:
        print_text("Files, index and gates agree.\n")
    for place in checkout.ignored():
        note(IGNORED.format(place=place, top=place.partition("/")[0]))
    if not is_recorded:
        note(UNCHECKED + "\n")
    return FAILED if faults else SUCCEEDED


def _generated(checkout: Checkout) -> list[str]:
    """Say what of the generated files is not as it was written."""
    faults = []
    for look in (checkout.index, checkout.history):
        try:
            look()
        except Rejected as error:
            faults.append(str(error))
    return faults


def _held_against(record: Record) -> list[str]:
    checkout = record.checkout
    index = checkout.index()
    if index is None:
        return [NO_INDEX]
    if index.source != record.sop.id:
        return [f"{task_index.PLACE} is of {index.source}, and {SOP_PLACE} of {record.sop.id}"]
    places = [entry.task.place(kind) for entry in index.tasks for kind in entry.task.documents]
    texts = {place: checkout.files.read(place) for place in places}
    return faults_of(record.sop.process, index, texts)
