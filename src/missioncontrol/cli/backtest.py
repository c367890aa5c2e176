"""`mission eval backtest`: scores plans against the merged changes of a repository."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.cli.exit_codes import CANCELLED, SUCCEEDED
from missioncontrol.cli.formatters import cut, wrapped
from missioncontrol.cli.likely_arguments import CHANGES, CHANGES_MAX, CHANGES_PAID
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.cli.places import repository_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.planners import LOCAL
from missioncontrol.evaluation.score import wilson
from missioncontrol.specialists.backtest.history import PastWork, suitable_changes
from missioncontrol.specialists.backtest.runner import replayed
from missioncontrol.specialists.backtest.scoring import FEW, Figures, Score, figures
from missioncontrol.specialists.code_changes import is_document

if TYPE_CHECKING:
    from missioncontrol.cli.backtest_planner import OtherPlanner

GOOD, FAIR = 0.6, 0.4
"""Shares of plans that begin at a changed file: from here on good, and fair."""
SHOWN_MAX = 3
TICK = 10
"""Changes between two lines of progress where standard error is no terminal."""


def backtest(arguments: argparse.Namespace) -> int:
    """Plan merged changes again from their parents, and print how the plans did.

    After Ctrl-C, and where git fails midway, it prints the scores up to there.

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
    also = _also(arguments)
    changes = arguments.changes
    if changes is None:
        changes = CHANGES if also is None else CHANGES_PAID
    if not 1 <= changes <= CHANGES_MAX:
        raise Rejected(
            "mission.bad_input",
            f"--changes is {changes}; it can be 1 to {CHANGES_MAX}.",
            hint="Fewer changes take less time: each is planned in a few seconds.",
        )
    root = Path(repository_of(arguments))
    works = suitable_changes(root, changes)
    scores = list[Score]()
    try:
        is_whole = _collected(root, works, scores, also)
        if not is_whole:
            note(f"mission: interrupted after {len(scores)} of {len(works)} changes.\n")
    finally:
        if scores:
            _show(arguments, root, works[: len(scores)], scores, also)
    return SUCCEEDED if is_whole else CANCELLED


def _also(arguments: argparse.Namespace) -> "OtherPlanner | None":
    """Return the other planner that also plans the changes, where one is named."""
    if arguments.planner in ("", LOCAL):
        return None
    from missioncontrol.cli.backtest_planner import OtherPlanner

    return OtherPlanner(arguments)


def _collected(
    root: Path, works: Sequence[PastWork], scores: list[Score], also: "OtherPlanner | None"
) -> bool:
    """Add the score of each change to `scores`; False where a person interrupts it."""
    try:
        for score in replayed(root, works, _progress, also):
            scores.append(score)  # noqa: PERF402 - those before an interruption count
    except KeyboardInterrupt:
        return False
    else:
        return True
    finally:
        if sys.stderr.isatty():
            note("\r\x1b[K")


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        note(f"\r{done} of {total} changes planned")
    elif done and done % TICK == 0:
        note(f"{done} of {total} changes planned\n")


def _show(
    arguments: argparse.Namespace,
    root: Path,
    works: Sequence[PastWork],
    scores: list[Score],
    also: "OtherPlanner | None",
) -> None:
    found = figures(scores)
    if arguments.json:
        print_json(
            {
                "repository": str(root),
                "first": _day(works[-1]),
                "last": _day(works[0]),
                "figures": msgspec.to_builtins(found),
                "changes": list(map(_row, scores)),
                **({"planned": also.to_dict()} if also is not None else {}),
            }
        )
    else:
        lines = list(_lines(found, scores, works, columns()))
        if also is not None and also.scores:
            lines += ["", *also.lines(scores)]
        print_text("".join(f"{line}\n" for line in lines))


def _row(score: Score) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(score),
        "first": score.first,
        "begins": score.begins,
        "begins_soon": score.begins_soon,
        "bm25_begins": score.bm25_begins,
        "precision": round(score.precision, 3),
        "recall": round(score.recall, 3),
        "f1": round(score.f1, 3),
    }


def _lines(
    found: Figures, scores: Sequence[Score], works: Sequence[PastWork], width: int
) -> Iterator[str]:
    count = "1 change" if found.changes == 1 else f"{found.changes} changes"
    yield from wrapped(
        f"{count} from {_day(works[-1])} to {_day(works[0])} planned again, each from its message "
        "and the repository as it was.",
        width,
    )
    yield ""
    begins = f"{found.begins:4.0%}   a search for its words (BM25) {found.bm25_begins:.0%}"
    soon = f"{found.begins_soon:4.0%}   a search for its words {found.bm25_begins_soon:.0%}"
    named = f"{found.precision:4.0%}   and {found.recall:.0%} of those that changed were named"
    yield f"  begins at a file that changed     {begins}"
    yield f"  one of the first three changed    {soon}"
    yield f"  of the files named, changed       {named} (F1 {found.f1:.2f})"
    yield f"  printed ranges that held          {_files(found)}"
    if found.files.printed:
        yield f"                                    {_scored(found)}"
    yield f"                                    {_lines_held(found)}"
    yield f"  plans without a range of files    {found.changes - found.files.printed}"
    yield f"  places named that are not there   {found.false_places} of {found.places:,}"
    yield f"  plans that ended in an error      {found.errors}"
    yield from _examples(scores, width)
    yield ""
    yield from wrapped(_verdict(found), width)


def _files(found: Figures) -> str:
    ranges = found.files
    if not ranges.printed:
        return "no range of files was printed"
    return (
        f"{ranges.held} of {ranges.printed} for files (plans: {ranges.told:.0%}; the most is "
        f"{ranges.width:,.1f} times the least)"
    )


def _scored(found: Figures) -> str:
    ranges = found.files
    return (
        f"interval score {ranges.score:.2f}; saying 1 to 4 each time has {ranges.plain_score:.2f} "
        "(less is better)"
    )


def _lines_held(found: Figures) -> str:
    ranges = found.lines
    if not ranges.printed:
        return "no class of lines was printed"
    return f"{ranges.held} of {ranges.printed} for lines (plans: {ranges.told:.0%})"


def _examples(scores: Sequence[Score], width: int) -> Iterator[str]:
    broken = [each for each in scores if each.error]
    if broken:
        yield ""
        for score in broken[:SHOWN_MAX]:
            yield cut(f"  No plan for “{score.subject}”: {score.error}", width)
        return
    missed = [each for each in scores if not each.begins]
    if missed:
        yield ""
        more = ", among others" if len(missed) > SHOWN_MAX else ""
        yield f"Plans that begin at another file{more}:"
        for score in missed[:SHOWN_MAX]:
            first = score.ranked[0] if score.ranked else "no file"
            changed = [path for path in score.changed if not is_document(path)] or score.changed
            yield cut(f"  {first}, not {changed[0]}: {score.subject}", width)


def _verdict(found: Figures) -> str:
    begun = round(found.begins * found.changes)
    text = (
        f"Of {found.changes} changes, plans begin at a file that really changed in {begun}"
        if found.changes > 1
        else f"The plan of the one change {'begins' if begun else 'does not begin'} at its file"
    )
    if found.changes < FEW:
        return f"{text}: too few to tell much; {FEW} or more do."
    by_chance = wilson(begun, found.changes)
    text += f" (allowing for chance, {by_chance.low:.0%} to {by_chance.high:.0%} of such changes)"
    advice = (
        "start where a plan says."
        if found.begins >= GOOD
        else "look at its first three files before you start."
        if found.begins >= FAIR
        else "name files, options or messages in the goal, and check where a plan begins."
    )
    plain = round(found.bm25_begins * found.changes)
    beside = f" A search for the words begins right in {plain}." if plain >= begun else ""
    return f"{text}: {advice}{beside}"


def _day(work: PastWork) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(work.seconds))
