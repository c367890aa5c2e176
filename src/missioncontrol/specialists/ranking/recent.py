"""Reads which lines of a file its newest commits wrote: work goes on where it went on last."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import LATE, git_part

if TYPE_CHECKING:
    from missioncontrol.specialists.ranking.index import Index

COMMITS_MAX = 8
"""Newest commits of a file whose lines are looked for."""
FADING = 0.8
"""What a commit counts for beside the next newer one of the file."""
CHARACTERS_MIN = 4
"""Shorter lines, such as a brace, stand everywhere."""
PLACES_MAX = 2
"""A line that stands more often in its file does not say which place was written."""
BYTES_MAX = 16 * 1024 * 1024
_HUNK = re.compile(r"^@@ -\S+ \+\d+")


def read_recent(index: "Index", files: Sequence[int]) -> None:
    """Look up what the newest commits wrote in some files, for all of them in one go.

    The index keeps it. A clone that lacks the contents of earlier files has none.

    Raises:
        AttemptFailed: `history.too_slow`, for what a slow git leaves out would change the plan.
    """
    missing = [number for number in files if number not in index.recent]
    index.recent.update((number, ()) for number in missing)
    if not missing or not index.tree.is_git or not index.has_past:
        return
    own = {number: index.past.by_file[number][:COMMITS_MAX] for number in missing}
    commits = sorted({place for places in own.values() for place in places})
    if not commits:
        return
    paths = [index.paths[number] for number in missing]
    added = added_lines(index.tree.root, [index.past.changes[place].id for place in commits], paths)
    for number, places in own.items():
        path = index.paths[number]
        lines = [added.get((index.past.changes[place].id, path), ()) for place in places]
        index.recent[number] = tuple(map(tuple, lines))


def block_shares(index: "Index", number: int) -> list[float]:
    """Return what share of its newest commits' lines stands in each block; newer ones count more.

    0 everywhere where nothing was read of the file.
    """
    blocks = index.blocks(number)
    found = [0.0] * len(blocks)
    commits = index.recent.get(number, ())
    if not any(commits):
        return found
    where = _places(index.text_of(number))
    of_line = [n for n, block in enumerate(blocks) for _ in range(block.first, block.last + 1)]
    for age, lines in enumerate(commits):
        standing = [
            places for line in lines if 0 < len(places := where.get(line, ())) <= PLACES_MAX
        ]
        for places in standing:
            for place in places:
                found[of_line[place]] += FADING**age / len(places) / len(standing)
    return found


def _places(text: str) -> dict[str, list[int]]:
    """Return, by its bare text, where each line stands, counted from 0."""
    found: dict[str, list[int]] = {}
    for place, line in enumerate(text.removesuffix("\n").split("\n")):
        if len(bare := line.strip()) >= CHARACTERS_MIN:
            found.setdefault(bare, []).append(place)
    return found


def added_lines(
    root: Path, commits: Sequence[str], paths: Sequence[str]
) -> dict[tuple[str, str], list[str]]:
    """Return, by commit and path, the lines that a commit added, without their indentation.

    Files are asked for by their names of today: what they were called before is not followed.
    """
    asked = ("show", "--format=%x01%H", "--unified=0", "--no-renames", "--relative")
    try:
        answer = git_part(root, *asked, *commits, "--", *paths, bytes_max=BYTES_MAX)
    except Unavailable:
        return {}
    if answer.cut.startswith(LATE):
        raise AttemptFailed(
            "history.too_slow",
            f"git could not show the newest changes of {root.name!r}: {answer.cut}.",
            hint="Run `git gc` there, or try again when the machine has less to do.",
        )
    found: dict[tuple[str, str], list[str]] = {}
    for commit, path, line in _lines(answer.text):
        found.setdefault((commit, path), []).append(line)
    return found


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the commit, the path and the bare text of each line that a diff adds."""
    commit, path, is_head = "", "", True
    for line in text.split("\n"):
        if line.startswith("\x01"):
            commit, path, is_head = line[1:], "", True
        elif line.startswith("diff --git "):
            path, is_head = "", True
        elif is_head and line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/").rstrip("\t")
        elif _HUNK.match(line):
            is_head = False
        elif not is_head and path and line.startswith("+"):
            yield commit, path, line[1:].strip()
