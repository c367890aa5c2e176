"""`mission pattern learn`: shows what a repository teaches, and stores it with `--apply`."""

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec

from missioncontrol.adapters.histories import GitHistory
from missioncontrol.adapters.repositories import locate
from missioncontrol.application.learning import Harvest, PatternsLearned, harvest
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.places import sandbox_here
from missioncontrol.documents.figures import counted
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import (
    KINDS,
    LEARNED_AT_ONCE_MAX,
    Command,
    Pattern,
    PatternKind,
)
from missioncontrol.domain.visible import visible
from missioncontrol.learning.extraction import of_command
from missioncontrol.learning.tree import language_of
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.specialists.tester.command_proof import Proof, proofs

TICK = 50
SHOWN_MAX = 3


def learn(arguments: argparse.Namespace) -> int:
    """Do what `mission pattern learn` was asked for."""
    if not 1 <= arguments.seconds <= 86_400:
        raise Rejected(
            "learn.bad_bound", f"--seconds is {arguments.seconds}; it may be 1 to 86400."
        )
    kinds = cast("Sequence[PatternKind]", arguments.kind or KINDS)
    root, found = asyncio.run(_harvested(arguments, kinds))
    patterns, ended = list(found.patterns), list[Proof]()
    if "command" in kinds and not arguments.no_run:
        ended = ran(root, arguments.seconds, sandbox_here(arguments))
        patterns += [_command(each, str(root), found.head) for each in ended if each.passed]
    outcome = _store_patterns(arguments, patterns) if arguments.apply else {}
    if arguments.json:
        failed = [msgspec.to_builtins(each) for each in ended if not each.passed]
        counts = {"head": found.head, "commits": found.commits, "files": found.files}
        items = msgspec.to_builtins(patterns)
        print_json({**counts, "patterns": items, "not_proven": failed, "kept": outcome})
        return SUCCEEDED
    for pattern in patterns:
        print_text(visible("\n".join(_lines(pattern))) + "\n")
    for each in ended:
        if not each.passed:
            print_text(visible(f"not stored  {' '.join(each.wanted.argv)}: {_why(each)}") + "\n")
    _sum_up(found, patterns, outcome, is_applied=arguments.apply)
    return SUCCEEDED


async def _harvested(
    arguments: argparse.Namespace, kinds: Sequence[PatternKind]
) -> tuple[Path, Harvest]:
    history = await GitHistory.of(locate(arguments.path), lambda path: bool(language_of(path)))

    def tick(count: int) -> None:
        if count % TICK == 0:
            note(f"{count} commits read\n")

    found = await harvest(
        history, str(history.root), kinds=kinds, commits_max=arguments.commits, tick=tick
    )
    return history.root, found


def ran(root: Path, seconds: float, sandbox: Sandbox) -> list[Proof]:
    """Run what the repository declares, in a disposable copy."""
    with tempfile.TemporaryDirectory(prefix="mission-learn-") as scratch:
        return proofs(
            root,
            Path(scratch).resolve(),
            seconds_each=seconds,
            sandbox=sandbox,
            tick=lambda command: note(visible(f"running {command}") + "\n"),
        )


def _command(proof: Proof, repository: str, head: str) -> Pattern:
    wanted = proof.wanted
    code, seconds = proof.exit_code or 0, proof.seconds or 0.0
    command = Command(wanted.purpose, wanted.argv, wanted.source, code, seconds, proof.shown)
    return of_command(command, repository, head)


def _why(proof: Proof) -> str:
    code = f", exit code {proof.exit_code}" if proof.exit_code is not None else ""
    return f"{proof.reason or proof.ended.replace('_', ' ')}{code}"


def _store_patterns(
    arguments: argparse.Namespace, patterns: Sequence[Pattern]
) -> dict[str, list[str]]:
    desk = Desk(arguments, os.environ)
    outcome: dict[str, list[str]] = {"learned": [], "known": [], "refused": []}
    try:
        for start in range(0, len(patterns), LEARNED_AT_ONCE_MAX):
            part = tuple(patterns[start : start + LEARNED_AT_ONCE_MAX])
            for name, ids in desk.deliver(PatternsLearned(part)).items():
                outcome[name] += ids
    finally:
        desk.close()
    return outcome


def _lines(pattern: Pattern) -> list[str]:
    language = f" ({pattern.language})" if pattern.language else ""
    lines = [f"{pattern.id}{language}", f"  {pattern.statement}"]
    shown = pattern.places[:SHOWN_MAX]
    for place in shown:
        path = place.path.replace("\n", "\\n")
        at = f"{path}:{place.line}" if place.line else path
        lines.append(f"    {at}{f' in {place.commit[:12]}' if place.commit else ''}")
    if pattern.count > len(shown):
        lines.append(f"    and {pattern.count - len(shown)} more")
    return lines


def _of_kind(count: int, kind: PatternKind) -> str:
    return f"settings of {count}" if kind == "settings" else counted(count, kind)


def _sum_up(
    found: Harvest, patterns: Sequence[Pattern], outcome: dict[str, list[str]], *, is_applied: bool
) -> None:
    counts = Counter(each.kind for each in patterns)
    kinds = ", ".join(_of_kind(counts[kind], kind) for kind in KINDS if counts[kind])
    looked_at = f"{counted(found.commits, 'commit')} and {counted(found.files, 'file')}"
    print_text(
        f"{kinds}; from {looked_at}.\n" if kinds else f"Nothing to learn from {looked_at}.\n"
    )
    if not is_applied and not patterns:
        return
    if not is_applied:
        note("Nothing is stored yet: --apply puts all of this into the library.\n")
        return
    print_text(
        f"{len(outcome['learned'])} new in the library, {len(outcome['known'])} known already.\n"
    )
    for name in outcome["refused"]:
        note(f"{name} was left out: it holds the value of a secret, or more than 1 MB.\n")
