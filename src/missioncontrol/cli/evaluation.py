"""`mission eval`: tries agents on scenarios, tells how they did, and compares two."""

import argparse
import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.application.evaluations import (
    PREFIX,
    EvaluationAsked,
    listed,
    read_evaluation,
)
from missioncontrol.cli import evaluation_formatters as formatters
from missioncontrol.cli.agent_desk import RosterDesk
from missioncontrol.cli.evaluation_run import Evaluating
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.files import refuse_no_file, whole_file
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.places import sandbox_here
from missioncontrol.cli.scenarios import scenarios_of, view
from missioncontrol.cli.subjects import declared, parse_subject, prompt_of
from missioncontrol.cli.trial_runners import EvaluationRunner, evaluation_runner
from missioncontrol.cli.trial_workspace import verified
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.evaluation import Evaluation, EvaluationBegun, Judged, Played, Subject
from missioncontrol.domain.visible import visible
from missioncontrol.evaluation.comparison import compare
from missioncontrol.evaluation.report import EvaluationReport, junit, report_of
from missioncontrol.evaluation.scenario import Scenario, played
from missioncontrol.evaluation.trials import Trial, plan_of
from missioncontrol.ports.confinement import Sandbox

PARALLEL_MAX = 32
SEED_MAX = 2**53 - 1


def evaluation(arguments: argparse.Namespace) -> int:
    """Do what `mission eval` was asked for."""
    if arguments.evaluation == "scenarios":
        return asyncio.run(_scenarios(arguments))
    desk = RosterDesk(arguments, os.environ)
    try:
        match arguments.evaluation:
            case "run":
                return asyncio.run(_run(arguments, desk))
            case "list":
                return _list(arguments, desk)
            case "show":
                return _print_report(arguments, report_of(_one(desk, arguments.run)))
            case _:
                return _compare(arguments, desk)
    finally:
        desk.close()


async def _scenarios(arguments: argparse.Namespace) -> int:
    """List the scenarios that ship, or hold those that are named against what they say."""
    found = await scenarios_of(arguments.scenarios)
    sandbox = sandbox_here(arguments)
    known = await _verified(found, 0, sandbox) if arguments.scenarios else {}
    if arguments.json:
        print_json([{**view(each), **_digests(known.get(each.id))} for each in found])
        return SUCCEEDED
    for each in found:
        checked = f" · commit {known[each.id].snapshot[:12]}" if known else ""
        print_text(visible(f"{each.id:<28} {each.language:<10} {each.title}{checked}\n"))
    if known:
        note("Each can be tried: its checks do on the snapshot what they say.\n")
    return SUCCEEDED


def _digests(known: Played | None) -> dict[str, str]:
    return {} if known is None else {"snapshot": known.snapshot, "digest": known.digest}


async def _verified(
    scenarios: Sequence[Scenario], seed: int, sandbox: Sandbox
) -> dict[str, Played]:
    """Return the scenarios as the record names them, each held against its own snapshot."""
    with tempfile.TemporaryDirectory(prefix="mission-scenarios-") as place:
        turns = asyncio.Semaphore(os.cpu_count() or 1)

        async def one(scenario: Scenario) -> Played:
            async with turns:
                commit = await verified(scenario, Path(place) / scenario.id, seed, sandbox)
            return played(scenario, commit)

        found = await asyncio.gather(*map(one, scenarios))
        return {each.id: each for each in found}


async def _run(arguments: argparse.Namespace, desk: RosterDesk) -> int:
    refuse_bad_numbers(arguments)
    if arguments.junit:
        refuse_no_file(arguments.junit, "--junit")
    home = desk.directory
    prompt = prompt_of(arguments.prompt)
    scenarios = await scenarios_of(arguments.scenarios)
    sandbox = sandbox_here(arguments)
    known = await _verified(scenarios, arguments.seed, sandbox)
    async with evaluation_runner(desk) as place:
        subject = (
            parse_subject(arguments.command, prompt)
            if arguments.command
            else await declared(place, arguments.agent, prompt)
        )
        await _sweep(place, home.evaluations)
        begun = await _start_evaluation(arguments, place, subject, list(known.values()))
        folder = home.evaluations / begun.evaluation
        by_id = {each.id: each for each in scenarios}
        with _alone(folder, begun.evaluation):
            work = Evaluating(
                place, begun, by_id, prompt, folder, FolderArtifactStore(home.artifacts), sandbox
            )
            try:
                hear = Hearer(begun, quiet=arguments.json)
                await work.carry_out(parallel=arguments.parallel, hear=hear)
            except asyncio.CancelledError:  # Ctrl-C.
                note(f"{begun.evaluation} is left as it is; the same command goes on with it.\n")
                raise
        shutil.rmtree(folder, ignore_errors=True)
        state = await read_evaluation(place.store, begun.evaluation)
    return _print_report(arguments, report_of(state))


async def _sweep(evaluation_runner: EvaluationRunner, places: Path) -> None:
    """Remove what was left of evaluations that have ended."""
    over = {
        each.evaluation for each in await listed(evaluation_runner.store) if each.passed is not None
    }
    for folder in await asyncio.to_thread(lambda: list(places.glob(f"{PREFIX}*"))):
        if folder.name in over:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def refuse_bad_numbers(arguments: argparse.Namespace) -> None:
    """Refuse numbers that nothing could be made of.

    Raises:
        Rejected: `evaluation.bad_input`.
    """
    bounds = {"repeat": (1, 1_000), "parallel": (1, PARALLEL_MAX), "seed": (0, SEED_MAX)}
    for name, (least, most) in bounds.items():
        value = getattr(arguments, name)
        if not least <= value <= most:
            raise Rejected(
                "evaluation.bad_input", f"--{name} is {value}; it must be {least} to {most:,}."
            )


async def _start_evaluation(
    arguments: argparse.Namespace,
    place: EvaluationRunner,
    subject: Subject,
    scenarios: Sequence[Played],
) -> EvaluationBegun:
    """Begin an evaluation, or find the one of the same plan that was left."""
    name = SystemIds().new(PREFIX.removesuffix("-"))
    begun = plan_of(name, subject, scenarios, arguments.repeat, arguments.seed)
    answer = await place.do(EvaluationAsked(begun, arguments.anew))
    if answer["is_new"]:
        count = len(scenarios) * arguments.repeat
        note(f"{name} in {count:,} trial{'' if count == 1 else 's'}.\n")
        return begun
    state = await read_evaluation(place.store, answer["evaluation"])
    done = f"{len(state.judged)} of {state.trials} trials have ended"
    note(f"{state.begun.evaluation} goes on: {done}. `--anew` begins another.\n")
    return state.begun


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Prevent others from carrying out this evaluation meanwhile.

    Raises:
        Unavailable: `evaluation.at_work`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("wb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(
                "evaluation.at_work",
                f"{name} is carried out by another process.",
                hint="Wait for it, or begin another with --anew.",
            ) from None
        yield


class Hearer:
    """Tells each trial as it ends."""

    def __init__(self, begun: EvaluationBegun, *, quiet: bool) -> None:
        """`quiet` says nothing."""
        self._started = begun
        self._quiet = quiet

    def __call__(self, trial: Trial, judged: Judged) -> None:
        """Tell one."""
        if not self._quiet:
            name = self._started.scenarios[trial.scenario].id
            line = formatters.trial_line(name, trial.repetition, self._started.repeat, judged)
            note(visible(f"{line}\n"))


def _print_report(arguments: argparse.Namespace, report: EvaluationReport) -> int:
    if arguments.junit:
        with whole_file(arguments.junit, option="--junit") as file:
            file.write(junit(report))
    if arguments.json:
        print_json(msgspec.to_builtins(report))
    else:
        lines = list(formatters.sheet(report))
        if arguments.evaluation == "show" and (more := list(formatters.reasons(report))):
            lines += ["", *more]
        print_text("".join(f"{visible(line)}\n" for line in lines))
    if arguments.evaluation == "show":
        return SUCCEEDED
    return SUCCEEDED if report.score.passed == len(report.trials) else FAILED


def _list(arguments: argparse.Namespace, desk: RosterDesk) -> int:
    rows = asyncio.run(listed(desk.store))
    if arguments.json:
        print_json(msgspec.to_builtins(rows))
        return SUCCEEDED
    print_text("".join(f"{visible(line)}\n" for line in formatters.list_lines(rows)))
    if not rows:
        note("No evaluation yet; `mission eval run --agent NAME` begins one.\n")
    return SUCCEEDED


def _compare(arguments: argparse.Namespace, desk: RosterDesk) -> int:
    found = compare(_one(desk, arguments.one), _one(desk, arguments.other))
    if arguments.json:
        print_json(msgspec.to_builtins(found))
    else:
        print_text("".join(f"{visible(line)}\n" for line in formatters.compared_lines(found)))
    return SUCCEEDED


def _one(desk: RosterDesk, text: str) -> Evaluation:
    """Return the evaluation that a person means.

    Raises:
        NotFound: `evaluation.unknown`.
        Rejected: `evaluation.ambiguous`.
    """
    rows = asyncio.run(listed(desk.store))
    ids = [each.evaluation for each in rows]
    if text == "last" and ids:
        return asyncio.run(read_evaluation(desk.store, ids[0]))
    full = text if text.startswith(PREFIX) else f"{PREFIX}{text}"
    found = [each for each in ids if text and each.startswith(full)]
    if len(found) > 1 and full not in found:
        raise Rejected(
            "evaluation.ambiguous",
            f"{text!r} could be {', '.join(found[:5])}.",
            hint="Give more letters of the id.",
        )
    return asyncio.run(read_evaluation(desk.store, full if full in found else (*found, text)[0]))
