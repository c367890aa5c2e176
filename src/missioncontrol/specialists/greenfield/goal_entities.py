"""The tables that a goal itself speaks of: things with evidence that they are stored."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import msgspec

from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.clause_parts import Group, Parts, parts_of
from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.lexicon import (
    is_verb,
    noun_base,
    noun_class,
    participle,
    plural,
)
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.reading import Phrase, Reading

THINGS_MAX, THINGS_MIN = 6, 3
ENOUGH = 2
"""Evidence that a thing is stored; what has less is taken only where there are too few tables."""
SURELY, RATHER, HARDLY = 1.0, 0.0, -1.5
"""Log odds of being stored, by what labelled goals taught."""
FIELDS_MAX = 9
_STORED_BY = word_list("storing") | word_list("handling")
_NO_TABLES, _WEAK = word_list("no_tables"), word_list("weak")
_ATTRIBUTES = frozenset(
    {"attribute", "possession", "shape", "quantity", "time", "state", "relation"}
)
_NAMED = frozenset(
    {"person", "artifact", "location", "group", "animal", "plant", "food", "substance"}
)
_BRACKETS = r"\((?P<list>[a-z][a-z ,/-]{4,90})\)"


class Thing(msgspec.Struct, frozen=True):
    """A thing to store, with its fields as the catalogue writes them."""

    name: str
    fields: tuple[str, ...]
    states: tuple[str, ...]  # participles, in the order of the goal
    words: str  # of the goal
    purpose: str = ""


def things_of(reading: Reading, known: Collection[str], acts: Sequence[Act] = ()) -> list[Thing]:
    """Return what the goal stores beside the tables that are known, with what its acts leave."""
    every = [parts_of(each) for each in reading.statements]
    stated = [parts_of(each) for each in reading.statements if not is_constraint(each)]
    asked = [each for each in stated if not each.is_negated or each.condition]
    heads = {name.split()[-1] for name in known}
    denied = _NO_TABLES | heads | _only_verbs(reading) | _only_denied(every)
    denied |= {each.head for each in reading.things if type_of(each.head) == "decimal"}
    evidence = _evidence(reading, asked)
    recorded = _recorded(acts, heads)
    for act in recorded.values():
        evidence[act.values["thing"].split()[-1]] += ENOUGH
        evidence[(act.values.get("place") or " ").split(" ")[-1]] += ENOUGH
    attributes = {head for each in asked for _, heads in _attributes(each) for head in heads}
    free = [
        each
        for each in reading.things
        if (each.head not in denied | attributes and each.head.replace("-", "").isalpha())
        or (each is reading.main_thing and each.head not in heads and not recorded)
    ]
    free = [each for each in free if each.head not in {name.split()[-1] for name in recorded}]
    chosen = [each for each in free if evidence[each.head] >= ENOUGH or each is reading.main_thing]
    chosen = sorted(chosen, key=lambda each: -evidence[each.head])[:THINGS_MAX]
    lacking = THINGS_MIN - len(chosen) - len(known) - len(recorded)
    more = [each for each in free if each not in chosen and _may_be_stored(each, reading)]
    more.sort(key=lambda each: (-evidence[each.head], -reading.stored.get(each.head, -9.0)))
    chosen += more[: max(0, lacking)]
    names = {*known, *(each.name for each in chosen), *(each.name for each in reading.actors)}
    verbs = {each.verb for each in asked}
    return [
        *(_thing(_without_verb(e, verbs), reading, asked, names) for e in free if e in chosen),
        *(_of_act(act, reading, asked, names) for act in recorded.values()),
    ]


def _recorded(acts: Sequence[Act], heads: Collection[str]) -> dict[str, Act]:
    """Return the acts that leave a record, each by its name: to book an hour leaves a booking."""
    found: dict[str, Act] = {}
    for act in acts:
        if act.record and act.record.split()[-1] not in heads and len(found) < RECORDS_MAX:
            found.setdefault(act.record, act)
    return found


def _of_act(act: Act, reading: Reading, asked: Sequence[Parts], names: Collection[str]) -> Thing:
    """Return what is stored of an act, together with what the goal says of that record itself."""
    phrase = Phrase(act.record, act.record.split()[-1])
    plain = _thing(phrase, reading, asked, names)
    own = [each for each in plain.fields if ": ref " in each or each.split(":")[0] not in _LABELS]
    columns: dict[str, str] = {}
    for each in (*act.filled(act.behaviour.fields), *_links(act, names), *own):
        columns.setdefault(each.partition(":")[0].lower().replace(" ", "_"), each)
    fields = tuple(columns.values())[:FIELDS_MAX]
    states = act.filled(act.behaviour.states) or plain.states
    return Thing(act.record, fields, states, act.words, act.fill(act.behaviour.purpose))


def _links(act: Act, names: Collection[str]) -> Iterator[str]:
    """Yield columns that lead to what the clause of an act names beside its object.

    A run is about many things, or about none where it fails: it may lead to one, and need not.
    """
    mark = "?" if act.behaviour.does in {"run", "read"} else ""
    by_head = {name.split()[-1]: name for name in names}
    stated = " ".join(act.filled(act.behaviour.fields))
    for slot in ("thing", "place", "other"):
        name = by_head.get((act.values.get(slot, "") or " ").split(" ")[-1], "")
        if name and name != act.record and f"ref {act.values[slot]}" not in stated:
            yield f"{name}: ref {name}{mark}"


RECORDS_MAX = 14
_LABELS = frozenset({"name", "title", "note", "body", "happened_at", "began_at"})


def _without_verb(thing: Phrase, verbs: Collection[str]) -> Phrase:
    """Leave out a verb that was read as a part of the name: “record repairs”."""
    first, _, rest = thing.name.partition(" ")
    return msgspec.structs.replace(thing, name=rest) if rest and first in verbs else thing


def _may_be_stored(thing: Phrase, reading: Reading) -> bool:
    return reading.stored.get(thing.head, -9.0) > HARDLY and noun_class(thing.head) != "time"


def _only_verbs(reading: Reading) -> set[str]:
    """Return words that the goal has as verbs alone: “stores them” is no store."""
    text = reading.text.lower()
    return {
        verb
        for verb in {each.verb for each in reading.statements if each.verb}
        if not re.search(
            r"\b(?:an?|the|each|every|our|my|their|its|per|of|\d+)\s+(?:[\w-]+\s+)?"
            rf"{re.escape(verb)}s?\b",
            text,
        )
    }


def _only_denied(stated: Sequence[Parts]) -> set[str]:
    """Return nouns that the goal only speaks of to exclude them: “avoid mock demos”."""
    bases: dict[bool, set[str]] = {False: set(), True: set()}
    for each in stated:
        bases[each.is_negated] |= {noun_base(w) for w in re.findall(r"[a-z-]+", each.text.lower())}
    return bases[True] - bases[False]


# --- evidence ------------------------------------------------------------------------------------


def _evidence(reading: Reading, asked: Sequence[Parts]) -> Counter[str]:
    """Return what speaks for storing each noun."""
    found: Counter[str] = Counter()
    for parts in asked:
        for head in _acted_on(parts):
            found[head] += 2 if parts.verb in _STORED_BY else 1
        for owner, _ in _attributes(parts):
            found[owner] += 2
    text = reading.text.lower()
    for thing in reading.things:
        head = re.escape(thing.head)
        found[thing.head] += 2 * bool(
            re.search(rf"\b(?:each|every|per)\s+(?:\w+\s)?{head}\b", text)
        )
        several = rf"{_NUMBER}\s+(?:\w+\s)?{re.escape(plural(thing.head))}\b"
        found[thing.head] += bool(re.search(rf"\b{several}", text))
        found[thing.head] += bool(re.search(rf"\b(?:of|from|across)\s+(?:\w+\s)?{several}", text))
        found[thing.head] += bool(re.search(rf"\b{head}s?['\u2019]s?\s+\w", text))
        stored = reading.stored.get(thing.head, -9.0)
        found[thing.head] += 2 * (stored > SURELY) or (stored > RATHER)
        is_attribute = noun_class(thing.head) in _ATTRIBUTES or is_verb(thing.head)
        found[thing.head] -= 2 * (stored < HARDLY) + is_attribute
    return found


def _acted_on(parts: Parts) -> Iterator[str]:
    """Yield the heads of what a statement is about: its objects, or a passive subject."""
    if parts.is_passive and parts.subject:
        yield _head(parts.subject)
    group = parts.objects
    if group is not None:
        yield from group.heads


def _head(phrase: str) -> str:
    """Return the last noun of a phrase before its first preposition."""
    plain = re.split(r"(?i)\s+(?:of|for|in|on|at|with|from|that|which|who|to)\s", phrase)[0]
    return noun_base(plain.split()[-1].lower().strip(",.")) if plain.split() else ""


_NUMBER = (
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty"
    r"|forty|fifty|hundred|several)"
)

# --- attributes ----------------------------------------------------------------------------------


def _attributes(parts: Parts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield owners with the heads of what they have: “each device has a number and a holder”."""
    for owner, group in _owned(parts):
        yield owner, group.heads


def _owned(parts: Parts) -> Iterator[tuple[str, Group]]:
    """Yield a thing and the group of nouns that are its attributes."""
    objects = parts.objects
    if parts.verb == "have" and objects is not None and parts.subject and not parts.is_person:
        yield _head(parts.subject), objects
        return
    each = next((g for g in parts.groups if _is_each(g)), None)
    if not parts.verb and each is not None and each.preposition in {"for", "per"} and objects:
        yield each.heads[0], objects
        return
    place = parts.behind("from", "of", "about", "at")
    is_list = objects is not None and len(objects.heads) > 1
    if objects and is_list and place and all(type_of(e) == "decimal" for e in objects.heads):
        yield place.heads[0], objects  # “read temperature and flow from the substations”
        return
    added = parts.behind("with")
    if added is not None:
        owner = next(iter(_acted_on(parts)), "") or (
            parts.groups[0].heads[0] if parts.groups else ""
        )
        if owner and owner not in added.heads:
            yield owner, added
    is_source = parts.subject and not parts.is_person and parts.verb in _GIVING
    if objects and is_list and is_source:
        yield _head(parts.subject), objects


_GIVING = frozenset({"send", "report", "measure", "give", "deliver", "contain"})


def _is_each(group: Group) -> bool:
    return bool(re.match(r"(?i)(?:each|every)\b", group.items[0]))


# --- fields --------------------------------------------------------------------------------------


def _thing(
    thing: Phrase, reading: Reading, asked: Sequence[Parts], names: Collection[str]
) -> Thing:
    own = [each for each in asked if thing.head in {*_acted_on(each)}]
    fields: dict[str, str] = {}
    for parts in asked:
        for owner, group in _owned(parts):
            if owner == thing.head:
                fields |= {
                    _column(i): _field(i, h) for i, h in zip(group.items, group.heads, strict=True)
                }
            elif thing.head in group.heads and (whole := _named(owner, names)):
                fields[whole] = f"{whole}: ref {whole}"  # “every costume has alterations”
    fields |= _in_brackets(thing, reading)
    fields |= _of_each(thing, reading)
    fields |= _of_several(thing, reading, names)
    for parts in own:
        fields |= _references(thing, parts, names)
    fields = {name: text for name, text in fields.items() if name and not _is_time(name)}
    states = tuple(
        dict.fromkeys(
            participle(each.verb).replace(" ", "_")
            for each in own
            if each.verb not in _WEAK and is_verb(each.verb)
        )
    )
    label = [] if {"name", "title"} & {*fields} else [*_label(thing, len(fields) + len(states))]
    every = [*label, *list(fields.values())[:FIELDS_MAX], *_moments(thing, reading)]
    words = own[0].text if own else as_written(thing, reading)
    return Thing(thing.name, tuple(each for each in every if each), states, words)


def _named(head: str, names: Collection[str]) -> str:
    return next((name for name in names if name.split()[-1] == head), "")


def _label(thing: Phrase, others: int) -> Iterator[str]:
    """Yield what a table needs beside its own columns, so that a row says what it is."""
    kind = noun_class(thing.head)
    usual = next((columns for heads, columns in _USUAL if thing.head in heads.split()), ())
    if usual:
        yield from usual
        return
    if kind in _NAMED or others < 2:
        yield "title: text" if kind == "communication" else "name: text"
    if not others:
        yield _BY_CLASS.get(kind, "note: long text?")


_USUAL = (
    ("reading measurement value level rate count", ("value: decimal", "measured_at: timestamp")),
    ("price", ("amount: money", "valid_from: timestamp")),
    ("order invoice bill", ("number: text", "amount: money", "issued_on: date")),
    ("payment deposit refund fee fine", ("amount: money", "paid_on: date?")),
    (
        "booking reservation rental slot visit shift loan",
        ("starts_at: timestamp", "ends_at: timestamp"),
    ),
    ("file document recording", ("path: text", "digest: digest", "size: integer")),
    ("folder directory", ("path: text", "read_at: timestamp?")),
    ("photo image picture", ("file: digest", "caption: text?", "taken_at: timestamp?")),
    ("message notification reminder alert", ("body: long text", "sent_at: timestamp?")),
    ("report summary digest", ("title: text", "body: long text", "made_at: timestamp")),
)
"""Columns that a thing of a common name has, whatever the goal says of it."""
_BY_CLASS = {
    "communication": "body: long text",
    "act": "happened_at: timestamp",
    "event": "happened_at: timestamp",
    "state": "began_at: timestamp",
    "possession": "amount: money",
}


def _column(item: str) -> str:
    """Return the name of a column: “a purchase date” becomes `purchase_date`."""
    plain = re.sub(r"(?i)^(?:an?|the|its|their|his|her|our|my|any|some|current|own)\s+", "", item)
    plain = re.sub(r"(?i)^(?:an?|the|current|own)\s+", "", plain)
    words = re.findall(r"[a-z0-9]+", plain.lower())
    if not words or len(words) > 3:
        words = words[-1:]
    return "_".join([*words[:-1], *(noun_base(each) for each in words[-1:])])


def _field(item: str, head: str) -> str:
    name = _column(item)
    if noun_class(head) == "person":
        return f"{name}: ref {head}"
    return f"{name}: {type_of(head, name)}"


def _in_brackets(thing: Phrase, reading: Reading) -> dict[str, str]:
    """Return what brackets name behind a thing: “readings (volume, fat, protein)”."""
    match = re.search(rf"(?i)\b{re.escape(thing.head)}s?\s+{_BRACKETS}", reading.text)
    items = re.split(r",\s*|\s+and\s+", match["list"]) if match and "," in match["list"] else []
    found = {
        _column(each): _field(each, noun_base(each.split()[-1])) for each in items if each.split()
    }
    return {name: text for name, text in found.items() if len(name.split("_")) < 4}


def _of_each(thing: Phrase, reading: Reading) -> dict[str, str]:
    """Return to what a thing belongs: “a quota per vessel”, “a limit for each customer”."""
    found = re.search(
        rf"\b{re.escape(thing.head)}s?\s+(?:\w+\s+)?(?:per|for each|for every)\s+([a-z][a-z-]+)",
        reading.text.lower(),
    )
    owner = noun_base(found[1]) if found else ""
    return {owner: f"{owner}: ref {owner}"} if owner in reading.stored else {}


def _of_several(thing: Phrase, reading: Reading, names: Collection[str]) -> dict[str, str]:
    """Return the counted things that a thing is of: “prices of five countries”."""
    found: dict[str, str] = {}
    for name in names:
        many = re.escape(plural(name.split()[-1]))
        of = rf"\b{re.escape(plural(thing.head))}\s+(?:of|from|across)\s+(?:\w+\s)?{_NUMBER}"
        if name != thing.name and re.search(rf"{of}\s+(?:\w+\s)?{many}\b", reading.text.lower()):
            column = name.replace(" ", "_")
            found[column] = f"{column}: ref {name}"
    return found


def _references(thing: Phrase, parts: Parts, names: Collection[str]) -> dict[str, str]:
    """Return who does something to a thing, and what else its clause connects it with."""
    by_head = {name.split()[-1]: name for name in names}
    found: dict[str, str] = {}
    heads = [group.heads[0] for group in parts.groups if group.preposition in _CONNECTING]
    if parts.is_person and parts.verb in _STORED_BY:
        heads.insert(0, _head(parts.subject))
    for head in heads:
        other = by_head.get(head, "")
        if other and other != thing.name:
            column = other.replace(" ", "_")
            found[column] = f"{column}: ref {other}"
    return found


_CONNECTING = frozenset({"of", "for", "from", "to", "in", "on", "per", "about"})


def _moments(thing: Phrase, reading: Reading) -> Iterator[str]:
    """Yield times that the goal speaks of: an offer expires."""
    if re.search(rf"(?i)\b{re.escape(thing.head)}s?\s+(?:\w+\s+)?expires?\b", reading.text):
        yield "expires_at: timestamp"


def _is_time(name: str) -> bool:
    last = name.split("_")[-1]
    return noun_class(last) == "time" and last not in {
        "date",
        "time",
        "deadline",
        "duration",
        "age",
    }


_TYPES = {
    "money": "price cost amount deposit fee salary payment budget charge rent",
    "date": "date birthday deadline",
    "timestamp": "time timestamp moment",
    "decimal": (
        "weight temperature level speed height width length depth distance pressure volume humidity"
        " rate share density flow fat protein percentage score size_mm"
    ),
    "integer": "count par age year quantity",
    "digest": "photo image picture file video recording document scan",
    "long text": "note description comment text reason step",
    "email": "email e-mail",
    "boolean": "flag",
}


def type_of(head: str, name: str = "") -> str:
    """Return the type of a column by its noun."""
    last = name.split("_")[-1] if name else head
    for kind, heads in _TYPES.items():
        if last in heads.split() or head in heads.split():
            return kind
    return {"possession": "money"}.get(noun_class(head), "text")


def as_written(thing: Phrase, reading: Reading) -> str:
    """Return the word of the goal that names a thing, as it stands there."""
    words = re.findall(r"[^\W_][\w'-]*", reading.text)
    return next((word for word in words if noun_base(word.lower()) == thing.head), thing.name)
