"""`mission task run`: tasks of a repository in the hands of agents, up to what is merged."""

import argparse
from typing import get_args

from missioncontrol.application.asks import CONCURRENCY_MAX
from missioncontrol.application.task_runs import TasksAsked
from missioncontrol.application.task_workflow import REVIEW_FORM
from missioncontrol.cli.checkout_record import Record
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import note, print_bytes
from missioncontrol.cli.task_branch import branch_here, look_at_branch
from missioncontrol.cli.task_scope import GROUNDS, renewed
from missioncontrol.cli.work import budget_of, do
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.commands import LookedUp
from missioncontrol.domain.repository.events import Part
from missioncontrol.domain.repository.process import branch_fault
from missioncontrol.domain.repository.states import RepositoryTask
from missioncontrol.domain.repository.task_holds import refuse_numbers
from missioncontrol.domain.visible import visible
from missioncontrol.specialists.git import head_commit

PARTS: tuple[Part, ...] = get_args(Part)


def run(arguments: argparse.Namespace, record: Record) -> int:
    """Have agents carry tasks out, and follow them until they end or wait for a person.

    Raises:
        Rejected: `repository.bad_parts`, `repository.bad_input`, `repository.not_taken_in`,
            `repository.no_branch`, `merger.checked_out`, or as the office refuses.
    """
    if not 1 <= arguments.parallel <= CONCURRENCY_MAX:
        reason = f"--parallel is {arguments.parallel}; it must be 1 to {CONCURRENCY_MAX}."
        raise Rejected("repository.bad_input", reason)
    agents = parts_of(arguments.agents)
    tasks = [record.task(each) for each in arguments.tasks]
    refuse_numbers([task.number for task in tasks])  # Before files are looked up for each.
    _refuse_edits(tasks, record)
    rule = record.state()[0].process.merge
    into = arguments.into or rule.into or f"mission/{branch_here(record)}"
    update = ""
    if not branch_fault(into):  # Else the office says so.
        update = look_at_branch(into, record)
    looked_up = tuple(
        LookedUp(task.number, found, ground)
        for task in tasks
        for ground, found in filter(None, [renewed(task, record)])
    )
    for each in looked_up:
        files = ", ".join(each.scope)
        note(visible(f"Task {each.task} is to change {files}: {GROUNDS[each.ground]}.\n"))
    ask = TasksAsked(
        record.sop.id,
        str(record.checkout.root),
        tuple(task.number for task in tasks),
        agents,
        into,
        arguments.parallel,
        arguments.overlap,
        budget_of(arguments),
        update or head_commit(record.checkout.root) or "",
        looked_up,
        bool(update),
        arguments.mend,
    )
    named = ", ".join(str(task.number) for task in tasks)
    return do(arguments, ask, f"Task{'s' if tasks[1:] else ''} {named}")


def parts_of(text: str) -> dict[Part, str]:
    """Read who does what.

    Raises:
        Rejected: `repository.bad_parts`.
    """
    found: dict[Part, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        name, equals, agent = pair.partition("=")
        part = next((each for each in PARTS if each == name), None)
        if part is None or not equals or not agent or part in found:
            raise Rejected(
                "repository.bad_parts",
                f"--agents has {pair[:80]!r}.",
                hint="Write builder=NAME,tester=local,reviewer=NAME, each part once.",
            )
        found[part] = agent
    return found


def review_form(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of what an agent that reviews answers with; needs no home."""
    if arguments.output is None:
        print_bytes(REVIEW_FORM.encode())
        return SUCCEEDED
    with whole_file(arguments.output) as file:
        file.write(REVIEW_FORM.encode())
    note(f"Written to {visible(arguments.output)}.\n")
    return SUCCEEDED


def _refuse_edits(tasks: list[RepositoryTask], record: Record) -> None:
    """Refuse documents that are not what was agreed to: agents would work by other words."""
    edits = record.checkout.edits(tasks, record.checkout.index())
    if edits:
        raise Rejected(
            "repository.not_taken_in",
            f"{edits[0].place} was edited, and the record does not know it.",
            hint="`mission repo sync` takes it in; what it makes stale is to be signed again.",
        )
