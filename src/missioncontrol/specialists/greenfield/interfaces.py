"""The ways into a product: routes, commands, functions, messages, jobs, screens and events."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.product_design import Entity, Interface, InterfaceKind, Source
from missioncontrol.specialists.greenfield.catalogue import ActionEntry, Kind
from missioncontrol.specialists.greenfield.goal_entities import RECORDED_AS
from missioncontrol.specialists.greenfield.lexicon import noun_base, plural
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import Use, with_article
from missioncontrol.specialists.greenfield.statement_interfaces import CREATES, READS, acts_of
from missioncontrol.specialists.greenfield.tables import parsed_fields, snake, table_name

INTERFACES_MAX = 26
SCREENS_MAX = 5
ENOUGH = 4
"""With so many ways in, accounts need none of their own."""
WITH_SCREENS = frozenset(
    {
        "web-product",
        "dashboard",
        "internal-tool",
        "mobile-backend",
        "real-time",
        "game",
        "desktop-app",
    }
)
_METHODS = {"create": "POST", "list": "GET", "read": "GET", "change": "PATCH", "remove": "DELETE"}


def interfaces_of(
    kind: Kind, package: str, uses: Sequence[Use], entities: Sequence[Entity], reading: Reading
) -> list[Interface]:
    """Return what the product offers, each name once."""
    found: dict[str, Interface] = {}
    by_name = {each.name: each for each in entities}
    events = {f"{snake(e)}" for use in uses for m in use.concept.metrics for e in m.events}
    for use in uses:
        source = Source("experience", use.concept.title)
        for action in use.concept.actions:
            made = _of_action(kind, package, use, action, source, by_name)
            found.setdefault(made.name, made)
    acted = {name for each in found.values() for name in each.entities}
    created: set[str] = set()
    if kind.actions_are != "job":
        for verb, noun, on, draft in acts_of(reading, entities):
            act = _of_statement(kind, package, verb, noun, on, draft)
            if act is not None:
                found.setdefault(act.name, act)
                created |= {*act.entities} if verb in CREATES else set()
    # Accounts come last: the product creates them as people sign in.
    for entity in sorted(entities, key=_is_account):
        is_enough = _is_account(entity) and len(found) >= ENOUGH
        if entity.name in acted or entity.source.basis != "goal" or is_enough:
            continue
        if entity.name not in created:
            made = _create(kind, package, entity, f"add {entity.name}")
            found.setdefault(made.name, made)
        listed = _list(kind, package, entity)
        found.setdefault(listed.name, listed)
    chosen = list(found.values())[:INTERFACES_MAX]
    if kind.key in WITH_SCREENS:
        chosen += _screens(chosen, uses, reading)
    chosen += [
        Interface(
            name, "event", _event_purpose(name, uses), Source("experience", "Success metrics")
        )
        for name in sorted(events)
    ]
    return chosen


def _is_account(entity: Entity) -> bool:
    return any(each.name == "email" for each in entity.fields)


def _of_action(
    kind: Kind,
    package: str,
    use: Use,
    action: ActionEntry,
    source: Source,
    entities: dict[str, Entity],
) -> Interface:
    on = use.fill(action.on).lower()
    name = use.fill(action.name)
    what, how = _named(kind, package, name, action.does, on)
    failures = tuple(use.fill(each) for each in action.failures)
    touched = (on,) if on in entities else ()
    emits = snake(name) if action.does == "notify" else ""
    purpose = name[:1].upper() + name[1:] + "."
    inputs = parsed_fields(action.inputs, use)
    return Interface(what, how, purpose, source, inputs, failures, touched, emits)


def _of_statement(
    kind: Kind, package: str, verb: str, noun: str, on: Entity | None, draft: Interface
) -> Interface | None:
    """Return an action of a statement by the name that this kind of product gives it."""
    is_itself = on is not None and noun_base(noun.split()[-1]) == on.name.split()[-1]
    is_read = verb in READS
    if is_read and is_itself:
        return None  # The list of the table answers it.
    name = f"{verb} {noun}"
    is_stored = on is not None and on.name == RECORDED_AS.get(verb)
    if on is not None and (is_stored or (is_itself and verb in CREATES)):
        stored = _create(kind, package, on, f"{verb} {on.name}")
        limits = [each for each in draft.failures if each.startswith("more than")]
        failures = (*stored.failures, *limits)
        return msgspec.structs.replace(
            stored, purpose=draft.purpose, source=draft.source, failures=failures
        )
    slug = snake(noun if is_read else verb if is_itself else name).replace("_", "-")
    if kind.actions_are == "route":
        base = f"/{table_name(on.name).replace('_', '-')}/{{id}}" if on and not is_read else ""
        what: tuple[str, InterfaceKind] = f"{'GET' if is_read else 'POST'} {base}/{slug}", "route"
    else:
        what = _named(kind, package, name, "act", on.name if on else noun)
    return msgspec.structs.replace(draft, name=what[0], kind=what[1])


def _named(kind: Kind, package: str, name: str, does: str, on: str) -> tuple[str, InterfaceKind]:
    """Return the name of an action on this kind of product, and what it is."""
    slug = snake(name).replace("_", "-")
    if does == "run" or (kind.actions_are == "job" and does != "notify"):
        return slug, "job"
    if does == "notify":
        return snake(name), "message"
    if kind.actions_are == "route":
        return _route(slug, does, f"/{table_name(on).replace('_', '-')}"), "route"
    names: dict[str, tuple[str, InterfaceKind]] = {
        "command": (f"{package} {slug}", "command"),
        "message": (
            f"{table_name(on)}/{slug if does in {'create', 'list'} else f'{{id}}/{slug}'}",
            "message",
        ),
        "screen": (name[:1].upper() + name[1:], "screen"),
    }
    return names.get(kind.actions_are, (f"{snake(name)}()", "function"))


def _route(slug: str, does: str, base: str) -> str:
    if does in {"create", "list"}:
        return f"{_METHODS[does]} {base}"
    if does == "receive":
        return f"POST /{slug}"
    return f"{_METHODS.get(does, 'POST')} {base}/{{id}}{f'/{slug}' if does == 'act' else ''}"


def _create(kind: Kind, package: str, entity: Entity, name: str) -> Interface:
    """Return how an entity is entered."""
    inputs = tuple(
        f
        for f in entity.fields
        if f.key != "primary"
        and f.name not in {"created_at", "status"}
        and not f.name.endswith("_at")
    )
    create, how = _named(kind, package, name, "create", entity.name)
    unknown = [f"the {f.references} does not exist" for f in inputs if f.references]
    empty = [f"{f.name} is empty" for f in inputs if f.type == "text" and not f.is_optional][:1]
    purpose = f"Stores {with_article(entity.name)}."
    failures = (*unknown[:1], *empty)
    return Interface(create, how, purpose, entity.source, inputs, failures, (entity.name,))


def _list(kind: Kind, package: str, entity: Entity) -> Interface:
    """Return how the rows of an entity are found."""
    several = plural(entity.name)
    name, how = _named(kind, package, f"list {several}", "list", entity.name)
    filters = tuple(f for f in entity.fields if f.key == "foreign" or f.type == "enum")
    purpose = f"Lists {several}, the newest first."
    return Interface(name, how, purpose, entity.source, filters, (), (entity.name,))


def _screens(
    offered: Sequence[Interface], uses: Sequence[Use], reading: Reading
) -> Iterator[Interface]:
    """Yield one page for each kind of person, with what that person does there."""
    for actor in reading.actors[:SCREENS_MAX]:
        own = [use for use in uses if use.actor == actor.name]
        titles = [use.concept.title.lower() for use in own][:4]
        if not titles:
            continue
        yield Interface(
            f"Page of the {actor.name}",
            "screen",
            f"Shows {_listed(titles)}.",
            Source("goal", actor.name),
            entities=tuple(dict.fromkeys(n for e in offered for n in e.entities))[:3],
        )


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _event_purpose(name: str, uses: Sequence[Use]) -> str:
    metric = next(m.name for u in uses for m in u.concept.metrics if name in map(snake, m.events))
    return f"Counted for “{metric}”."
