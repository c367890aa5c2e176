"""The ways into a product: routes, commands, functions, messages, jobs, screens and events."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from missioncontrol.domain.product_design import (
    Entity,
    Interface,
    InterfaceKind,
    Source,
    SuccessMetric,
)
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.catalogue import ActionEntry, Kind
from missioncontrol.specialists.greenfield.composition import Composition
from missioncontrol.specialists.greenfield.lexicon import noun_base, plural
from missioncontrol.specialists.greenfield.selection import Use, with_article
from missioncontrol.specialists.greenfield.statement_interfaces import (
    CREATES,
    ORDER,
    READS,
    Stated,
    stated_actions,
)
from missioncontrol.specialists.greenfield.tables import parsed_fields, snake, table_name
from missioncontrol.specialists.greenfield.titles import title_of

INTERFACES_MAX = 26
SCREENS_MAX = 5
ENOUGH = 4
"""With so many ways in, accounts need none of their own."""
WITH_SCREENS = frozenset(
    {
        "web-product",
        "dashboard",
        "orchestration",
        "product-analytics",
        "internal-tool",
        "mobile-backend",
        "real-time",
        "game",
        "desktop-app",
    }
)
_METHODS = {"create": "POST", "list": "GET", "read": "GET", "change": "PATCH", "remove": "DELETE"}


def interfaces_of(
    made: Composition, entities: Sequence[Entity], metrics: Sequence[SuccessMetric]
) -> list[Interface]:
    """Return what the product offers, each name once."""
    kind, package = made.kind, made.package
    found: dict[str, Interface] = {}
    for each in _of_concepts(made, {each.name: each for each in entities}):
        found.setdefault(each.name, each)
    acted = {name for each in found.values() for name in each.entities}
    created = {a.record for a in made.acts if a.behaviour.does not in {"create", "receive"}}
    of_core = {act.record for act in made.acts if act.is_assumed and act.behaviour.key in kind.core}
    for each, is_create in _of_statements(made, entities):
        found.setdefault(each.name, each)
        created |= {*each.entities} if is_create else set()
    # Accounts come last: the product creates them as people sign in.
    for entity in sorted(entities, key=_is_account):
        is_enough = _is_account(entity) and len(found) >= ENOUGH
        is_offered = entity.source.basis == "goal" or entity.name in of_core
        if entity.name in acted or not is_offered or is_enough:
            continue
        if entity.name not in created:
            entered = _create(kind, package, entity, f"add {entity.name}")
            found.setdefault(entered.name, entered)
        listed = _list(kind, package, entity)
        found.setdefault(listed.name, listed)
    chosen = list(found.values())[:INTERFACES_MAX]
    if kind.key in WITH_SCREENS:
        chosen += _screens(chosen, made)
    source = Source("experience", "Success metrics")
    counted = {event: metric.name for metric in reversed(metrics) for event in metric.events}
    chosen += [
        Interface(name, "event", f"Counted for “{counted[name]}”.", source)
        for name in sorted(counted)
    ]
    return chosen


def _of_concepts(made: Composition, entities: dict[str, Entity]) -> Iterator[Interface]:
    for use in made.uses:
        source = Source("experience", use.concept.title)
        for action in use.concept.actions:
            yield _of_action(made.kind, made.package, use, action, source, entities)


def _of_statements(
    made: Composition, entities: Sequence[Entity]
) -> Iterator[tuple[Interface, bool]]:
    """Yield the actions of the goal and of what belongs to them; and whether each creates a row."""
    if made.kind.actions_are == "job":
        return
    for stated in stated_actions(made.reading, entities, made.acts):
        action = _of_statement(made.kind, made.package, stated)
        if action is not None:
            yield action, stated.verb in CREATES or stated.is_stored
    names = {each.name for each in entities}
    for each in _that_follow(made.kind, made.package, made.acts, names):
        yield each, False


def _that_follow(
    kind: Kind, package: str, acts: Sequence[Act], entities: Collection[str]
) -> Iterator[Interface]:
    """Yield the actions of work that belongs to a behaviour and that the goal does not state."""
    for act in acts:
        if act.is_assumed and act.behaviour.act and act.record in entities:
            name, how = _named(kind, package, act.behaviour.act, "act", act.record)
            purpose = f"{act.fill(act.behaviour.title)}."
            failures = act.filled(act.behaviour.failures)
            source = Source("assumption", "", "low")
            yield Interface(name, how, purpose, source, (), failures, (act.record,))
        for each in () if act.is_assumed else act.behaviour.then:
            if not each.act or act.record not in entities:
                continue
            is_route = kind.actions_are == "route"
            plain = each.act if is_route else f"{each.act} {act.record}"
            name, how = _named(kind, package, plain, "act", act.record)
            source = Source("assumption", act.words, "medium")
            failures = (f"the {act.record} does not exist", *act.filled(each.failures))
            yield Interface(
                name, how, f"{act.fill(each.title)}.", source, (), failures, (act.record,)
            )


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


def _of_statement(kind: Kind, package: str, stated: Stated) -> Interface | None:
    """Return an action of a statement by the name that this kind of product gives it."""
    verb, noun, on, draft = stated.verb, stated.noun, stated.on, stated.draft
    is_itself = on is not None and noun_base(noun.split()[-1]) == on.name.split()[-1]
    is_read = verb in READS
    if is_read and is_itself:
        return None  # The list of the table answers it.
    name = f"{verb} {noun}"
    if on is not None and (stated.is_stored or (is_itself and verb in CREATES)):
        made = _create(kind, package, on, f"{verb} {noun}")
        more = [each for each in draft.failures if each != f"the {on.name} does not exist"]
        failures = tuple(dict.fromkeys((*made.failures, *more)))
        known = {each.name for each in made.inputs}
        inputs = (*made.inputs, *(each for each in draft.inputs if each.name not in known))
        return msgspec.structs.replace(
            made, purpose=draft.purpose, source=draft.source, inputs=inputs, failures=failures
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


def _screens(offered: Sequence[Interface], made: Composition) -> Iterator[Interface]:
    """Yield one page for each kind of person, with what that person does there."""
    statements = made.reading.statements
    for actor in made.reading.actors[:SCREENS_MAX]:
        jobs = [
            ORDER.sub("", title_of(each, statements[:number])).lower()
            for number, each in enumerate(statements)
            if each.subject == actor.head
        ]
        if jobs:
            names = dict.fromkeys(n for each in offered for n in each.entities)
            yield Interface(
                f"Page of the {actor.name}",
                "screen",
                f"To {_listed(jobs[:4])}.",
                Source("goal", actor.name),
                entities=tuple(names)[:3],
            )


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
