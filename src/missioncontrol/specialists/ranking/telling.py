"""Finds where the names that a goal writes out stand, and the lines that say most of its words."""

import itertools
import re
from collections.abc import Sequence

import msgspec

from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.terms import counted, goal_stems, title
from missioncontrol.specialists.words import STOP_WORDS

HOMES_MAX = 6
"""Files that hold a name, beyond which it leads nowhere."""
RARE_MAX = 2
"""Files that hold a plain word which is as telling as a name: a misspelt one stands in few."""
RARE_LENGTH_MIN, NAMES_MAX = 5, 8
LINE_LENGTH_MAX = 300
"""A longer line is data."""
NAME_FACTOR = 2.5
"""What a name that stands in a line counts for beside its words."""
LINES_MAX = 8
"""Lines of a file that hold a name, beyond which it leads to none of them."""
_SLIP = re.compile(r"(?i)\b(?:typos?|misspell\w*|spelling|misspelt)\b")
_MARKED = re.compile(r"`([^`\s\n][^`\n]{0,58}[^`\s\n])`|[\"“]([^\"”\n]{3,60})[\"”]")
_NAME = re.compile(
    r"(?<![\w./-])(?:--?(?=[a-z]))?(?:@?[A-Za-z]\w*)(?:(?:::|->|[.#/-])\w[\w]*)+|\b\w+_\w+\b"
    r"|\b[a-z]+[A-Z]\w*\b|\b[A-Z][a-z0-9]+[A-Z]\w*\b|\b[A-Z][A-Z0-9]{3,}\b|\b\w+(?=\(\))"
)
_HYPHENED = re.compile(r"[A-Za-z]+-[A-Za-z]+")
"""A word of prose, such as “zero-length”."""
_LOCK = re.compile(r"(?i)(?:^|/)[\w.-]*(?:lock(?:b|file|\.json|\.yaml)?|shrinkwrap\.json|go\.sum)$")
_STRING = re.compile(r"[\"'`].*[\"'`]")
_PIECE = re.compile(r"\w+")
_WORD = re.compile(r"[A-Za-z]{2,}")
_LABEL = re.compile(r"^\W*\w+(?:\([^)]*\))?!?:\s+(?=\S)")


class TellingLine(msgspec.Struct, frozen=True):
    """A line of a file that holds what the goal speaks of."""

    number: int  # 1 and up
    text: str
    score: float
    defines: bool  # a name of the goal


def label_less(line: str) -> str:
    """Return a first line without the label before it."""
    return _LABEL.sub("", line)


def names_in(goal: str) -> list[str]:
    """Return what the first line of a goal writes as code or quotes, in order."""
    line = label_less(title(goal))
    marked = ["".join(groups) for groups in _MARKED.findall(line)]
    named = [match.group().lstrip("@") for match in _NAME.finditer(_MARKED.sub(" ", line))]
    names = (each.strip().removesuffix("()").strip("-") for each in [*marked, *named])
    telling = (each for each in names if len(each) > 2 and not _HYPHENED.fullmatch(each))
    return list(dict.fromkeys(telling))[:NAMES_MAX]


def homes(index: Index, goal: str) -> dict[str, tuple[int, ...]]:
    """Return the files that hold each name of a goal, where they are few.

    `Type::member` that stands nowhere so stands where one line holds both. A plain word counts as
    a name where the goal is about a slip, and next to no file holds it.
    """
    found = {}
    for name in names_in(goal):
        own = _holding(index, name) or _holding(index, name, any_case=True)
        own = own or _with_line(index, _pieces(name))
        if 0 < len(own) <= HOMES_MAX:
            found[name] = own
    line = label_less(title(goal))
    for word in dict.fromkeys(_WORD.findall(line)) if _SLIP.search(line) else ():
        if len(word) < RARE_LENGTH_MIN or word.lower() in STOP_WORDS or word in found:
            continue
        own = _holding(index, word, any_case=True)
        if 0 < len(own) <= RARE_MAX:
            found[word] = own
    return found


def _pieces(name: str) -> list[str]:
    """Return `Type` and `member` of `Type::member`; a path or `two-words` has no such pieces."""
    return [] if re.search(r"[-/]", name) else [p for p in _PIECE.findall(name) if len(p) > 2]


def _with_line(index: Index, pieces: Sequence[str]) -> tuple[int, ...]:
    """Return the files of which one line holds all pieces of a name, in any case and order."""
    if len(pieces) < 2:
        return ()
    each = "".join(rf"(?=.*(?<!\w){re.escape(piece)}(?!\w))" for piece in pieces)
    holds = re.compile(rf"(?m)^{each}")
    near = index.with_all(counted(" ".join(pieces)))
    return tuple(n for n in near if _is_read(index, n) and holds.search(index.text_of(n)))


def _holding(index: Index, name: str, *, any_case: bool = False) -> tuple[int, ...]:
    terms = counted(name)
    if not terms:
        return ()
    whole = _whole(name, any_case=any_case)
    near = index.with_all(terms)
    return tuple(n for n in near if _is_read(index, n) and whole.search(index.text_of(n)))


def _whole(name: str, *, any_case: bool) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE if any_case else 0)


def _is_read(index: Index, number: int) -> bool:
    return not _LOCK.search(index.paths[number]) and "is_change_log" not in index.roles(number)


def lines_in(index: Index, goal: str, number: int) -> list[TellingLine]:
    """Return the lines of a file that hold a name of the goal's first line, the best first.

    Two words side by side in a message count as a name; what many lines hold leads to none.
    """
    line = label_less(title(goal))
    names = names_in(goal)
    pieces = [piece for name in names for piece in _pieces(name)]
    pieces += [each.removesuffix("s") for each in pieces if len(each) > RARE_LENGTH_MIN]
    text = index.text_of(number)
    low = text.lower()
    named = [name for name in dict.fromkeys([*names, *pieces]) if name in text]
    pairs = [pair for pair in _pairs(line) if pair in low]
    if not (named or pairs):  # Most texts hold none: their lines need no look.
        return []
    rows, lower = text.split("\n"), low.split("\n")
    named = [name for name in named if _is_rare(name, rows)]
    pairs = [pair for pair in pairs if _is_rare(pair, lower)]
    weights = {term: index.text.weight(term) for term in goal_stems(line)}
    found = []
    for at, row in enumerate(rows, 1):
        hits = [each for each in named if each in row]
        if pairs_here := [each for each in pairs if each in lower[at - 1]]:
            strings = " ".join(_STRING.findall(lower[at - 1]))
            hits += [each for each in pairs_here if each in strings]
        if hits and len(row) <= LINE_LENGTH_MAX:
            score = sum(weights.get(term, 0.0) for term in counted(row))
            defined = any(each in named and _defines(row, each) for each in hits)
            score *= NAME_FACTOR ** min(len(hits) + defined, 3)
            found.append(TellingLine(at, row.strip(), round(score, 3), defined))
    return sorted(found, key=lambda each: (-each.score, each.number))


def _defines(row: str, name: str) -> bool:
    keyword = r"\b(?:def|func|fn|function|class|struct|enum|trait|interface|type|module)\b"
    return re.search(rf"{keyword}[^=(]*(?<!\w){re.escape(name)}(?!\w)", row) is not None


def _is_rare(name: str, rows: Sequence[str]) -> bool:
    """Whether few lines hold a name that stands in one, so that it leads to some of them."""
    return sum(name in row for row in rows) <= LINES_MAX


def _pairs(line: str) -> list[str]:
    words = line.lower().split()
    return [
        f"{one} {other}"
        for one, other in itertools.pairwise(words)
        if one not in STOP_WORDS and other not in STOP_WORDS and one.isalpha() and other.isalpha()
    ]
