"""Names a statement as a task, in the imperative."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.specialists.greenfield.clause_parts import (
    Parts,
    finite,
    lowered,
    parts_of,
    raised,
    verb_group,
)
from missioncontrol.specialists.greenfield.lexicon import noun_base, noun_class
from missioncontrol.specialists.greenfield.statements import PRODUCT, Statement

TITLE_MAX = 88
DURATION = re.compile(
    r"(?i)\b(?:days?|weeks?|months?|years?)\b.*\b(?:history|data|records?|logs?)\b"
)
_FOR_EACH = re.compile(r"(?i)\b(?:for (?:each|every)|each with)\b")
_EACH = re.compile(r"(?i)^(?:each|every) (?P<one>.+)$")
WEEKDAYS = re.compile(r"(?P<day>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days)\s+(?:also\s+)?")
_FACTS = frozenset({"have", "be", "cost", "mean", "consist", "belong", "contain", "own"})
NEAR = 8
"""Clauses before one in which the people are named that it is about."""
WORDS_MIN = 3
"""Words of a title that remain at least."""
CAPACITY = re.compile(
    r"(?i)\b(?:only|at most|up to|no more than)\s+(?:\w+\s+)?(?P<number>\d{1,6}|two|three|four|five"
    r"|six|eight|ten|twelve)\s+(?P<what>[a-z][\w -]{2,30}?)\s+(?:an?|per|each|every)\s+"
    r"(?P<period>day|week|month|hour|year|minute)\b"
)
_ASKING = frozenset({"which", "how", "what", "who", "why", "whether"})
"""How a clause begins that says what people want to see: “which step they leave at”."""
_ABLE = re.compile(r"(?i)^able to\s+(?P<verb>[a-z]+)\s*")


def title_of(statement: Statement, before: Sequence[Statement] = ()) -> str:
    """Return a statement as the title of a task; `before` are the statements before it."""
    if statement.tokens and statement.tokens[0].lower in _ASKING:
        return raised(_shortened(f"show {lowered(statement.text)}"))
    parts = in_full(statement, before)
    core = _core(parts).strip()
    if parts.condition:
        core += f" {parts.joint} {parts.condition}"
    elif parts.when:
        core += f", {lowered(parts.when)}"
    return raised(_shortened(" ".join(core.split()).strip(" ,;:")))


def _core(parts: Parts) -> str:
    """Return the title without time and condition."""
    each = _EACH.match(parts.subject)
    if match := CAPACITY.search(parts.text):
        return f"Limit {match['what']} to {match['number']} a {match['period']}"
    if not parts.verb:
        return _of_fragment(parts)
    if each and parts.verb == "have":
        return f"Store {parts.rest} for each {each['one']}"
    if parts.is_negated:
        return _of_prohibition(parts, parts.rest)
    if not parts.subject:
        return _of_order(parts)
    return _of_clause(parts)


def _of_order(parts: Parts) -> str:
    if match := _ABLE.match(parts.rest):
        return f"{match['verb']} {parts.rest[match.end() :]}"
    if parts.verb == "be":
        clear = parts.rest.removeprefix("clear ")
        return f"Make clear {clear}" if clear != parts.rest else f"Be {parts.rest}"
    return f"{'add' if parts.verb == 'have' else parts.order} {parts.behind_verbs}"


def _of_clause(parts: Parts) -> str:
    """Return the title of a clause with a subject of its own."""
    if parts.is_can and "have" in parts.helpers.split():
        return f"Handle the case that {lowered(parts.subject)} have {parts.form} {parts.rest}"
    if parts.is_passive:
        return _of_passive(parts, parts.behind_verbs)
    match = _ABLE.match(parts.rest)
    if parts.is_person and parts.verb in _WISHED:
        wish = parts.behind_verbs.removeprefix("to ")
        is_act = wish != parts.behind_verbs
        return f"Allow {_people(parts)} to {wish}" if is_act else f"Give {_people(parts)} {wish}"
    if parts.is_person and (match or parts.verb not in _FACTS):
        how = "Require" if parts.is_duty and not parts.is_can else "Allow"
        act = f"{match['verb']} {parts.rest[match.end() :]}" if match else ""
        return f"{how} {_people(parts)} to {act or f'{parts.order} {parts.behind_verbs}'}"
    return f"Ensure that {finite(parts, 'product')}"


_BOUNDED = re.compile(r"(?i)^[\w-]+(?: [\w-]+)? (?:below|under|within|above|at least|at most) \d")
"""A quality with its limit: “p95 below 150 ms”."""


_AT_MOST = re.compile(r"(?i)^(?:only|at most|no more than|up to|at least) \d")


def _of_fragment(parts: Parts) -> str:
    if parts.is_negated:
        return f"Ensure that there is {lowered(parts.text)}"
    if DURATION.search(parts.text) or _BOUNDED.match(parts.text):
        return f"Keep {lowered(parts.text)}"
    if _AT_MOST.match(parts.text):
        return f"Allow {lowered(parts.text)}"
    text = re.sub(r"\s*\([^)]*\)", "", parts.text)
    if match := WEEKDAYS.match(text):
        return f"Add {lowered(text[match.end() :])}, on {match['day']}"
    return f"{'Store' if _FOR_EACH.search(text) else 'Add'} {lowered(text)}"


def _of_prohibition(parts: Parts, rest: str) -> str:
    if not parts.subject:
        return f"Never {parts.verb} {rest}"
    is_plain = parts.is_passive and not parts.is_can and not parts.condition
    if is_plain and not parts.is_person and not parts.subject.lower().startswith("no"):
        return f"Never {parts.verb} {lowered(parts.subject)} {rest}"
    return f"Ensure that {finite(parts, 'product')}"


def _of_passive(parts: Parts, rest: str) -> str:
    agent = re.match(
        r"(?i)by (?P<who>(?:an?|the|its|their|every|each|our)? ?[\w-]+)\b(?P<more>.*)$", rest
    )
    behind = parts.behind("by")
    if agent and behind and behind.heads and noun_class(behind.heads[0]) == "person":
        return f"Allow {agent['who']} to {parts.order} {lowered(parts.subject)}{agent['more']}"
    if parts.is_must and parts.joint in {"before", "until"}:
        return f"Ensure that {lowered(parts.subject)} {verb_group(parts)} {rest}"
    if particle := _PARTICLE.match(rest):
        return f"{parts.verb} {particle[1]} {lowered(parts.subject)} {rest[particle.end() :]}"
    return f"{parts.order} {lowered(parts.subject)} {rest}"


_WISHED = frozenset({"want", "need", "wish", "like"})
_PARTICLE = re.compile(r"(?i)(through|up|out|off|down|back|away)\b\s*")


def _people(parts: Parts) -> str:
    plain = lowered(parts.subject)
    return {"i": "me", "we": "us", "they": "them", "he": "him", "she": "her"}.get(plain, plain)


# --- pronouns ------------------------------------------------------------------------------------


def in_full(statement: Statement, before: Sequence[Statement]) -> Parts:
    """Return the parts of a statement with the pronoun behind its verb in full: “check them”."""
    parts = _with_subject(parts_of(statement), statement, before)
    found = _PRONOUN.match(parts.rest)
    if found is None:
        return parts
    joint, pronoun = found["joint"] or "", found["pronoun"].lower()
    more = parts.rest[found.end() :]
    near = [each for each in before[-4:] if each.sentence == statement.sentence] or before[-1:]
    nouns = (_object_of(each, is_plural=pronoun != "it") for each in reversed(near))
    noun = next((f"the {each}" for each in nouns if each), "")
    if not noun:
        return parts
    groups = tuple(
        msgspec.structs.replace(each, items=(noun,), heads=(noun_base(noun.split()[-1].lower()),))
        if each.items[0].lower().startswith(pronoun)
        else each
        for each in parts.groups
    )
    return msgspec.structs.replace(parts, rest=f"{joint}{noun}{more}".strip(), groups=groups)


_PRONOUN = re.compile(r"(?i)^(?P<joint>(?:for|on|at|with|to) )?(?P<pronoun>it|them|those|ones)\b")


def _with_subject(parts: Parts, statement: Statement, before: Sequence[Statement]) -> Parts:
    """Return the parts with the people that an earlier clause of the sentence is about."""
    same = [each for each in before[-NEAR:] if each.sentence == statement.sentence]
    nearest = next((each for each in (statement, *reversed(same)) if each.subject), None)
    if nearest is not None and nearest.subject in PRODUCT:
        return parts  # “users submit a goal, the system splits it, assigns …”
    owner = next((p for each in reversed(same) if (p := parts_of(each)).subject), None)
    if parts.subject or not parts.verb or owner is None or not owner.is_person:
        return parts
    begins = statement.tokens[0]
    if begins.tag == "V" and begins.lower == begins.base and not owner.is_plural:
        return parts
    return msgspec.structs.replace(
        parts, subject=owner.subject, is_person=True, is_plural=owner.is_plural
    )


def _object_of(statement: Statement, *, is_plural: bool) -> str:
    """Return the first noun phrase behind a verb, or its subject: “electricity prices”."""
    tokens = statement.tokens
    for start in (statement.place + 1, 0):
        index = start
        while index < len(tokens) and tokens[index].tag in {"D", "#", "A", "E", "G"}:
            index += 1
        nouns = []
        while index < len(tokens) and tokens[index].tag in {"N", "A"}:
            nouns.append(tokens[index])
            index += 1
        nouns = nouns[-2:]
        if nouns and nouns[-1].tag == "N":
            has_more = nouns[-1].lower != nouns[-1].base or (
                index + 1 < len(tokens)
                and tokens[index].lower == "and"
                and tokens[index + 1].tag == "N"
            )
            if has_more == is_plural and nouns[-1].lower.isalpha():
                return " ".join(each.text for each in nouns)
    return ""


# --- length --------------------------------------------------------------------------------------

_WEAK = r"(?:and|or|with|from|into|between|per|for|in|on|at|by|to|as|over|under|via|of)"
_BOUNDARY = re.compile(
    rf"(?:[,;\u2013\u2014]|:(?!\d)|\s(?=(?:{_WEAK}|so|which|that|who|when|if|until|unless|before|after|once"
    r"|because|while|including)\s))"
)
_OPEN = re.compile(r"(?i)[\s,;:]+(?:even|also|and|or|but|about|then|so|up|be)$")


def _shortened(title: str) -> str:
    """Return a title that ends where a clause or a phrase ends."""
    if len(title) <= TITLE_MAX:
        return title
    cuts = [each.start() for each in _BOUNDARY.finditer(title) if each.start() <= TITLE_MAX]
    fit = [n for n in cuts if _is_closed(title[:n]) and len(title[:n].split()) > WORDS_MIN]
    whole = [n for n in fit if not re.match(r"\s(?:and|or|of)\s", title[n:])]
    strong = [n for n in whole if not re.match(rf"\s{_WEAK}\s", title[n:])]
    best = max(strong, default=0)
    if best < TITLE_MAX // 2:
        best = max(whole or fit, default=0)
    return _OPEN.sub("", title[:best] if best else title[:TITLE_MAX].rsplit(" ", 1)[0])


def _is_closed(text: str) -> bool:
    return text.count("(") == text.count(")") and text.count("“") == text.count("”")
