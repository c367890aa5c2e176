"""What puts the likely files into order beside the figures that tell how likely each of them is."""

import re
from collections.abc import Set as AbstractSet

from missioncontrol.specialists.ranking.evidence import Evidence
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.terms import counted, goal_stems, title

NAMES = (
    *("file_name_in_title", "file_name_in_goal", "file_name_like_title"),
    *("tests_fit", "documents_fit", "label_fits"),
)
"""What stands in a row, in order."""
ABBREVIATION_MIN = 3
"""Letters that two words have to share at their beginning to count as alike."""
UNASKED = -0.5
"""What a test or a document counts that the goal does not speak of."""
_TESTS = re.compile(r"(?i)\btests?\b|coverage|flak|\bspecs?\b")
_DOCUMENTS = re.compile(
    r"(?i)\bdoc(?:s|ument\w*|string\w*)?\b|\breadme\b|\btypos?\b|\btutorial|\bguide\b"
    r"|\bchange ?log\b|\bexample"
)
_LABEL = re.compile(
    r"(?i)^\W*(tests?|ci|docs?|chore|build|deps|style|perf|refactor|feat|fix|types?)\b"
)
_KINDS = {
    **dict.fromkeys(("test", "tests"), "test"),
    **dict.fromkeys(("doc", "docs"), "document"),
    **dict.fromkeys(("ci", "build", "deps", "chore"), "configuration"),
}
"""The kind of file that work with such a label is about."""
_CODE = frozenset({"feat", "fix", "refactor", "perf"})
"""Labels of work on the code itself."""


def rows(index: Index, evidence: Evidence) -> list[list[float]]:
    """Return one row for each candidate, in their order, with a number for each of `NAMES`."""
    first = goal_stems(title(evidence.goal)).keys()
    return [
        figures(evidence.goal, first, evidence.terms.keys(), index.paths[n], index.files[n].kind)
        for n in evidence.candidates
    ]


def figures(
    goal: str, first: AbstractSet[str], terms: AbstractSet[str], path: str, kind: str
) -> list[float]:
    """Return the row of one file; `first` are the stems of the goal's title, `terms` of all."""
    line = title(goal)
    name = _name_stems(path)
    size = len(name) or 1
    return [
        len(name & first) / size,
        len(name & terms) / size,
        max((_likeness(one, other) for one in first for other in name), default=0.0),
        _fits(kind == "test", bool(_TESTS.search(line))),
        _fits(kind == "document", bool(_DOCUMENTS.search(line))),
        _label_fits(line, kind),
    ]


def speaks_of_tests(line: str) -> bool:
    """Whether the first line of a goal is about tests."""
    return _TESTS.search(line) is not None


def _name_stems(path: str) -> set[str]:
    base = path.rpartition("/")[2]
    return set(counted(base.rpartition(".")[0] or base))


def _likeness(one: str, other: str) -> float:
    """Return how much of the longer word the other one is, where one abbreviates the other."""
    short, long = sorted((one, other), key=len)
    if one == other or len(short) < ABBREVIATION_MIN or not long.startswith(short):
        return 0.0
    return len(short) / len(long)


def _fits(is_so: bool, is_asked: bool) -> float:
    if not is_so:
        return 0.0
    return 1.0 if is_asked else UNASKED


def _label_fits(line: str, kind: str) -> float:
    match = _LABEL.match(line)
    label = match[1].lower() if match else ""
    if label in _CODE:
        return 0.0 if kind == "code" else -1.0
    return float(_KINDS.get(label) == kind)
