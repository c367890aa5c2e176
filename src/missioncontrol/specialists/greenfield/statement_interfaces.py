"""Turns actions that the statements of a goal name into interfaces: “Book an hour”."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.product_design import Entity, Field, Interface, Source
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.clause_parts import Parts
from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.lexicon import noun_base
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.statements import Statement
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.titles import in_full, title_of

READS = frozenset(
    {"answer", "browse", "display", "find", "get", "list", "look", "read", "search", "see", "show",
     "view"}
)  # fmt: skip
CREATES = frozenset(
    {"add", "book", "create", "enter", "file", "log", "make", "note", "offer", "order", "place",
     "publish", "record", "register", "report", "request", "submit", "upload", "write"}
)  # fmt: skip
_NO_ACTION = frozenset(
    {"be", "come", "consist", "cost", "depend", "differ", "do", "have", "hold", "keep", "know",
     "last", "lose", "mean", "must", "need", "run", "stay", "use", "want", "work"}
)  # fmt: skip
_ENTERS = frozenset({"enter", "log", "note", "record", "write"})
_PARTICLES = frozenset({"back", "down", "in", "off", "on", "out", "over", "up"})
ORDER = re.compile(r"^(?:Allow|Ensure that) .+? (?:to|can) ")
"""How a title begins before what people do."""
_LEADING = re.compile(
    r"(?i)^(?:(?:each other|the|an?|my|our|your|their|his|her|its|each|every|all|any|one|two|three"
    r"|four|five|ten|some|same|own|\d[\d.,]*)\s+)+"
)
_AT_MOST = re.compile(r"(?i)\bat most (?P<what>\d[\d.,]*(?: [a-z]+){1,3})")
WORDS_MAX = 2
"""Words of a noun phrase that a name has, from its end: “nearly identical photos”."""


class Stated(msgspec.Struct, frozen=True):
    """An action of a statement; the draft has no name and no kind: both depend on the product."""

    verb: str
    noun: str
    on: Entity | None  # what it is done to
    is_stored: bool  # it leaves a row of that entity
    draft: Interface


def stated_actions(
    reading: Reading, entities: Sequence[Entity], acts: Sequence[Act]
) -> Iterator[Stated]:
    """Yield the actions that people do by the statements."""
    statements = reading.statements
    for number, statement in enumerate(statements):
        parts = in_full(statement, statements[:number])
        is_negated = parts.is_negated or statement.is_negated
        is_act = parts.verb and parts.verb not in _NO_ACTION and not is_negated
        if not is_act or is_constraint(statement) or (parts.subject and not parts.is_person):
            continue
        found = _object_of(parts)
        if not found or parts.is_passive:
            continue
        verb, noun = found
        own = [each for each in acts if each.number == number]
        record = next((e.record for e in own if e.record and e.behaviour.does == "create"), "")
        stored = next((each for each in entities if record and each.name == record), None)
        on = stored or _entity_of(noun, statement, entities)
        title = ORDER.sub("", title_of(statement, statements[:number]))
        purpose = f"{title[:1].upper()}{title[1:]}."
        source = Source("goal", statement.text)
        names = (on.name,) if on else ()
        failures = [*_failures(statement, on)]
        failures += [text for each in own for text in each.filled(each.behaviour.failures)]
        draft = Interface(
            "", "route", purpose, source, _inputs(parts, noun, on), tuple(failures), names
        )
        yield Stated(verb, noun, on, stored is not None, draft)


def _object_of(parts: Parts) -> tuple[str, str] | None:
    """Return the verb, with its particle, and the noun phrase that it is done to."""
    group = parts.objects
    verb = parts.verb
    if group is None and parts.groups and parts.groups[0].preposition in _PARTICLES:
        group = parts.groups[0]
        if not parts.rest.startswith(group.preposition):
            return None
        verb = f"{verb} {group.preposition}"
    if group is None or not group.items:
        return None
    noun = _LEADING.sub("", group.items[0]).lower().replace("'s ", " ")
    words = re.findall(r"[a-z][a-z-]*", noun)[-WORDS_MAX:]
    return (verb, " ".join(words)) if words else None


def _entity_of(noun: str, statement: Statement, entities: Sequence[Entity]) -> Entity | None:
    """Return the entity that an action is done to: its object, else one that it speaks of."""
    head = noun_base(noun.split()[-1])
    for each in entities:
        if each.name.split()[-1] == head:
            return each
    bases = {noun_base(word) for word in re.findall(r"[a-z][a-z-]+", statement.text.lower())}
    stored = [each for each in entities if not any(f.name == "email" for f in each.fields)]
    return next((each for each in stored if each.name.split()[-1] in bases), None)


def _inputs(parts: Parts, noun: str, on: Entity | None) -> tuple[Field, ...]:
    found = [field for field in on.fields if field.key == "foreign"] if on else []
    by = parts.behind("by")
    if parts.verb in _ENTERS and (on is None or noun_base(noun.split()[-1]) != on.name):
        found.append(Field(snake(noun), "text"))
        found += [Field(snake(each), "text") for each in (by.heads if by else ())]
    return tuple({each.name: each for each in found}.values())


def _failures(statement: Statement, on: Entity | None) -> Iterator[str]:
    if on:
        yield f"the {on.name} does not exist"
    if most := _AT_MOST.search(statement.text):
        yield f"more than {most['what'].removesuffix(' at a')}"
