"""Tells statements that only set the frame: technologies, platforms, sizes and what is left out."""

import re
from collections.abc import Iterator

from missioncontrol.specialists.greenfield.selection import named_technologies
from missioncontrol.specialists.greenfield.statements import Statement

_PIECE = re.compile(r"\s*[,;]\s*(?:and\s+|but\s+)?|\s+and\s+")
_DENIED = re.compile(
    r"(?i)^(?:no|zero|avoid|without|nothing that needs)\b"
    r"(?!.*\b(?:may|must|can|should|ever|is|are|be)\b)"
)
_SIZE = re.compile(
    r"(?i)^(?:(?:at most|under|less than|max\w*|up to|no more than)\s+\d[\d.,]*\s*[A-Za-z%]+"
    r"|(?:no|one|two|three|\d+)\s+\w+\s+at most\b"
    r"|(?:an?|one|two|\d+)\s+(?:GPU|CPU|core|server|machine)s?\b"
    r"|(?:(?:about|around|some|roughly|only|our)\s+)*\d[\d.,]*\s+\w+\s+(?:will\s+)?"
    r"(?:use|work with)\b)"
)
_QUALITY = re.compile(r"(?i)^(?:fast|quick|small|light|cheap|simple|easy)\b")
_BEGINNING = re.compile(
    r"(?i)^(?:green ?field|from scratch|mvp|proof of concept|prototype)"
    r"(?: (?:project|product|work|only|first))?$"
)
_CHECKED = re.compile(
    r"(?i)^(?:(?:no|avoid|without|never)\b.*\b(?:mock|fake|dummy|placeholder|invented|made-up)\b"
    r"|(?:local|offline) (?:persistence|storage)\b)"
)
"""What sets a frame and can be checked all the same: “no mock data”."""
_FRAME = re.compile(
    r"(?i)^(?:(?:it|this|must|should|has to|to|please|only)\s+)*(?:runs?|works?|uses?|using"
    r"|built|written|in|on|with)\b"
)
_RUNS_ON = re.compile(
    r"(?i)^(?:(?:it|this|must|should|has to|to|all)\s+)*(?:runs?|running|hosted|works?)\s+"
    r"(?:on|in)\b"
    r"(?!.*\b(?:without|when|if|no)\b)"
)
"""On what a product runs: “running in the county's own data centre”."""
_PLATFORM = re.compile(
    r"\b(?:Linux|Mac|macOS|OS X|Windows|iOS|Android|Chrome|Firefox|Safari|Edge|browsers?|Node|PCs?"
    r"|phones?|tablets?|desktops?|laptops?|offline)\b"
)
_ON = re.compile(r"(?i)\b(?:runs?|works?)\s+(?P<how>(?:offline\s+)?(?:on|in)\s+[^.;]{3,50})")
_FEW, _SHORT = 6, 2
"""Words of a piece that only names technologies; words of one that only describes."""


def is_constraint(statement: Statement) -> bool:
    """Whether a statement is a list of constraints: “Go and SQLite, but no Kafka”."""
    if _is_act(statement) or _CHECKED.match(statement.text):
        return False
    pieces = list(pieces_of(statement.text))
    sure = [each for each in pieces if _is_sure(each)]
    return bool(sure) and all(each in sure or len(each.split()) <= _SHORT for each in pieces)


def _is_act(statement: Statement) -> bool:
    """Whether a statement has a verb that asks for more than a frame."""
    if statement.place < 0 or _SIZE.match(statement.text) or _DENIED.match(statement.text):
        return False
    first = statement.text.split()[0].strip(",")
    if first[:1].isupper() and named_technologies(first):
        return False  # “Rust, SQLite”
    return statement.verb not in {"run", "work", "use", "build", "write", "go"}


def pieces_of(text: str) -> Iterator[str]:
    """Yield the items of a list of constraints."""
    yield from (piece for each in _PIECE.split(text) if (piece := each.strip(" .")))


def _is_sure(piece: str) -> bool:
    words = len(piece.split())
    is_size = _SIZE.match(piece) is not None and words <= _FEW
    if _DENIED.match(piece) or is_size or _QUALITY.match(piece) or _RUNS_ON.match(piece):
        return True
    if _BEGINNING.match(piece):
        return True
    is_named = bool(named_technologies(piece) or _PLATFORM.search(piece))
    return is_named and (words <= _FEW or _FRAME.match(piece) is not None)


def is_beginning(text: str) -> bool:
    """Whether words only say that nothing is there yet: “greenfield project”."""
    return _BEGINNING.match(text.strip(" .")) is not None


def denied(text: str) -> Iterator[str]:
    """Yield what a text leaves out: “No advertising”."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        for piece in pieces_of(sentence):
            if _DENIED.match(piece):
                yield piece


def platforms(text: str) -> str:
    """Return on what a product runs, as the goal says it: “on Linux and Mac”."""
    found = _ON.search(text)
    return found["how"].strip(" ,") if found and _PLATFORM.search(found["how"]) else ""
