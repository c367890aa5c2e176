"""Cuts a sentence into the things it asks for: its clauses, and the members of its lists."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.specialists.planner import phrasing
from missioncontrol.specialists.planner.ask import TEXT_LENGTH_MAX, Ask, kind_of
from missioncontrol.specialists.planner.imperatives import leading_verb, verbs
from missioncontrol.specialists.planner.pronouns import joins_repair
from missioncontrol.specialists.planner.sentences import capitalised, shortened
from missioncontrol.specialists.planner.side_changes import (
    aside,
    split_asides,
    without_accompaniment,
)
from missioncontrol.specialists.words import words

_NAMED_BEFORE = re.compile(r"\S\s+(?:[A-Z][\w.]*|`[^`]+`)$")
_NAME_FOLLOWS = re.compile(r"[A-Z][a-z]\w*\s+[a-z]+s?\b|`")
"""“Add Suspend and Reset methods”: what is joined are two names, whatever verbs they look like."""
_SHARED_END = re.compile(r"(?i)\s(?:to|in|into|from|on)\s")


def parse_clauses(text: str, where: str, source: str) -> list[Ask]:
    """Return what `text` asks for, clause by clause; `source` is the sentence it comes from."""
    found: list[Ask] = []
    for clause in _clauses(text):
        change, company = without_accompaniment(phrasing.LEAD_IN.sub("", clause).strip(" ,;"))
        found += _parse_clause(change, where, source) if change else ()
        found += [as_ask(f"Add {thing}", where, source) for thing in company]
    return found


def _clauses(text: str) -> Iterator[str]:
    """Cut a sentence where a second ask begins; what follows “so that” is a reason, no ask."""
    for piece in phrasing.WITHOUT.split(text):
        for clause in _verb_clauses(piece):
            yield phrasing.REASON.split(clause, maxsplit=1)[0]


def _verb_clauses(text: str) -> Iterator[str]:
    start = 0
    for joint in phrasing.JOINT.finditer(text):
        rest, before = text[joint.end() :], text[start : joint.start()]
        if phrasing.REASON.search(before) and "," not in joint.group():
            continue  # “so that users log in and see their orders” is one reason.
        if len(words(before)) == 1 or _is_condition(before):
            continue  # “Fix and simplify …” has one object, and “When …, it should …” is one ask.
        if joins_repair(before, rest):
            continue  # A repair includes finding out what is wrong.
        if _inside_quotes(text, joint.start()) or not _starts_ask(rest, before):
            continue
        yield before
        start = joint.end()
    yield text[start:]


def _is_condition(text: str) -> bool:
    """Whether a text says only when something holds; “Once merged, delete it” goes on to ask."""
    return phrasing.CONDITION.match(text.strip()) is not None and not phrasing.MODAL.search(text)


def _starts_ask(rest: str, before: str) -> bool:
    """Whether `rest` begins an ask of its own, and not a second noun of the one before."""
    if phrasing.DEMANDED_OF.match(rest) or phrasing.DEMAND.match(rest):
        return True
    if aside(rest):
        return bool(leading_verb(before) or phrasing.MODAL.search(before))
    if not leading_verb(rest) or len(words(rest)) < 2:
        return False
    if _NAMED_BEFORE.search(before) and _NAME_FOLLOWS.match(rest):
        return False
    # “Make the read and write lock fair” goes on with a noun: two verbs joined inside one object.
    inside = re.search(r"(?i)\b(?:the|a|an|its|their|our)\s+(\w+)$", before)
    if inside and inside[1].lower() in verbs():
        return False
    return bool(leading_verb(before) or phrasing.MODAL.search(before))


def _inside_quotes(text: str, at: int) -> bool:
    before = text[:at]
    return (
        before.count("`") % 2 == 1
        or before.count('"') % 2 == 1
        or before.count("“") > before.count("”")
        or before.count("(") > before.count(")")
    )


def _parse_clause(clause: str, where: str, source: str) -> Iterator[Ask]:
    listed = _listed(clause.strip(" ,;.。!?"))
    for number, text in enumerate(each for one in listed for each in split_asides(one)):
        body = phrasing.LEAD_IN.sub("", text).strip(" ,;.")
        if body:
            ask = as_ask(body, where, source)
            states = number > 0 and not ask.verb and phrasing.STATES.search(body)
            yield msgspec.structs.replace(ask, is_property=True) if states else ask


def as_ask(text: str, where: str, source: str) -> Ask:
    """Return `text` as one ask, whatever it says."""
    return Ask(
        shortened(capitalised(text), TEXT_LENGTH_MAX),
        kind_of(text),
        leading_verb(text),
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
    named, colon, detail = clause.partition(": ")
    if colon and verbs().get(verb) == "bug-fix":
        return [clause]  # “Fix `send`: the second call is lost” tells the fault, and asks once.
    stated = _with_conditions(re.split(r"\s*,\s*(?:and\s+)?", detail))
    if colon and verb and " " in named and all(phrasing.STATES.search(piece) for piece in stated):
        return [named, *stated]  # “Add webhooks: each event is signed, failures are shown”
    pieces = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", clause)
    is_list = len(pieces) >= 3 and "," in clause and verb and not re.search(r"[`(\"“]", clause)
    head = pieces[0].split(None, 1)
    if not is_list or len(head) < 2 or phrasing.PREPOSITION.search(head[1]):
        return [clause]
    if _SHARED_END.search(pieces[-1]):
        return [clause]  # “Add A, B and C to the defaults” says of all where they go.
    if any(not _is_thing(piece) for piece in [head[1], *pieces[1:]]):
        return [clause]
    return [pieces[0], *(f"{head[0]} {piece}" for piece in pieces[1:])]


def _with_conditions(pieces: Sequence[str]) -> list[str]:
    """Join a piece that only states a condition, “when it is set, …”, with what follows it."""
    found: list[str] = []
    waiting = ""
    for piece in pieces:
        if phrasing.CONDITION.match(piece) and piece is not pieces[-1]:
            waiting += f"{piece}, "
        else:
            found.append(waiting + piece)
            waiting = ""
    return found


def _is_thing(piece: str) -> bool:
    """Whether a listed piece can stand alone: no bare acronym, number or long clause."""
    found = words(piece)
    return 0 < len(found) <= 6 and (len(found) > 1 or (found[0].islower() and len(found[0]) > 3))
