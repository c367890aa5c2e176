"""The verbs that work: plan, run, resume, cancel, retry, fork, and runs of workflows."""

import argparse
import asyncio
import os
import re
from pathlib import Path
from typing import Any

from missioncontrol.app.container import EngineContext
from missioncontrol.application.asks import (
    CONCURRENCY_MAX,
    BeginMission,
    CarryOut,
)
from missioncontrol.application.journal import fold_run
from missioncontrol.application.missions import Goal, of_template, title_of
from missioncontrol.cli import exit_codes
from missioncontrol.cli.desk import Change, Desk
from missioncontrol.cli.outcome import print_outcome, print_plan, print_run
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.places import new_repository_of, repository_of, settings_of
from missioncontrol.cli.run_execution import carry_out
from missioncontrol.cli.run_follower import follow
from missioncontrol.cli.run_records import write_resumed
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import micro_dollars
from missioncontrol.domain.planners import planning_seconds
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.scaffold_stack import BY_THE_GOAL, CHOICES
from missioncontrol.domain.step import Amount
from missioncontrol.domain.visible import visible
from missioncontrol.operations import run as run_operations
from missioncontrol.operations.schedule import RUN


def goal_of(arguments: argparse.Namespace) -> Goal:
    """Return the goal that a command line states.

    Raises:
        Rejected: naming the argument that is wrong.
    """
    answers = () if arguments.template else tuple(map(_answer, arguments.answer))
    if arguments.goal is None and not arguments.template:
        raise Rejected(
            "mission.bad_input",
            "GOAL is missing.",
            hint="Say in words what is to be achieved, or name a template with --template.",
        )
    scaffold = getattr(arguments, "scaffold", "")
    repository = new_repository_of(arguments) if scaffold else repository_of(arguments)
    constraints = tuple(dict.fromkeys(text.strip() for text in arguments.constraint))
    stated = Goal(
        arguments.goal or "",
        repository,
        arguments.title,
        arguments.context,
        (*constraints, *answers),
        memory=arguments.memory,
        patterns=arguments.patterns,
        planner=arguments.planner,
        scaffold=scaffold,
    )
    if arguments.template:
        from missioncontrol.cli.template import goal_from_template

        return of_template(stated, goal_from_template(arguments, repository))
    return stated


def _answer(text: str) -> str:
    """Return an answer to a question of a plan, `Q1=…`, as the constraint that it is."""
    number, _, answer = text.partition("=")
    if not _QUESTION.fullmatch(number.strip()) or not answer.strip():
        raise Rejected(
            "mission.bad_input",
            f"--answer is {text[:80]!r}; without a template it is the number of a question of the "
            "plan and an answer.",
            hint='Write --answer "Q1=…", or add `--template KEY`; `mission workflow template list` '
            "names them.",
        )
    return f"{number.strip().upper()}: {answer.strip()}"


_QUESTION = re.compile(r"(?i)q\d{1,2}")


def plan(arguments: argparse.Namespace) -> int:
    """Make a plan and print it."""
    ask = _mission(arguments, goal_of(arguments), 4, execute=False)
    run, state = watched(arguments, ask, _title(ask.goal), quiet=arguments.json)
    if state is None:
        return exit_codes.CANCELLED
    tell = print_plan if state.is_settled else print_run
    return tell(arguments, run, state, as_json=arguments.json)


def run(arguments: argparse.Namespace) -> int:
    """Plan a goal and carry the plan out."""
    _read_scaffold(arguments)
    goal = goal_of(arguments)
    if not 1 <= arguments.concurrency <= CONCURRENCY_MAX:
        raise Rejected(
            "mission.bad_input",
            f"--concurrency is {arguments.concurrency}; it must be 1 to {CONCURRENCY_MAX}.",
        )
    if arguments.builder and goal.repository and not goal.scaffold:
        _refuse_what_is_not_under_git(goal.repository)
    ask = _mission(arguments, goal, arguments.concurrency, execute=True)
    return do(arguments, ask, _title(goal))


def _read_scaffold(arguments: argparse.Namespace) -> None:
    """Take what stands behind `--scaffold` for the goal where it is no stack and none is given.

    Raises:
        Rejected: `mission.bad_input`.
    """
    if not arguments.scaffold or arguments.scaffold in CHOICES:
        return
    if arguments.goal is None and not arguments.template:
        arguments.goal, arguments.scaffold = arguments.scaffold, BY_THE_GOAL
        return
    raise Rejected(
        "mission.bad_input",
        f"There is no scaffold {arguments.scaffold[:80]!r}.",
        hint=f"There are {', '.join(CHOICES)}.",
    )


def _refuse_what_is_not_under_git(repository: str) -> None:
    """Refuse a directory of which no agent could get a tree, before the groundwork is done.

    Raises:
        Rejected: `mission.bad_input`.
    """
    from missioncontrol.specialists.git import is_repository

    if not is_repository(Path(repository)):
        raise Rejected(
            "mission.bad_input",
            f"{repository!r} is no git repository, and agents change code in a tree of one.",
            hint="`git init` makes one; commit what is there. Without `--builder` the change is "
            "handed over.",
        )


def _title(goal: Goal) -> str:
    return goal.title or title_of(goal.text)


def _mission(
    arguments: argparse.Namespace, goal: Goal, concurrency: int, *, execute: bool
) -> BeginMission:
    settings = settings_of(arguments)
    return BeginMission(
        goal,
        execute,
        concurrency,
        planning_seconds(goal.planner, settings.plan_seconds_max),
        settings.task_seconds_max,
        arguments.builder if execute else "",
        budget_of(arguments) if execute else None,
    )


def budget_of(arguments: argparse.Namespace) -> Amount | None:
    """Return the most that a run may use, or None where the caps alone say it."""
    cost = None if arguments.cost is None else micro_dollars(arguments.cost, "--cost")
    budget = Amount(cost, arguments.tokens)
    return None if budget == Amount() else budget


def begin_workflow(arguments: argparse.Namespace) -> int:
    """Run a saved workflow."""
    name, _, version = arguments.name.partition("@")
    if version and not version.isdecimal():
        raise Rejected(
            "workflow.bad_version",
            f"NAME is {arguments.name[:80]!r}.",
            hint="Write the name of a saved workflow, and @ with a version: audit@3.",
        )
    number = int(version) if version else arguments.version
    desk = Desk(arguments, os.environ)
    try:
        inputs = desk.anchored(name, number, _inputs(arguments.input))
    finally:
        desk.close()
    given = {"workflow": name, "version": number, "inputs": inputs}
    return do(arguments, Change(run_operations.START, given=given), title=name)


def begin_scheduled(arguments: argparse.Namespace) -> int:
    """Start a run of a schedule by hand, and carry it out here: no engine is at work."""
    desk = Desk(arguments, os.environ)
    try:
        actor, behind = desk.actor, desk.who.on_behalf
    finally:
        desk.close()

    async def begin(held: EngineContext) -> str:
        command = RUN.build(arguments.name, {"reason": arguments.reason, "force": arguments.force})
        begun = await held.executor.execute(RUN, command, actor, on_behalf=behind)
        return str(begun["run"])

    return _conclude(arguments, *carry_out(arguments, begin, arguments.name))


def resume(arguments: argparse.Namespace) -> int:
    """Take an unfinished run up again; what tells of a run of tasks is written as it rests."""
    desk = Desk(arguments, os.environ)
    try:
        run = desk.run(arguments.run)
    finally:
        desk.close()
    code = do(arguments, Change(run_operations.RESUME, run))
    desk = Desk(arguments, os.environ)
    try:
        write_resumed(run, desk)
    finally:
        desk.close()
    return code


def carry_plan_out(arguments: argparse.Namespace) -> int:
    """Do what a run has planned and nothing else, in a new run that keeps its plan."""
    return _about(arguments, lambda desk, run: CarryOut(run))


def retry(arguments: argparse.Namespace) -> int:
    """Do a part of a run again, and what follows from it, in a new run."""
    step = arguments.task or ""
    note(_whole(arguments, step))
    return _about(arguments, lambda desk, run: Change(run_operations.RETRY, run, {"step": step}))


def fork(arguments: argparse.Namespace) -> int:
    """Begin a new run at a step of an old one, with other inputs where they are given."""
    inputs = _inputs(arguments.input)
    note(_whole(arguments, arguments.step))

    def chosen(desk: Desk, run: str) -> Change:
        changed = desk.anchored_again(run, inputs)
        return Change(run_operations.FORK, run, {"step": arguments.step, "inputs": changed})

    return _about(arguments, chosen)


def _whole(arguments: argparse.Namespace, step: str) -> str:
    """Return a line on what else is done again, where `step` is a part of another step.

    Only steps of the workflow itself begin again: what one of them became is determined again.
    """
    desk = Desk(arguments, os.environ)
    try:
        run, _ = asyncio.run(fold_run(desk.store, desk.run(arguments.run)))
    finally:
        desk.close()
    if not run.is_settled or step not in run.steps or not run.steps[step].parent:
        return ""
    top = run.top_of(step)
    message = f"{step} is a part of {top}: all of {top}, and what follows from it, runs again"
    return f"{visible(message)} and is charged again.\n"


def _inputs(texts: list[str]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals or name in inputs:
            raise Rejected(
                "run.bad_inputs",
                f"--input is {text[:60]!r}{', which comes twice' if name in inputs else ''}.",
                hint="Write the name of an input, `=`, and its value, each input once.",
            )
        inputs[name] = value
    return inputs


def _about(arguments: argparse.Namespace, ask: Any) -> int:
    """Find the run that is meant, and have something done with it."""
    desk = Desk(arguments, os.environ)
    try:
        chosen = ask(desk, desk.run(arguments.run))
    finally:
        desk.close()
    return do(arguments, chosen)


def do(arguments: argparse.Namespace, ask: Any, title: str = "") -> int:
    """Have a run begun or resumed, and report what became of it."""
    begun = _start_in_engine(arguments, ask)
    if begun is not None:
        return _print_started(arguments, begun)
    return _conclude(arguments, *watched(arguments, ask, title))


def _start_in_engine(arguments: argparse.Namespace, ask: Any) -> dict[str, Any] | None:
    """Have a run begun by the engine at work, if there is one and no wait is requested."""
    if arguments.wait:
        return None
    desk = Desk(arguments, os.environ)
    try:
        return desk.answer(ask) if desk.is_served else None
    finally:
        desk.close()


def _print_started(arguments: argparse.Namespace, begun: dict[str, Any]) -> int:
    """Say which run was begun, and how to hear more of it."""
    if arguments.json:
        print_json(begun)
        return exit_codes.SUCCEEDED
    name = str(begun["run"])
    print_text(f"{name}\n")
    note(f"The engine carries it out; `mission watch {name}` follows it.\n")
    return exit_codes.SUCCEEDED


def watch(arguments: argparse.Namespace) -> int:
    """Follow a run that an engine carries out, until it ends or waits for a person."""
    desk = Desk(arguments, os.environ)
    try:
        name = desk.run(arguments.run)
        state = follow(desk, name, as_json=arguments.json)
    finally:
        desk.close()
    return exit_codes.SUCCEEDED if state is None else _conclude(arguments, name, state)


def watched(
    arguments: argparse.Namespace, ask: Any, title: str = "", *, quiet: bool = False
) -> tuple[str, Run | None]:
    """Have a run begun or resumed here, or by the engine that holds the home, and watch it.

    Returns it as it is once it rests, or None where it was left.
    """
    desk = Desk(arguments, os.environ)
    try:
        if desk.home.holder() is not None:
            name: str = desk.answer(ask)["run"]
            return name, follow(desk, name, title, quiet=quiet, as_json=arguments.json)
        errand = desk.errand(ask)
    finally:
        desk.close()

    async def begin(held: EngineContext) -> str:
        return str((await errand.here(held))["run"])

    return carry_out(arguments, begin, title, quiet=quiet)


def _conclude(arguments: argparse.Namespace, name: str, state: Run | None) -> int:
    """Say how a run ended, or what it waits for, and where its report is."""
    if state is None:
        note(f"{name} was left as it is; `mission runs resume {name}` takes it up.\n")
        return exit_codes.CANCELLED
    tell = print_outcome if state.mission and state.is_settled else print_run
    return tell(arguments, name, state, as_json=arguments.json)
