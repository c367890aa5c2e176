"""The entities of a product: of its concepts, and of the nouns of its goal."""

import re
from collections.abc import Iterable, Sequence

from missioncontrol.domain.product_design import Entity, Field, Source
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.catalogue import EntityEntry
from missioncontrol.specialists.greenfield.goal_entities import Thing, as_written, things_of
from missioncontrol.specialists.greenfield.lexicon import listed_words as word_list
from missioncontrol.specialists.greenfield.lexicon import noun_base, noun_class, plural
from missioncontrol.specialists.greenfield.reading import Phrase, Reading
from missioncontrol.specialists.greenfield.selection import THIN, Use, with_article

ENTITIES_MAX = 20
FIELDS_MIN = 2
PERSON_MIN = 0.5
"""Log odds from which a person of the goal is a row, where people have no accounts."""
_FIELD = re.compile(r"(?P<name>[^:]+): (?P<type>.+?)(?P<marks>[?!]*)$")
_PEOPLE = word_list("people")
_WEAK = word_list("weak")


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


def entities_of(
    uses: Sequence[Use], reading: Reading, acts: Sequence[Act], *, has_accounts: bool
) -> list[Entity]:
    """Return the tables of a product; each foreign key leads to one of them."""
    found: dict[str, Entity] = {}
    for use in uses:
        for entry in _asked_for(use, reading):
            name = use.fill(entry.name).lower()
            fields = (_ID, *parsed_fields(entry.fields, use), _CREATED)
            source = Source("experience", use.concept.title, "medium")
            entity = Entity(name, table_name(name), use.fill(entry.purpose), fields, source)
            found.setdefault(name, entity)  # Another concept may call something else the same.
    covered = {
        noun_base(word)
        for use in uses
        for word in use.words
        if use.concept.entities and " " not in word and noun_base(word) != use.thing.split()[-1]
    }
    for thing in things_of(reading, [*found, *covered], acts):
        found[thing.name] = _from_goal(thing)
    if has_accounts:
        for actor in reading.actors[:3] or ():
            if actor.name not in found and _stores(actor, reading):
                found[actor.name] = _account(actor, reading)
    else:
        for actor in reading.actors:
            if reading.stored.get(actor.head, -9.0) > PERSON_MIN and len(found) < ENTITIES_MAX:
                found.setdefault(actor.name, _person(actor, reading))
    return _resolved(dict(list(_with_content(found).items())[:ENTITIES_MAX]), reading)


def _with_content(found: dict[str, Entity]) -> dict[str, Entity]:
    """Leave out things of the goal of which nothing but a name is known and nothing speaks."""
    named = {
        field.references.split()[-1]
        for e in found.values()
        for field in e.fields
        if field.references
    }
    kept = {
        name: each
        for name, each in found.items()
        if each.source.basis != "goal"
        or name.split()[-1] in named
        or any(field.references or field.name not in _LITTLE for field in each.fields)
    }
    return kept if len(kept) >= TABLES_MIN else found


TABLES_MIN = 4
_LITTLE = frozenset(
    ["id", "created_at", "name", "title", "body", "note", "retired_on", "happened_at", "began_at"]
)


def _asked_for(use: Use, reading: Reading) -> list[EntityEntry]:
    """Return the tables of a concept: where the goal says much, the first and those it names."""
    entries = use.concept.entities
    if len(reading.statements) <= THIN:
        return list(entries)
    words = {noun_base(word) for word in re.findall(r"[a-z-]+", reading.text.lower())}
    return [e for n, e in enumerate(entries) if not n or use.fill(e.name).split()[-1] in words]


def _from_goal(thing: Thing) -> Entity:
    """Return the table of a thing that the goal speaks of."""
    fields = [each for each in thing.fields if not each.startswith("status:")]
    if len(thing.states) > 1:
        fields.append(f"status: enum {' '.join(map(snake, thing.states[:5]))}")
    elif thing.states:
        fields.append(f"{snake(thing.states[0])}_at: timestamp?")
    if len(fields) < FIELDS_MIN:
        fields.append("retired_on: date?")
    parsed = list({each.name: each for each in parsed_fields(fields)}.values())
    return Entity(
        thing.name,
        table_name(thing.name),
        thing.purpose or f"{with_article(thing.name).capitalize()}, for “{thing.words}”.",
        (_ID, *parsed, _CREATED),
        Source("goal", thing.words, "medium") if thing.words else Source("assumption", "", "low"),
    )


def _person(actor: Phrase, reading: Reading) -> Entity:
    """Return the table of people whose data the product stores without an account."""
    fields = parsed_fields(("name: text", "contact: text?"))
    purpose = f"{with_article(actor.name).capitalize()} that the goal names."
    source = Source("goal", as_written(actor, reading), "medium")
    return Entity(actor.name, table_name(actor.name), purpose, (_ID, *fields, _CREATED), source)


def _stores(actor: Phrase, reading: Reading) -> bool:
    """Whether people of the goal do something with the product, so that they have an account."""
    return any(each.subject == actor.head for each in reading.statements)


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
