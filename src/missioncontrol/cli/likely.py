"""`mission locate`: where in a repository the work for a goal will be."""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from missioncontrol.adapters.home import Home
from missioncontrol.cli.formatters import cut, wrapped
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.cli.places import home_of, repository_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.estimates import Likely, LikelyFile
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.visible import visible
from missioncontrol.ports.agent import AttemptFailed, LogLevel
from missioncontrol.specialists.planner.assembly import assembled
from missioncontrol.specialists.planner.sources import read_ground
from missioncontrol.specialists.ranking.facts_cache import FACTS_VARIABLE
from missioncontrol.specialists.specialist import Brief

SECONDS_MAX = 600.0


class _Warned:
    """Passes on what went wrong and nothing else."""

    def log(self, level: LogLevel, message: str) -> None:
        """See `Listener.log`."""
        if level in ("warning", "error"):
            note(f"mission: {visible(message)}\n")

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Listener.progress`."""


def places(arguments: argparse.Namespace) -> int:
    """Name the files that each requirement of a goal will most likely change; nothing is recorded.

    Raises:
        Rejected: `mission.bad_input`, or as the planner refuses the goal.
    """
    if not arguments.repo:
        raise Rejected(
            "mission.bad_input",
            "There is no repository to look for places in.",
            hint="Give a checkout with --repo.",
        )
    brief = _brief(arguments.goal, Path(repository_of(arguments)))
    plan = _plan(
        msgspec.structs.replace(
            brief,
            constraints=tuple(dict.fromkeys(text.strip() for text in arguments.constraint)),
            context=arguments.context,
        ),
        home_of(arguments),
    )
    if arguments.json:
        print_json(
            {
                "goal": plan.goal,
                "repository": repository_of(arguments),
                "requirements": msgspec.to_builtins(plan.requirements),
                "likely": msgspec.to_builtins(plan.likely),
            }
        )
    else:
        print_text("".join(f"{line}\n" for line in _lines(plan, columns())))
    return 0


def likely_plan(goal: str, home: Home, repository: Path) -> Plan:
    """Return a plan for `goal` that says which files are likely to change.

    Raises:
        Rejected: as the planner refuses the goal.
    """
    return _plan(_brief(goal, repository), home)


def _brief(goal: str, repository: Path) -> Brief:
    return Brief(goal, "", (), "", repository, None, None, {}, SECONDS_MAX)


def _plan(brief: Brief, home: Home) -> Plan:
    if home.exists:
        os.environ.setdefault(FACTS_VARIABLE, str(home.facts_cache.absolute()))
    try:
        return assembled(read_ground(brief, _Warned()))
    except AttemptFailed as error:
        raise Rejected(error.code, error.reason, hint=error.hint) from None


def _lines(plan: Plan, width: int) -> Iterator[str]:
    likely = {each.requirement: each for each in plan.likely}
    for requirement in plan.requirements:
        yield from wrapped(requirement.text, width, f"{requirement.id}  ", "    ")
        found = likely.get(requirement.id)
        if found is None:
            yield "    No file answers to these words."
        else:
            yield from _file_lines(found.files, width)
        yield ""
    yield from wrapped(_obtained(plan.likely), width)


def _obtained(likely: Sequence[Likely]) -> str:
    how = likely[0].obtained if likely else "looked for without a model"
    return f"{how[0].upper()}{how[1:]}. The figure is how likely the file changes."


def _file_lines(files: Sequence[LikelyFile], width: int) -> Iterator[str]:
    for file in files:
        spots = ", ".join(f"{spot.name}:{spot.lines}".lstrip(":") for spot in file.spots)
        chance = f"{file.chance:4.0%}" if file.chance else "    "
        yield cut(f"  {chance}  {file.path}{f'  {spots}' if spots else ''}", width)
        yield from wrapped("; ".join(file.reasons), width, " " * 8, " " * 8)
        if file.tests:
            yield cut(f"        tested by {', '.join(file.tests)}", width)
        if file.knowers:
            known = ", ".join(f"{each.name} ({each.commits:,})" for each in file.knowers)
            yield cut(f"        changed most by {known}", width)
