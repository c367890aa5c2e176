"""`mission backtest`: how far plans can be trusted in a repository, by its own merged changes."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.cli.likely_arguments import CHANGES_MAX
from missioncontrol.cli.output import columns, note, say, say_json
from missioncontrol.cli.places import repository_of
from missioncontrol.cli.sheets import cut, wrapped
from missioncontrol.domain.errors import Rejected
from missioncontrol.specialists.backtest.history import PastWork, suitable_changes
from missioncontrol.specialists.backtest.running import Replayed, replayed
from missioncontrol.specialists.backtest.scoring import FEW, Figures, figures

GOOD, FAIR = 0.6, 0.4
"""Shares of plans that begin at a changed file from which on they are told as good, or as fair."""


def backtest(arguments: argparse.Namespace) -> int:
    """Plan merged changes again from their parents, and tell how the plans did.

    Raises:
        Rejected: there is no repository, no suitable change, or N is out of range.
        Unavailable: git cannot show the repository as it was.
    """
    if not arguments.repo:
        raise Rejected(
            "mission.bad_input",
            "There is no repository whose changes could be replayed.",
            hint="Give a clone with --repo.",
        )
    if not 1 <= arguments.changes <= CHANGES_MAX:
        raise Rejected(
            "mission.bad_input",
            f"--changes is {arguments.changes}; it can be 1 to {CHANGES_MAX}.",
            hint="Fewer changes take less time: each is planned in a few seconds.",
        )
    root = Path(repository_of(arguments))
    works = suitable_changes(root, arguments.changes)
    if not works:
        raise Rejected(
            "backtest.no_changes",
            "No commit of this history can be replayed.",
            hint="A change counts that has one parent, a subject of four words or more, and one to "
            "eight files of code, one of which was there before. A shallow clone lacks most.",
        )
    try:
        done = list(replayed(root, works, _progress))
    finally:
        _wipe()
    found = figures([each.score for each in done], sum(each.paths for each in done))
    if arguments.json:
        say_json({"figures": msgspec.to_builtins(found), "changes": list(map(_row, done))})
    else:
        say("".join(f"{line}\n" for line in _lines(found, done, works, columns())))
    return 0


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"\r{done} of {total} changes planned")


def _wipe() -> None:
    if sys.stderr.isatty():
        note("\r\x1b[K")


def _row(each: Replayed) -> dict[str, Any]:
    score = each.score
    return {
        **msgspec.to_builtins(score),
        "begins": score.begins,
        "begins_soon": score.begins_soon,
        "f1": round(score.f1, 3),
    }


def _lines(
    found: Figures, done: Sequence[Replayed], works: Sequence[PastWork], width: int
) -> Iterator[str]:
    count = "1 change" if found.changes == 1 else f"{found.changes} changes"
    yield from wrapped(
        f"{count} from {_day(works[-1])} to {_day(works[0])} planned again, each from its message "
        "and the repository as it was.",
        width,
    )
    yield ""
    plain = f"plain BM25 {found.bm25_begins:.0%}"
    yield f"  begins at a file that changed        {found.begins:4.0%}   {plain}"
    yield f"  one of the first three changed       {found.begins_soon:4.0%}"
    yield (
        f"  files named, F1                      {found.f1:4.2f}   "
        f"{found.precision:.0%} of them changed, {found.recall:.0%} of what changed was named"
    )
    if found.ranges:
        yield f"  printed ranges of files that held    {found.ranges_held} of {found.ranges}"
    yield f"  paths named that are not there       {found.false_paths} of {found.paths:,}"
    yield f"  plans that ended in an error         {found.errors}"
    missed = [each.score for each in done if not each.score.begins and not each.score.error]
    if missed:
        yield ""
        yield "Begun elsewhere, among others:"
        for score in missed[:3]:
            first = score.first[0] if score.first else "no file"
            wanted = score.changed[0] if score.changed else "new files"
            yield cut(f"  {score.subject[:60]}: {first}, not {wanted}", width)
    yield ""
    yield from wrapped(_verdict(found), width)


def _verdict(found: Figures) -> str:
    if found.changes < FEW:
        return f"{found.changes} are too few to tell much: {FEW} or more do."
    share = f"{round(found.begins * found.changes)} of {found.changes}"
    if found.begins >= GOOD:
        return f"Plans begin at the right file in {share} cases here: start where they say."
    if found.begins >= FAIR:
        return f"Plans begin at the right file in {share} cases here: look at the first three."
    return (
        f"Plans begin at the right file in {share} cases only here: name files, options or "
        "messages in goals."
    )


def _day(work: PastWork) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(work.seconds))
