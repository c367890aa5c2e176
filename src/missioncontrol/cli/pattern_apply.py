"""`mission pattern apply`: shows, holds a checkout against a pattern, or changes its files."""

import argparse
import asyncio
import difflib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.go_builds import why_not_compiled
from missioncontrol.adapters.histories import GitHistory, text_of, written
from missioncontrol.adapters.repositories import locate
from missioncontrol.application.learning import PatternAsked
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import colour, note, print_bytes, print_json, print_text
from missioncontrol.cli.places import sandbox_here
from missioncontrol.documents.figures import counted
from missioncontrol.domain.errors import Conflict
from missioncontrol.domain.learned import Codemod, Command, LibraryPattern, Pattern, Rule
from missioncontrol.domain.visible import visible
from missioncontrol.learning.extraction import NEVER_AGAIN
from missioncontrol.learning.fixtures import cases_of
from missioncontrol.learning.proposals import Outcome, Proposal, proposed
from missioncontrol.learning.tree import language_of
from missioncontrol.ports.history import TextFile
from missioncontrol.specialists.tester.command_proof import Proof, Wanted, proofs

TEST = "test"


class Done(msgspec.Struct, frozen=True):
    """What became of a checkout."""

    files: tuple[str, ...]
    places: int
    fixtures: bool  # whether all of the pattern's own hold
    is_settled: bool  # whether applying again finds nothing
    tests: tuple[Proof, ...]
    tests_left: str = ""  # why none were run

    @property
    def passed(self) -> bool:
        """Success: fixtures hold, nothing is left, and no proven test ended otherwise."""
        return self.fixtures and self.is_settled and all(each.passed for each in self.tests)


def applied(
    arguments: argparse.Namespace,
    desk: Desk,
    entry: LibraryPattern,
    pattern: Pattern,
    proven: Callable[[str], list[Pattern]],
) -> int:
    """Do what `mission pattern apply` was asked for.

    Raises:
        Conflict: `pattern.retired`, `pattern.uncommitted`; and as `learning.applying.proposed`.
    """
    if entry.state == "retired":
        raise Conflict(
            "pattern.retired",
            f"{pattern.id} was retired: {entry.reason.rstrip('.')}.",
            hint="`mission pattern learn --apply` stores it again if history still teaches it.",
        )
    history = asyncio.run(GitHistory.of(locate(arguments.repo), _is_code))
    if isinstance(pattern.body, Command) and arguments.check:
        return _checked_command(arguments, history.root, pattern.body)
    outcome = _outcome(arguments, history, pattern)
    if not arguments.write:
        return _shown(arguments, pattern, outcome)
    _refuse_uncommitted(arguments, history, outcome)
    if isinstance(pattern.body, Rule) and pattern.body.tool == NEVER_AGAIN:
        note("A rule only finds; what it finds is rewritten by its codemod, which this does.\n")
    for each in outcome.proposals:
        _refuse_changed(history.root, each)
        written(history.root, each.path, each.after)
    done = _done(arguments, history, pattern, outcome, proven)
    if outcome.proposals:
        root = str(history.root)
        counts = len(done.files), done.places, done.passed
        desk.deliver(PatternAsked("use", pattern.id, "", root, *counts))
    return _print_outcome(arguments, outcome, done)


def _is_code(path: str) -> bool:
    return bool(language_of(path))


def _outcome(arguments: argparse.Namespace, history: GitHistory, pattern: Pattern) -> Outcome:
    files: Sequence[TextFile] = asyncio.run(_files(history))
    found = proposed(pattern, files, arguments.name, lambda path: (history.root / path).exists())
    return _compiled(history, pattern, found)


def _compiled(history: GitHistory, pattern: Pattern, found: Outcome) -> Outcome:
    """Hold back a rewrite of Go code unless the checkout compiles with it."""
    if pattern.language != "go" or not found.proposals:
        return found
    names = asyncio.run(history.names())
    changed = {each.path: each.after for each in found.proposals}
    why = why_not_compiled(history.root, names, changed)
    held = tuple(f"{path}: held back, as {why}" for path in changed)
    return Outcome((), (*found.skipped, *held)) if why else found


async def _files(history: GitHistory) -> Sequence[TextFile]:
    return await history.files()


def _refuse_uncommitted(
    arguments: argparse.Namespace, history: GitHistory, outcome: Outcome
) -> None:
    """Refuse to change files that have other changes; with the option, say which they are."""
    paths = [each.path for each in outcome.proposals]
    found = asyncio.run(history.uncommitted(paths))
    if not found:
        return
    named = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    if not arguments.over_uncommitted:
        raise Conflict(
            "pattern.uncommitted",
            f"These files have changes that are not committed: {named}.",
            hint="Commit or stash them; --over-uncommitted changes them as they stand.",
        )
    note(visible(f"changed on top of what is not committed: {named}") + "\n")


def _refuse_changed(root: Path, proposal: Proposal) -> None:
    if proposal.before is not None and text_of(root, proposal.path) != proposal.before:
        raise Conflict(
            "pattern.changed_meanwhile",
            f"{proposal.path} was changed by another user or program just now.",
            hint="Apply the pattern again: what is written so far stays, and is found as done.",
        )


def _done(
    arguments: argparse.Namespace,
    history: GitHistory,
    pattern: Pattern,
    outcome: Outcome,
    proven: Callable[[str], list[Pattern]],
) -> Done:
    is_settled = True
    if isinstance(pattern.body, Codemod | Rule):
        is_settled = not _outcome(arguments, history, pattern).proposals
    commands = [each.body for each in proven(str(history.root))]
    tests = [
        Wanted(each.purpose, each.argv, each.source)
        for each in commands
        if isinstance(each, Command) and each.purpose == TEST
    ]
    left = "no test command is proven here: `mission pattern learn` does that" if not tests else ""
    left = "--no-run" if arguments.no_run else left
    ended = _ran(arguments, history.root, tests) if outcome.proposals and not left else ()
    return Done(
        tuple(each.path for each in outcome.proposals),
        sum(each.places for each in outcome.proposals),
        all(case.passed for case in cases_of(pattern)),
        is_settled,
        tuple(ended),
        left,
    )


def _ran(arguments: argparse.Namespace, root: Path, only: Sequence[Wanted]) -> list[Proof]:
    with tempfile.TemporaryDirectory(prefix="mission-pattern-") as scratch:
        return proofs(
            root,
            Path(scratch).resolve(),
            seconds_each=arguments.seconds,
            sandbox=sandbox_here(arguments),
            only=only,
            tick=lambda command: note(visible(f"running {command}") + "\n"),
        )


def _checked_command(arguments: argparse.Namespace, root: Path, command: Command) -> int:
    [proof] = _ran(arguments, root, [Wanted(command.purpose, command.argv, command.source)])
    if arguments.json:
        print_json(proof)
    else:
        code = f"exit code {proof.exit_code}" if proof.exit_code is not None else proof.reason
        print_text(visible(f"{' '.join(command.argv)}: {code}, then {command.exit_code}") + "\n")
    return SUCCEEDED if proof.passed and proof.exit_code == command.exit_code else FAILED


# Output.


def _shown(arguments: argparse.Namespace, pattern: Pattern, outcome: Outcome) -> int:
    if arguments.json:
        print_json(_outcome_fields(outcome))
    else:
        for each in outcome.proposals:
            print_bytes((visible("\n".join(_diff(each))) + "\n").encode("utf-8", "replace"))
        _note_skipped(outcome)
        count = sum(each.places for each in outcome.proposals)
        where = f"{counted(count, 'place')} in {counted(len(outcome.proposals), 'file')}"
        rule = isinstance(pattern.body, Rule) and pattern.body.tool == NEVER_AGAIN
        message = f"{where} must not be so" if rule else f"{where} would change"
        print_text(f"{message}.\n" if count else "Nothing to change.\n")
    return FAILED if arguments.check and outcome.proposals else SUCCEEDED


def _diff(proposal: Proposal) -> Iterator[str]:
    before = (proposal.before or "").splitlines()
    path = _on_a_line(proposal.path)
    old = f"a/{path}" if proposal.before is not None else "/dev/null"
    after, new = proposal.after.splitlines(), f"b/{path}"
    return difflib.unified_diff(before, after, old, new, lineterm="", n=1)


def _on_a_line(path: str) -> str:
    return path.replace("\n", "\\n")


def _note_skipped(outcome: Outcome) -> None:
    for each in outcome.skipped:
        note(visible(f"left as it is: {each}") + "\n")


def _outcome_fields(outcome: Outcome) -> dict[str, Any]:
    return {
        "files": [{"path": each.path, "places": each.places} for each in outcome.proposals],
        "skipped": list(outcome.skipped),
        "diff": "\n".join(line for each in outcome.proposals for line in _diff(each)),
    }


def _print_outcome(arguments: argparse.Namespace, outcome: Outcome, done: Done) -> int:
    if arguments.json:
        print_json({**msgspec.to_builtins(done), "passed": done.passed, "skipped": outcome.skipped})
        return SUCCEEDED if done.passed else FAILED
    _note_skipped(outcome)
    for path in done.files:
        print_text(visible(f"changed  {_on_a_line(path)}") + "\n")
    if not done.files:
        print_text("Nothing to change.\n")
        return SUCCEEDED
    for each in done.tests:
        word = colour("passed", "32") if each.passed else colour(each.ended.replace("_", " "), "31")
        why = "" if each.passed or not each.reason else f": {each.reason}"
        print_text(visible(f"{word}  {' '.join(each.wanted.argv)}{why}") + "\n")
    if done.tests_left:
        note(f"No tests were run: {done.tests_left}.\n")
    for wrong, fault in (
        (not done.fixtures, "its fixtures do not hold any more"),
        (not done.is_settled, "applying it again would find more"),
    ):
        if wrong:
            note(f"Not a success: {fault}.\n")
    print_text(f"{counted(done.places, 'place')} changed in {counted(len(done.files), 'file')}.\n")
    return SUCCEEDED if done.passed else FAILED
