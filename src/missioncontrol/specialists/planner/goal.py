"""Reads a goal: which sentences and clauses ask for something, and in which words."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from missioncontrol.domain.plan import Requirement
from missioncontrol.specialists.planner import wording
from missioncontrol.specialists.planner.sentences import (
    Sentence,
    capitalised,
    sentences,
    shortened,
)
from missioncontrol.specialists.words import is_cjk, words

REQUIREMENTS_MAX = 60
"""Asks that get a number of their own; what a longer goal asks beyond is kept in one more."""
TEXT_LENGTH_MAX = 4_000
"""Characters of one ask; sentences show less of it."""
Kind = Literal["function", "quality", "constraint"]


class Ask(msgspec.Struct, frozen=True):
    """One thing asked for."""

    text: str
    kind: Kind
    verb: str  # the imperative it starts with, in lower case; "" where it has none
    where: str  # goal, constraint 2, context
    words: str  # the sentence it was taken from

    @property
    def refers_back(self) -> bool:
        """Whether it leans on an earlier ask for what it is about."""
        return self.kind == "constraint" or wording.REFERRING.search(self.text) is not None


class Goal(msgspec.Struct, frozen=True):
    """A goal as the planner understood it."""

    text: str
    asks: tuple[Ask, ...]
    background: tuple[str, ...]  # sentences that ask for nothing

    @property
    def main(self) -> Ask:
        """The first ask that is no constraint, or else the first."""
        return next((ask for ask in self.asks if ask.kind != "constraint"), self.asks[0])

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the asks with their numbers."""
        return tuple(
            Requirement(f"R{number}", ask.text, ask.kind, f"{ask.where}: “{ask.words}”")
            for number, ask in enumerate(self.asks, 1)
        )


def read_goal(goal: str, constraints: Sequence[str] = (), context: str = "") -> Goal:
    """Find everything that is asked for; a goal that asks nothing in form is one ask as a whole."""
    background: list[str] = []
    asks = _asked(sentences(goal), "goal", background)
    if background and all(ask.kind == "constraint" for ask in asks):
        # “Login is slow. Keep the API.”: the complaint is what is to be changed.
        asks = [_whole(background.pop(0)), *asks]
    elif not asks and goal.strip():
        asks = [_whole(goal)]
    if len(asks) == 1 and not asks[0].verb and wording.COMPLAINT.search(goal):
        asks = [msgspec.structs.replace(asks[0], kind="function")]  # a complaint, not a rule
    for number, constraint in enumerate(constraints, 1):
        asks += _constraint(
            constraint, f"constraint {number}" if len(constraints) > 1 else "constraint"
        )
    asks += [
        ask
        for ask in _asked(sentences(context), "context", background)
        if wording.MODAL.search(ask.words) or ask.kind == "constraint"
    ]
    return Goal(goal, tuple(_bounded(_without_repeats(asks))), tuple(background))


@cache
def verbs() -> dict[str, str]:
    """Return the imperatives we know, each with the kind of work it speaks of ("" for any)."""
    import tomllib

    path = Path(__file__).with_name("kinds.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {verb: kind for kind, group in data["verbs"].items() for verb in group}


def leading_verb(text: str) -> str:
    """Return the imperative that `text` starts with, in lower case, or an empty string."""
    plain = wording.BEFORE_VERB.sub("", text)
    first = words(plain[:60])[:1]
    if not first or (first[0].isupper() and len(first[0]) > 1):
        return ""  # `GET` and `POST` are names, not imperatives.
    return first[0].lower() if first[0].lower() in verbs() else ""


def _is_title(sentence: Sentence, background: list[str], asks: list[Ask]) -> bool:
    """Whether this is a first sentence without a statement in it, such as “CSV export”."""
    return not background and not asks and not wording.STATEMENT.search(sentence.text)


def _asked(found: Iterable[Sentence], where: str, background: list[str]) -> list[Ask]:
    asks: list[Ask] = []
    for sentence in found:
        body = wording.LEAD_IN.sub("", sentence.text).strip()
        if not body:
            continue
        if sentence.is_heading and not (leading_verb(body) and not wording.POINTING.search(body)):
            continue
        wanted = sentence.is_item or body != sentence.text.strip() or _is_ask(body)
        wanted = wanted or _is_title(sentence, background, asks)
        if wanted:
            asks += [
                ask for clause in _clauses(body) for ask in _as_asks(clause, where, sentence.text)
            ]
        else:
            background.append(sentence.text)
    return asks


def _is_ask(text: str) -> bool:
    return bool(
        leading_verb(text)
        or wording.MODAL.search(text)
        or wording.NEGATIVE.search(text)
        or is_cjk(text)
    )


def _whole(goal: str) -> Ask:
    text = " ".join(goal.split())
    return Ask(
        shortened(text, TEXT_LENGTH_MAX),
        "function",
        "",
        "goal",
        shortened(text, TEXT_LENGTH_MAX),
    )


def _constraint(text: str, where: str) -> list[Ask]:
    found = [sentence for sentence in sentences(text) if sentence.text.strip()]
    return [
        Ask(
            capitalised(sentence.text.strip(" .")),
            "constraint",
            leading_verb(sentence.text),
            where,
            shortened(sentence.text, TEXT_LENGTH_MAX),
        )
        for sentence in found
    ]


def _clauses(text: str) -> Iterator[str]:
    """Cut a sentence where a second ask begins; what follows “so that” is a reason, no ask."""
    for piece in wording.WITHOUT.split(text):
        for clause in _verb_clauses(piece):
            yield wording.REASON.split(clause, maxsplit=1)[0]


def _verb_clauses(text: str) -> Iterator[str]:
    start = 0
    for joint in wording.JOINT.finditer(text):
        rest, before = text[joint.end() :], text[start : joint.start()]
        if wording.REASON.search(before) and "," not in joint.group():
            continue  # “so that users log in and see their orders” is one reason.
        if _inside_quotes(text, joint.start()) or not _starts_ask(rest, before):
            continue
        yield before
        start = joint.end()
    yield text[start:]


def _starts_ask(rest: str, before: str) -> bool:
    """Whether `rest` begins an ask of its own, and not a second noun of the one before."""
    if wording.DEMANDED_OF.match(rest) or wording.DEMAND.match(rest):
        return True
    if not leading_verb(rest) or len(words(rest)) < 2:
        return False
    # “Make the read and write lock fair” goes on with a noun: two verbs joined inside one object.
    inside = re.search(r"(?i)\b(?:the|a|an|its|their|our)\s+(\w+)$", before)
    if inside and inside[1].lower() in verbs():
        return False
    return bool(leading_verb(before) or wording.MODAL.search(before))


def _inside_quotes(text: str, at: int) -> bool:
    before = text[:at]
    return (
        before.count("`") % 2 == 1
        or before.count('"') % 2 == 1
        or before.count("“") > before.count("”")
        or before.count("(") > before.count(")")
    )


def _as_asks(clause: str, where: str, source: str) -> Iterator[Ask]:
    for text in _listed(clause.strip(" ,;.。!?")):
        body = wording.LEAD_IN.sub("", text).strip(" ,;.")
        if not words(body) and not body:
            continue
        yield Ask(
            shortened(capitalised(body), TEXT_LENGTH_MAX),
            _kind(body),
            leading_verb(body),
            where,
            shortened(source, TEXT_LENGTH_MAX),
        )


def _listed(clause: str) -> list[str]:
    """Split “Add login, logout and CSV export” in three, and what follows “with” likewise."""
    host, joint, items = clause.partition(" with ")
    things = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", items)
    if joint and leading_verb(clause) and len(things) >= 3 and all(map(_is_thing, things)):
        return [host, *things]
    return _with_shared_verb(clause)


def _with_shared_verb(clause: str) -> list[str]:
    verb = leading_verb(clause)
    pieces = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", clause)
    is_list = len(pieces) >= 3 and "," in clause and verb and not re.search(r"[`(\"“]", clause)
    head = pieces[0].split(None, 1)
    if not is_list or len(head) < 2 or wording.PREPOSITION.search(head[1]):
        return [clause]
    if any(not _is_thing(piece) for piece in [head[1], *pieces[1:]]):
        return [clause]
    return [pieces[0], *(f"{head[0]} {piece}" for piece in pieces[1:])]


def _is_thing(piece: str) -> bool:
    """Whether a listed piece can stand alone: no bare acronym, number or long clause."""
    found = words(piece)
    return 0 < len(found) <= 6 and (len(found) > 1 or (found[0].islower() and len(found[0]) > 3))


def _kind(text: str) -> Kind:
    if wording.NEGATIVE.search(text):
        return "constraint"
    return "quality" if wording.QUALITY.search(text) else "function"


def _without_repeats(asks: Iterable[Ask]) -> list[Ask]:
    kept: dict[str, Ask] = {}
    for ask in asks:
        kept.setdefault(" ".join(ask.text.casefold().split()), ask)
    return list(kept.values())


def _bounded(asks: list[Ask]) -> list[Ask]:
    if len(asks) <= REQUIREMENTS_MAX:
        return asks
    rest = asks[REQUIREMENTS_MAX:]
    joined = "; ".join(ask.text for ask in rest)
    last = Ask(
        f"Also, {len(rest)} further asks: {shortened(joined, 8_000)}",
        "function",
        "",
        "goal",
        shortened(joined, TEXT_LENGTH_MAX),
    )
    return [*asks[:REQUIREMENTS_MAX], last]
