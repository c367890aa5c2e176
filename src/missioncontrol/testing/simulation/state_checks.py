"""Compares the engine's state with the log, and stored rows with rebuilt ones."""

from collections.abc import Iterable
from typing import Any

import msgspec

from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.application.agents import LIFE
from missioncontrol.application.approvals import APPROVAL
from missioncontrol.application.audit import verify
from missioncontrol.application.budgets import LEDGER, read_ledger
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import fold, fold_run
from missioncontrol.application.operations import OPERATION
from missioncontrol.application.prices import PRICES
from missioncontrol.application.schedules import SCHEDULE
from missioncontrol.application.views import run_view, view_of
from missioncontrol.application.workflows import WORKFLOW, WORKFLOWS
from missioncontrol.domain.budget.balances import shared_out
from missioncontrol.domain.budget.events import UsageCharged
from missioncontrol.domain.budget.scopes import PERIODS, WORKSPACE, Kind
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.ports.read_tables import ListedRow
from missioncontrol.projections.lists import FOLDS
from missioncontrol.projections.run_index import Board
from missioncontrol.projections.work_items import KINDS as OF_WORK
from missioncontrol.runtime.projector import follow
from missioncontrol.testing.simulation.disk import Disk
from missioncontrol.testing.simulation.engine_setup import SimulatedEngine
from missioncontrol.testing.simulation.rules import hold

CONCEPTS: dict[str, Concept[Any, Any, Any]] = {
    "agent": LIFE,
    "ledger": LEDGER,
    "approval": APPROVAL,
    "operation": OPERATION,
    "prices": PRICES,
    "schedule": SCHEDULE,
    "workflow": WORKFLOW,
    "workflows": WORKFLOWS,
}
"""By the first word of a stream's name."""

OF_THE_ENGINE = frozenset({"deadlines", "at"})
"""What of a run an engine changes by itself: it says once that a limit has passed."""

LIST_MAX = 10_000
KINDS: tuple[Kind, ...] = ("workflow", "agent", "model", "run", "step")


async def compare_beliefs(house: SimulatedEngine) -> dict[str, tuple[int, bytes]]:
    """Check that everything at hand is what the log says, and return each run as it stands.

    Nothing may be on its way to the disk. Runs come with the position of the log.

    Raises:
        Violation: what is believed differs from what is folded.
    """
    journal, disk = house.journal, house.disk
    pictures = {}
    for name, believed in list(journal.runs.items()):
        folded, _ = await fold_run(disk, name)
        logged, known = _picture(folded), _picture(believed)
        wrong = [part for part in logged if logged[part] != known[part]]
        hold(not wrong, f"{name} folded has another {', '.join(wrong)} than the one at work")
        view = await run_view(disk, name)
        hold({**view, **view_of(believed)} == view, f"{name} replayed differs from what it is")
        pictures[name] = ((await disk.head()).position, msgspec.json.encode(view))
    _compare_accounts(house.budgets.ledger, disk)
    for stream, known in list(journal.others.items()):
        state, _ = await fold(disk, CONCEPTS[stream.partition("-")[0]], stream)
        hold(state == known, f"{stream} folded differs from what is believed")
    return pictures


def _compare_accounts(ledger: Ledger, disk: Disk) -> None:
    """Check every sum of the ledger against one that was added up by itself."""
    books = disk.inspector.books.ledger
    hold(set(ledger.live) == set(books.live), "the ledger knows what is set aside")
    for scope, account in ledger.accounts.items():
        place = (scope.kind, scope.name)
        for unit in ("cost", "tokens"):
            held = books.held(place, unit)
            hold(getattr(account.held, unit) == held, f"{held} is set aside in {place}")
            for period in PERIODS:
                spent = getattr(account.spent(period, books.day), unit)
                reported = books.spent_in(place, period, unit)
                hold(spent == reported, f"{reported} was spent in {place}, {period}")


def _picture(run: Run) -> dict[str, object]:
    known = {name: value for name, value in vars(run).items() if name not in OF_THE_ENGINE}
    order = [list(run.ready), list(run.due), [list(keys) for keys in run.queues.values()]]
    crowds = {
        name: (crowd.limit, list(crowd.inside), list(crowd.waiting))
        for name, crowd in run.crowds.items()
    }
    return {**known, "crowds": crowds, "order": order}


async def compare_replays(disk: Disk, seen: Iterable[tuple[str, int, bytes]]) -> None:
    """Check that each run, replayed up to a position, is byte for byte what was seen then."""
    for run, position, picture in seen:
        view = await run_view(disk, run, at=position)
        hold(msgspec.json.encode(view) == picture, f"{run} at {position} is not what it was")


async def judge(disk: Disk, tables: MemoryReadTables) -> None:
    """Look at the log and the rows when everybody has gone home.

    Raises:
        Violation: something that must hold does not.
    """
    disk.inspector.books.finish()
    verdict = await verify(disk, ())
    hold(verdict.is_intact, verdict.problem)
    await _compare_rows(disk, tables)
    await _compare_sums(disk)


async def _compare_rows(disk: Disk, tables: MemoryReadTables) -> None:
    fresh = MemoryReadTables()
    board = Board(fresh)
    await follow(board, disk)
    board.save()
    _compare_with_books(disk, tables)
    hold(fresh.position() == tables.position(), "rows stand for the whole log")
    hold(fresh.runs(limit=LIST_MAX) == tables.runs(limit=LIST_MAX), "rows of runs are as rebuilt")
    for kind in (*{each.kind for each in FOLDS}, *OF_WORK):
        hold(_listed(fresh, kind) == _listed(tables, kind), f"rows of {kind}s are as rebuilt")


def _listed(tables: MemoryReadTables, kind: str) -> list[ListedRow]:
    """Return the rows of a kind, whenever they were saved."""
    rows = tables.all_listed(kind, limit=LIST_MAX)
    return [msgspec.structs.replace(row, position=0) for row in rows]


def _compare_with_books(disk: Disk, tables: MemoryReadTables) -> None:
    """Check every row against what was counted by itself."""
    books = disk.inspector.books
    for row in tables.runs(limit=LIST_MAX):
        run = books.runs[row.id]
        own = [key for key, step in run.steps.items() if not step.get("parent")]
        states = [run.state[key] for key in own]
        for state in ("succeeded", "failed", "skipped", "blocked", "cancelled"):
            hold(getattr(row, state) == states.count(state), f"{row.id} counts what is {state}")
        hold((row.status, row.steps) == (run.outcome, len(states)), f"{row.id} has ended")
        tokens = sum(n for (name, _), n in books.reported_by.items() if name == row.id)
        hold(row.input_tokens + row.output_tokens == tokens, f"{row.id} counts {tokens} tokens")
    for listed in tables.all_listed("approval", limit=LIST_MAX):
        approval, shown = books.approvals[listed.id], msgspec.json.decode(listed.body)
        hold(shown["state"] == approval.answer and not listed.is_open, f"{listed.id} is answered")
        hold(shown["given"] == len(approval.agreed), f"{listed.id} counts who agreed")
    for listed in tables.all_listed("schedule", limit=LIST_MAX):
        schedule, shown = books.schedules[listed.id], msgspec.json.decode(listed.body)
        hold(shown["answered"] == schedule.answered, f"{listed.id} knows its last slot")
        hold((shown["status"] == "removed") is schedule.is_removed, f"{listed.id} is over")
        hold(shown["waiting"] == len(schedule.queue), f"{listed.id} counts what waits")


async def _compare_sums(disk: Disk) -> None:
    """Check that what was used adds up the same, whichever way it is shared out."""
    books = disk.inspector.books
    reported = {"cost": 0, "tokens": 0}
    for name in books.runs:
        run, _ = await fold_run(disk, name)
        for by in (run.usage_by_step, run.usage_by_agent, run.usage_by_model):
            hold(sum(by.values(), NO_USAGE) == run.usage, f"the shares of {name} are its usage")
        reported["tokens"] += run.usage.tokens
        reported["cost"] += run.usage.cost or 0
    charges = [
        event
        for row in disk.everything()
        if row.type == "usage_charged"
        and isinstance(event := decode(row.type, row.schema, row.body), UsageCharged)
    ]
    spent = {unit: books.ledger.spent_in(WORKSPACE_, "total", unit) for unit in reported}
    for kind in KINDS:
        shares = shared_out(iter(charges), kind).values()
        sums = {unit: sum(getattr(each, unit) for each in shares) for unit in spent}
        hold(sums == spent, f"the shares by {kind} add up to all that was spent")
    ledger = await read_ledger(disk)
    if ledger is not None:
        total = ledger.account(WORKSPACE).total
        hold({"cost": total.cost, "tokens": total.tokens} == spent, "the ledger knows the sum")
    hold(reported["tokens"] == spent["tokens"], "what runs report is what is charged")


WORKSPACE_ = ("workspace", "")
