"""The entities of a product: of its concepts, and of the nouns of its goal."""

import re
from collections.abc import Iterable, Sequence

from missioncontrol.domain.product_design import Entity, Field, Source
from missioncontrol.specialists.greenfield.lexicon import (
    is_verb,
    noun_base,
    noun_class,
    participle,
    plural,
)
from missioncontrol.specialists.greenfield.reading import Clause, Phrase, Reading
from missioncontrol.specialists.greenfield.selection import Use, with_article
from missioncontrol.specialists.greenfield.word_lists import words as word_list

ENTITIES_MAX = 20
THINGS_MAX = 7
"""Entities from nouns of the goal that no concept knows."""
PERSON_MIN = 0.5
"""Log odds from which a person of the goal is a row, where people have no accounts."""
THINGS_MIN, STORED, STORED_MIN = 5, 0.0, -1.5
"""Nouns that are likelier stored than not have a table; the likeliest five need less."""
_FIELD = re.compile(r"(?P<name>[^:]+): (?P<type>.+?)(?P<marks>[?!]*)$")
_PEOPLE = word_list("people")
_STORING = word_list("storing")
_NO_TABLES = word_list("no_tables")
# What an entity needs by the class of its noun, where only the goal speaks of it.
_BY_CLASS: dict[str, tuple[str, ...]] = {
    "person": ("name: text", "contact: text?"),
    "communication": ("title: text", "body: long text"),
    "act": ("description: text", "happened_at: timestamp"),
    "event": ("title: text", "starts_at: timestamp", "ends_at: timestamp?"),
    "location": ("name: text", "position: point?"),
    "group": ("name: text", "contact: email?"),
    "attribute": ("value: decimal", "unit: text", "measured_at: timestamp"),
    "possession": ("amount: money", "due_on: date?"),
    "cognition": ("title: text", "description: long text?"),
    "animal": ("name: text", "species: text", "born_on: date?"),
    "food": ("name: text", "quantity: decimal", "unit: text"),
    "substance": ("name: text", "quantity: decimal", "unit: text"),
    "plant": ("name: text", "species: text", "planted_on: date?"),
    "body": ("name: text", "note: text?"),
    "state": ("kind: text", "began_at: timestamp", "ended_at: timestamp?"),
    "time period": ("starts_at: timestamp", "ends_at: timestamp"),
}
_MEASURED = frozenset(
    [
        "weight",
        "temperature",
        "level",
        "price",
        "speed",
        "size",
        "height",
        "width",
        "length",
        "depth",
        "distance",
        "pressure",
        "volume",
        "humidity",
        "rate",
        "share",
        "intensity",
        "density",
    ]
)
_ANY = ("name: text", "description: text?")


def snake(text: str) -> str:
    """Return a text as an identifier."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def table_name(entity: str) -> str:
    """Return the table of an entity."""
    return snake(plural(entity))


def parsed_fields(texts: Iterable[str], use: Use | None = None) -> tuple[Field, ...]:
    """Read fields as the catalogue writes them."""
    found: list[Field] = []
    for text in texts:
        match = _FIELD.match(use.fill(text) if use else text)
        if match is None:
            continue
        name, kind, marks = snake(match["name"]), match["type"], match["marks"]
        references = kind.removeprefix("ref ") if kind.startswith("ref ") else ""
        values = tuple(kind.split()[1:]) if kind.startswith("enum ") else ()
        found.append(
            Field(
                f"{name}_id" if references and not name.endswith("_id") else name,
                "enum" if values else "integer" if references else kind,
                "foreign" if references else "",
                references,
                values,
                "?" in marks,
                "!" in marks,
            )
        )
    return tuple(found)


_ID = Field("id", "integer", "primary")
_CREATED = Field("created_at", "timestamp")


def entities_of(uses: Sequence[Use], reading: Reading, *, has_accounts: bool) -> list[Entity]:
    """Return the tables of a product; each foreign key leads to one of them."""
    found: dict[str, Entity] = {}
    for use in uses:
        for entry in use.concept.entities:
            name = use.fill(entry.name).lower()
            fields = (_ID, *parsed_fields(entry.fields, use), _CREATED)
            source = Source("experience", use.concept.title, "medium")
            entity = Entity(name, table_name(name), use.fill(entry.purpose), fields, source)
            found.setdefault(name, entity)  # Another concept may call something else the same.
    for thing in _own_things(reading, found):
        found[thing.name] = _from_goal(thing, reading, has_accounts=has_accounts)
    if has_accounts:
        for actor in reading.actors[:3] or ():
            if actor.name not in found and _stores(actor, reading, found):
                found[actor.name] = _account(actor, reading)
    else:
        for actor in reading.actors:
            if reading.stored.get(actor.head, -9.0) > PERSON_MIN and len(found) < ENTITIES_MAX:
                found.setdefault(actor.name, _from_goal(actor, reading, has_accounts=False))
    return _resolved(dict(list(found.items())[:ENTITIES_MAX]), reading)


def _own_things(reading: Reading, found: Iterable[str]) -> list[Phrase]:
    """Return nouns of the goal that are stored, and that no concept has a table for."""
    heads = {name.split()[-1] for name in found} | set(found)
    denied = _NO_TABLES | _only_denied(reading) | _only_done(reading)
    free = [each for each in reading.things if not {each.head, each.name} & (heads | denied)]
    ordered = sorted(free, key=lambda each: -reading.stored.get(each.head, -9.0))
    chosen = [
        each
        for number, each in enumerate(ordered)
        if reading.stored.get(each.head, -9.0) > (STORED_MIN if number < THINGS_MIN else STORED)
    ]
    return [e for e in free if e in chosen[:THINGS_MAX] or e is reading.main_thing]


def _only_denied(reading: Reading) -> set[str]:
    """Return nouns that the goal only speaks of to exclude them: “avoid mock demos”."""
    texts = {False: "", True: ""}
    for each in reading.statements:
        texts[each.is_negated] += f" {each.text}"
    asked, denied = (
        {noun_base(word) for word in re.findall(r"[a-z][a-z-]+", texts[key].lower())}
        for key in (False, True)
    )
    return denied - asked


def _only_done(reading: Reading) -> set[str]:
    """Return words that the goal has as verbs alone: “stores them” is no store."""
    verbs = {each.verb for each in reading.statements}
    text = reading.text.lower()
    return {
        verb
        for verb in verbs
        if not re.search(
            r"\b(?:an?|the|each|every|our|my|their|its|per|of|\d+)\s+(?:[\w-]+\s+)?"
            rf"{re.escape(verb)}s?\b",
            text,
        )
    }


def _from_goal(thing: Phrase, reading: Reading, *, has_accounts: bool) -> Entity:
    clauses = [c for c in reading.clauses if any(o.head == thing.head for o in c.objects)]
    kind = noun_class(thing.head)
    if kind == "attribute" and thing.head not in _MEASURED:
        kind = ""
    fields = {each.split(":")[0]: each for each in _BY_CLASS.get(kind, _ANY)}
    fields |= _belongs(thing, reading)
    fields |= _of_clauses(thing, clauses, has_accounts=has_accounts)
    fields |= {name: text for name, text in _listed(thing, reading).items() if name not in fields}
    acts = [c.verb for c in clauses if is_doing(c.verb)]
    done = list(dict.fromkeys(snake(participle(verb)) for verb in acts))
    if len(done) > 1:
        fields["status"] = f"status: enum {' '.join(done[:5])}"
    elif done:
        fields[f"{done[0]}_at"] = f"{done[0]}_at: timestamp?"
    who_does = _doings(thing, clauses)
    purpose = who_does or f"One {thing.name} as the goal speaks of it."
    source = Source("goal", clauses[0].text if clauses else _as_written(thing, reading), "medium")
    return Entity(
        thing.name,
        table_name(thing.name),
        purpose,
        (_ID, *parsed_fields(fields.values()), _CREATED),
        source,
    )


def _of_clauses(thing: Phrase, clauses: Sequence[Clause], *, has_accounts: bool) -> dict[str, str]:
    """Return fields by what is done to a thing: who enters it, and what it comes with."""
    fields: dict[str, str] = {}
    for clause in clauses:
        if has_accounts and clause.subject and clause.subject.is_person and clause.verb in _STORING:
            who = clause.subject.name
            fields[snake(who)] = f"{snake(who)}: ref {who}"
        for preposition, other in clause.others:
            if preposition == "with" and not other.is_person:
                fields[snake(other.name)] = f"{snake(other.name)}: {_type_of(other)}?"
            elif preposition == "of" and other.head != thing.head:
                fields[snake(other.name)] = f"{snake(other.name)}: ref {other.name}"
    return fields


def _belongs(thing: Phrase, reading: Reading) -> dict[str, str]:
    """Return what a thing is kept for each of: “a quota per vessel”."""
    found = re.search(
        rf"\b{re.escape(thing.head)}s?\s+(?:\w+\s+)?(?:per|for each|for every)\s+([a-z][a-z-]+)",
        reading.text.lower(),
    )
    owner = noun_base(found[1]) if found else ""
    return {snake(owner): f"{snake(owner)}: ref {owner}"} if owner in reading.stored else {}


def _listed(thing: Phrase, reading: Reading) -> dict[str, str]:
    """Return what a thing is stated to bring: “each scale sends weight, temperature and level”."""
    return {
        snake(other.name): f"{snake(other.name)}: {_type_of(other)}?"
        for clause in reading.clauses
        if clause.subject and clause.subject.head == thing.head and len(clause.objects) > 1
        for other in clause.objects
        if not other.is_person and other.head != thing.head
    }


def _as_written(thing: Phrase, reading: Reading) -> str:
    """Return the word of the goal that names a thing, as it stands there."""
    words = re.findall(r"[^\W_][\w'-]*", reading.text)
    return next((word for word in words if noun_base(word.lower()) == thing.head), thing.name)


_WEAK = word_list("weak")
"""Verbs that leave no state behind."""


def _doings(thing: Phrase, clauses: Sequence[Clause]) -> str:
    """Say what is done to a thing: “Registered by an owner, then lent.”."""
    steps: list[str] = []
    for clause in clauses:
        if not is_doing(clause.verb):
            continue
        by = f" by the {clause.subject.name}" if clause.subject and clause.subject.is_person else ""
        steps.append(f"{participle(clause.verb)}{by}")
    text = ", then ".join(dict.fromkeys(steps[:3]))
    return f"{with_article(thing.name).capitalize()} is {text}." if text else ""


def is_doing(verb: str) -> bool:
    """Whether a verb leaves something behind in the product."""
    return verb not in _WEAK and is_verb(verb)


def _type_of(thing: Phrase) -> str:
    if thing.head in {"photo", "image", "picture", "file", "video", "recording", "document"}:
        return "digest"
    by_class = {"attribute": "decimal", "time": "timestamp", "possession": "money"}
    return by_class.get(noun_class(thing.head), "text")


def _stores(actor: Phrase, reading: Reading, found: Iterable[str]) -> bool:
    return any(c.subject and c.subject.head == actor.head for c in reading.clauses) or bool(found)


def _account(actor: Phrase, reading: Reading) -> Entity:
    verbs = [c.verb for c in reading.clauses if c.subject and c.subject.head == actor.head]
    objects_of = {c.verb for c in reading.clauses for o in c.objects if o.head == actor.head}
    fields = ["display_name: text", "email: email!", "locale: text"]
    if objects_of & {"tell", "notify", "warn", "inform", "remind", "alert"}:
        fields.append("notified_by: enum mail push none")
    fields.append("deactivated_at: timestamp?")
    doing = ", ".join(dict.fromkeys(each for each in verbs if each not in _WEAK))
    purpose = f"A person with an account: may {doing}." if doing else "A person with an account."
    return Entity(
        actor.name,
        table_name(actor.name),
        purpose,
        (_ID, *parsed_fields(fields), _CREATED),
        Source("goal", actor.name, "high"),
    )


def _resolved(found: dict[str, Entity], reading: Reading) -> list[Entity]:
    """Lead each foreign key to a table, or make a plain column of it."""
    names = dict.fromkeys(found)
    main_actor = next((a.name for a in reading.actors if a.name in found), "")
    resolved: list[Entity] = []
    for entity in found.values():
        fields: dict[str, Field] = {}
        for each in entity.fields:
            field = _resolved_field(each, names, main_actor, entity.name)
            fields.setdefault(field.name, field)
        resolved.append(
            Entity(entity.name, entity.table, entity.purpose, tuple(fields.values()), entity.source)
        )
    return resolved


def _resolved_field(field: Field, names: Iterable[str], main_actor: str, own: str) -> Field:
    if not field.references:
        return field
    wanted = field.references
    known = list(names)
    target = next((n for n in known if n == wanted), "") or next(
        (n for n in known if n.split()[-1] == wanted.split()[-1] and n != own), ""
    )
    if not target and (wanted in _PEOPLE or noun_class(wanted.split()[-1]) == "person"):
        target = main_actor
    if target:
        return Field(
            field.name, "integer", "foreign", target, (), field.is_optional, field.is_unique
        )
    name = field.name.removesuffix("_id")
    return Field(name, "text", "", "", (), field.is_optional, field.is_unique)
