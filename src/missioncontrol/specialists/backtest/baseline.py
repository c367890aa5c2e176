"""The least to beat: plain BM25 over the paths and texts of a repository's files of code."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from missioncontrol.specialists.git import git
from missioncontrol.specialists.kinds import HEAD_BYTES, is_binary
from missioncontrol.specialists.ranking.field import Field

PATH_FACTOR = 5
FILE_BYTES_MAX = 1024 * 1024
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])|\d+")
"""A word of prose, or of an identifier. The words of our own ranking are not used here: what it is
measured against should not change with it."""


class Baseline:
    """Ranks files for a goal; the words of contents that stay are counted once for all changes."""

    def __init__(self) -> None:
        """Begin without any file."""
        self._counts: dict[str, dict[str, int]] = {}

    def ranked(self, root: Path, goal: str, leave_out: Iterable[str], limit: int) -> list[str]:
        """Return the best files of the work tree at `root` for `goal`, at most `limit`."""
        out = set(leave_out)
        blobs = {path: blob for path, blob in tracked(root).items() if path not in out}
        # Contents that are gone from the tree are forgotten, so this is never larger than a tree.
        self._counts = {
            blob: self._counts.get(blob) or words_of(_text(root / path))
            for path, blob in blobs.items()
        }
        paths = sorted(blobs)
        field = Field(
            (_with_path(self._counts[blobs[path]], path) for path in paths), length_share=0.75
        )
        scores = field.scores(words_of(goal))
        return [paths[n] for n in sorted(scores, key=lambda n: (-scores[n], paths[n]))[:limit]]


def tracked(root: Path) -> dict[str, str]:
    """Return the regular files that git tracks in the work tree at `root`, with their blobs."""
    listed = git(root, "ls-files", "--stage", "-z").split("\0")
    entries = (line.split("\t", 1) for line in listed if "\t" in line)
    return {path: about.split()[1] for about, path in entries if about.startswith("100")}


def words_of(text: str) -> dict[str, int]:
    """Return how often each word occurs; identifiers are split, and single letters left out."""
    return Counter(word.lower() for word in _WORD.findall(text) if len(word) > 1)


def _with_path(counts: Mapping[str, int], path: str) -> dict[str, int]:
    found = dict(counts)
    for word, count in words_of(path).items():
        found[word] = found.get(word, 0) + PATH_FACTOR * count
    return found


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX)
    except OSError:
        return ""
    return "" if is_binary(data[:HEAD_BYTES]) else data.decode("utf-8", "replace")
