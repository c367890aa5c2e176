"""How a change of files looks in a terminal: line by line, and where the rest of it is."""

from collections.abc import Iterator, Sequence

from missioncontrol.application.queries.patches import Diff, FileDiff
from missioncontrol.cli.output import colour
from missioncontrol.domain.visible import visible

LINES_MAX = 400
"""Of all diffs together: more than anybody reads in a terminal."""

LETTERS_MAX = 1_000
"""Of a line; files that programs write have longer ones."""

COLOURS = {"+": "32", "-": "31", "@": "36"}


def diff_lines(diffs: Sequence[Diff], run: str) -> list[str]:
    """Return the lines that show what diffs do, and what is left out, with its place."""
    found: list[str] = []
    room = LINES_MAX
    for diff in diffs:
        body = [line for file in diff.files for line in _of_file(file)]
        is_cut = len(body) > room or any(len(line) > LETTERS_MAX for line in body[:room])
        found += ["", _head(diff), *(f"  {_shown(line)}" for line in body[:room])]
        if is_cut or not diff.is_whole:
            found += list(_rest(diff, len(body) - room, run))
        room -= min(room, len(body))
    return found


def _head(diff: Diff) -> str:
    what = "Part of what would run" if diff.is_exact else "What it stands on, handed in before"
    added, removed = (
        sum(each.added for each in diff.files),
        sum(each.removed for each in diff.files),
    )
    files = f"{len(diff.files)} file{'' if len(diff.files) == 1 else 's'}"
    return visible(f"{what}: {diff.source} ({files}, +{added} -{removed})")


def _of_file(file: FileDiff) -> list[str]:
    return file.text.rstrip("\n").split("\n")  # Not by every sign that Unicode takes for an end.


def _shown(line: str) -> str:
    text = line if len(line) <= LETTERS_MAX else f"{line[:LETTERS_MAX]}…"
    is_head = line.startswith(("+++ ", "--- "))
    return text if is_head or line[:1] not in COLOURS else colour(text, COLOURS[line[:1]])


def _rest(diff: Diff, more: int, run: str) -> Iterator[str]:
    lines = f": {more:,} more line{'' if more == 1 else 's'}" if more > 0 else ""
    yield f"  Not all of it is shown{lines}."
    if diff.is_exact:
        yield "  The whole of it stands above, in what would run."
    else:
        yield f"  `mission runs artifacts {run} --output DIR` writes all, each file as STEP/NAME."
