"""What a scaffold writes, before a stack gives it a form: tables, actions, events, tasks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import Plan, Task
from missioncontrol.domain.product_design import Entity, Field, Interface, ProductDesign
from missioncontrol.specialists.scaffolding.names import identifier, kebab, package_name, unique

Verb = Literal["create", "list", "read", "change", "remove", "act"]
FILTERS_TYPES = frozenset({"integer", "enum", "text", "email", "digest"})
"""Types of columns by which a list can be filtered."""
_TYPES = frozenset(
    [
        "text",
        "integer",
        "money",
        "decimal",
        "boolean",
        "date",
        "time",
        "timestamp",
        "duration",
        "json",
        "digest",
        "bytes",
        "point",
        "email",
        "url",
        "enum",
    ]
)
_VERBS: dict[str, Verb] = {
    "add": "create", "create": "create", "register": "create", "record": "create",
    "enter": "create", "store": "create", "new": "create",
    "list": "list",
    "show": "read", "read": "read", "get": "read", "view": "read",
    "edit": "change", "change": "change", "update": "change", "set": "change", "rename": "change",
    "remove": "remove", "delete": "remove",
}  # fmt: skip
_METHODS: dict[tuple[str, bool], Verb] = {
    ("POST", False): "create",
    ("GET", False): "list",
    ("GET", True): "read",
    ("PATCH", True): "change",
    ("PUT", True): "change",
    ("DELETE", True): "remove",
}
_BASIC: tuple[tuple[Verb, str], ...] = (("create", "Store"), ("list", "List"), ("read", "Show"))
_CREATED = (
    "added created entered made opened placed recorded registered requested set stored asked begun"
    " given issued offered planned posted raised reported scanned sent signed started submitted"
    " uploaded"
)
_NAMING = frozenset({"name", "new_name", "title", "label"})
"""Inputs that rename a row."""
_SEGMENT = r"(?:[A-Za-z0-9._~-]|\{[^{}/\s]*\})*"
_ROUTE = re.compile(rf"(GET|POST|PUT|PATCH|DELETE) ((?:/{_SEGMENT})+)(?:\?\S*)?")
"""A path goes into code, pages and command lines: it has no sign that these would act on."""
_CHECKED = re.compile(r"\b(is|are) empty$|\bdoes not exist$|\bfield is empty\b")
_PARAMETER = re.compile(r"\{([^}]*)\}")


class Column(msgspec.Struct, frozen=True):
    """A column of a table, or an input of an action."""

    name: str
    type: str  # one of `_TYPES`
    is_required: bool = True
    is_unique: bool = False
    values: tuple[str, ...] = ()
    table: str = ""  # where a foreign key leads
    default: str = ""
    note: str = ""
    is_forward: bool = False  # leads to a table that is made later, or to its own


class Table(msgspec.Struct, frozen=True):
    """A table. Each has besides its columns an `id` and a `created_at`."""

    name: str
    singular: str
    title: str  # the entity as people write it
    purpose: str
    columns: tuple[Column, ...]

    @property
    def parents(self) -> tuple[str, ...]:
        """Return the other tables in which a row must exist before this one can have any."""
        found = (c.table for c in self.columns if c.table and c.is_required)
        return tuple(dict.fromkeys(each for each in found if each != self.name))

    def column(self, name: str) -> Column | None:
        """Return a column by its name."""
        return next((each for each in self.columns if each.name == name), None)


class Action(msgspec.Struct, frozen=True):
    """What callers can do: with a table by generated code, or an act that a task builds."""

    verb: Verb
    name: str  # snake_case, unique
    title: str
    table: str = ""
    method: str = "POST"
    path: str = ""
    inputs: tuple[Column, ...] = ()
    not_taken: tuple[str, ...] = ()  # inputs of the design that no column holds
    failures: tuple[str, ...] = ()
    task: str = ""
    declared: str = ""  # the name in the design; empty where the scaffold adds it
    command: str = ""  # in kebab-case, where the design names it as a command

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Return the failures of the design that no type, key or CHECK of the scaffold refuses."""
        return tuple(each for each in self.failures if not _CHECKED.search(each))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters in its path."""
        return tuple(_PARAMETER.findall(self.path))


class Blueprint(msgspec.Struct, frozen=True):
    """A product in the terms of a scaffold."""

    name: str
    package: str
    title: str
    summary: str
    tables: tuple[Table, ...]  # each after those that it leads to
    slice: tuple[str, ...]  # tables that work end to end; the main one is the last
    actions: tuple[Action, ...]
    not_started: tuple[tuple[str, str], ...]  # name and reason
    event_names: tuple[str, ...]
    created_events: dict[str, str]  # by table
    events_table: str
    notes: tuple[str, ...]
    design: ProductDesign
    tasks: tuple[Task, ...]

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(each for each in self.tables if each.name == name)

    def of_table(self, name: str) -> list[Action]:
        """Return the actions on a table."""
        return [each for each in self.actions if each.table == name]

    @property
    def main(self) -> Table:
        """Return the table of the vertical slice."""
        return self.table(self.slice[-1])

    def with_parents(self, name: str) -> list[Table]:
        """Return the tables which a row of this one needs, and it, in order of creation."""
        wanted = _closure([name], {each.name: each.parents for each in self.tables})
        return [each for each in self.tables if each.name in wanted]


def blueprint(source: Plan | ProductDesign) -> Blueprint:
    """Read a plan or a design.

    Raises:
        Rejected: It has no design, or the design no entity.
    """
    design = source.design if isinstance(source, Plan) else source
    if design is None:
        raise Rejected(
            "scaffold.no_design",
            "This goal changes code that is there, and a scaffold begins a new product.",
            hint="Leave out --scaffold, or describe a new product: say who does what with it.",
        )
    if not design.entities:
        raise Rejected(
            "scaffold.no_entity",
            f"The design of {design.name} names no entity; a scaffold needs one to store.",
            hint="Say in the goal what the product stores, and plan again.",
        )
    tasks = _tasks_left(source) if isinstance(source, Plan) else ()
    tables, notes = _tables(design)
    by_name = {each.name: each for each in tables}
    entities = _table_names(design.entities)
    first = entities[_central(design).name]
    parents = {each.name: each.parents for each in tables}
    wanted = _closure([first], parents)
    part = (*(n for n in by_name if n in wanted and n != first), first)
    actions, not_started = _actions(design, by_name, entities, wanted, tasks)
    events = tuple(
        dict.fromkeys(
            name
            for each in (*(e for m in design.metrics for e in m.events), *_declared_events(design))
            if (name := identifier(each))
        )
    )
    events_table = "events" if "events" not in by_name else "metric_events"
    return Blueprint(
        kebab(identifier(design.name, "product")),
        package_name(design.name),
        identifier(design.name, "product")[:50].replace("_", " ").strip().capitalize(),
        source.goal if isinstance(source, Plan) else f"{design.kind_title}.",
        tables,
        part,
        tuple(actions),
        tuple(not_started),
        events,
        _created_events(actions, by_name, events),
        events_table,
        tuple(notes),
        design,
        tasks,
    )


def _central(design: ProductDesign) -> Entity:
    """Return the entity of the slice: the first that the goal names and that is no account."""
    own = (each for each in design.entities if each.source.basis == "goal")
    things = (each for each in own if not any(field.name == "email" for field in each.fields))
    return next(things, design.entities[0])


def _tasks_left(plan: Plan) -> tuple[Task, ...]:
    """Return the tasks that build the product, without the agent that they are given to."""
    changes = [each for each in plan.tasks() if each.is_change]
    keys = {each.key for each in changes}
    plain = (
        msgspec.structs.replace(
            each, agent="", needs=tuple(key for key in each.needs if key in keys)
        )
        for each in changes
    )
    return tuple(plain)


def _declared_events(design: ProductDesign) -> Iterator[str]:
    for each in design.interfaces:
        if each.kind == "event":
            yield each.name
        elif each.emits:
            yield each.emits


def _closure(names: Iterable[str], parents: dict[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += parents[name]
    return found


# --- tables ------------------------------------------------------------------------------------

_OWN_TABLES = frozenset({"schema_migrations", "loaded_files", "refused_rows", "metric_events"})


def _table_names(entities: Sequence[Entity]) -> dict[str, str]:
    """Return the table by the name of the entity, as other parts of the design refer to it."""
    found: dict[str, str] = {}
    for each in entities:
        name = identifier(each.table or each.name)
        taken = {*found.values(), *_OWN_TABLES}
        if name.startswith("sqlite_"):
            name = f"stored_{name}"
        found.setdefault(each.name, unique(name, taken))
    return found


def _tables(design: ProductDesign) -> tuple[tuple[Table, ...], list[str]]:
    """Return the tables, each after those that it leads to, and remarks on what was changed."""
    names = _table_names(design.entities)
    entities = {names[each.name]: each for each in reversed(design.entities)}
    waiting = {name: entities[name] for name in names.values()}
    leads = {
        name: {names[r] for r in each.references if r in names and names[r] != name}
        for name, each in waiting.items()
    }
    made: list[Table] = []
    notes: list[str] = []
    singulars: set[str] = set()
    while waiting:
        done = {each.name for each in made}
        free = [name for name in waiting if leads[name] <= done]
        name = free[0] if free else _least_bound(waiting, leads, done, names)
        entity = waiting.pop(name)
        singular = unique(identifier(entity.name), singulars)
        singulars.add(singular)
        columns = tuple(_columns(entity, name, names, done, notes))
        if not columns:
            columns = (Column("name", "text"),)
            notes.append(f"`{name}.name` is added: the design names no field of {entity.name}.")
        made.append(Table(name, singular, entity.name, entity.purpose, columns))
    return tuple(made), notes


def _least_bound(
    waiting: dict[str, Entity],
    leads: dict[str, set[str]],
    done: set[str],
    names: dict[str, str],
) -> str:
    """Choose where a cycle is cut: where the fewest required columns lead to later tables."""

    def required(name: str) -> int:
        return sum(
            not f.is_optional and names.get(f.references, name) in leads[name] - done
            for f in waiting[name].fields
        )

    return min(waiting, key=required)


def _columns(
    entity: Entity, table: str, names: dict[str, str], done: set[str], notes: list[str]
) -> Iterator[Column]:
    taken = {"id", "created_at"}
    for field in entity.fields:
        if field.key == "primary" and field.type == "integer":
            continue
        name = identifier(field.name, "field")
        if name in {"id", "created_at"}:
            continue
        name = unique(name, taken)
        taken.add(name)
        column = column_of(field, names, name)
        if field.references and not column.table:
            notes.append(
                f"`{table}.{name}` leads to “{field.references}”, which is no entity of the"
                " design: the column holds a number that nothing checks."
            )
            column = msgspec.structs.replace(column, is_required=False)
        elif column.table and column.table not in done:
            if column.is_required:
                why = "to its own table" if column.table == table else "in a circle"
                notes.append(f"`{table}.{name}` leads {why}, so the first row may leave it empty.")
            column = msgspec.structs.replace(column, is_required=False, is_forward=True)
        if field.key == "primary":
            column = msgspec.structs.replace(column, is_unique=True)
        yield column


def column_of(field: Field, names: dict[str, str], name: str = "") -> Column:
    """Return the column for a field of the design."""
    kind = "text" if field.type == "long text" else field.type
    values = tuple(dict.fromkeys(each for each in field.values if each))
    if kind not in _TYPES or (kind == "enum" and not values):
        kind = "text"
    if field.references:
        kind = "integer"
    return Column(
        name or identifier(field.name, "field"),
        kind,
        not field.is_optional,
        field.is_unique,
        values if kind == "enum" else (),
        names.get(field.references, ""),
        values[0] if kind == "enum" and field.name == "status" else "",
        f"“{field.references}” is no entity of the design" if _is_loose(field, names) else "",
    )


def _is_loose(field: Field, names: dict[str, str]) -> bool:
    return bool(field.references) and field.references not in names


# --- actions -----------------------------------------------------------------------------------


def _actions(
    design: ProductDesign,
    tables: dict[str, Table],
    names: dict[str, str],
    part: set[str],
    tasks: tuple[Task, ...],
) -> tuple[list[Action], list[tuple[str, str]]]:
    """Return the actions, and what a caller cannot call.

    A row that can be created needs rows of other tables: those become creatable as well.
    """
    parents = {each.name: each.parents for each in tables.values()}
    while True:
        found, not_started = _declared(design, tables, names, part, tasks)
        creatable = {each.table for each in found if each.verb == "create"}
        needed = _closure([*part, *creatable], parents)
        if needed <= part | creatable:
            return [*found, *_added(tables, needed, found)], not_started
        part = part | needed


def _declared(
    design: ProductDesign,
    tables: dict[str, Table],
    names: dict[str, str],
    part: set[str],
    tasks: tuple[Task, ...],
) -> tuple[list[Action], list[tuple[str, str]]]:
    found: list[Action] = []
    not_started: list[tuple[str, str]] = []
    for each in design.interfaces:
        if each.kind == "event":
            continue
        reason = _no_way_in(each)
        if reason:
            not_started.append((each.name, reason))
            continue
        action = _action(each, tables, names, part, found)
        is_left = action.verb == "act" or action.not_taken or action.unchecked
        task = task_of(each, tasks) if is_left else ""
        action = msgspec.structs.replace(action, task=task)
        if any(action.path == a.path and action.method == a.method for a in found):
            not_started.append((each.name, f"`{action.method} {action.path}` exists already."))
            continue
        found.append(action)
    return found, not_started


def _no_way_in(interface: Interface) -> str:
    """Say why an interface is nothing that a caller can call."""
    if interface.kind == "screen" and not interface.inputs and interface.name.startswith("Page"):
        return f"A page: {interface.purpose}"
    if interface.kind == "message" and "/" not in interface.name:
        return "A message that the product sends."
    return ""


def _action(
    interface: Interface,
    tables: dict[str, Table],
    names: dict[str, str],
    part: set[str],
    found: Sequence[Action],
) -> Action:
    entity = next((each for each in interface.entities if each in names), "")
    table = tables.get(names.get(entity, ""))
    verb, method, path = _shape(interface, table)
    slug = _slug(interface)
    if table and verb != "act" and any(a.verb == verb and a.table == table.name for a in found):
        verb = "act"
    columns, not_taken = _inputs(interface, table, names, verb)
    is_covered = bool(table and table.name in part and path) and verb in dict(_BASIC)
    if table is None or (not is_covered and _needs(interface, not_taken)):
        verb = "act"
    if verb == "change" and not columns:
        verb = "act"
    if verb == "act":
        columns, not_taken = _inputs(interface, table, names, "act")
        path = path or (f"/{kebab(table.name)}/{slug}" if table else f"/{slug}")
        path = f"/jobs/{slug}" if interface.kind == "job" else path
    elif table and not path:
        method, path = _standard(verb, table, found)
    title = interface.purpose.rstrip(".") or slug
    name = unique(
        identifier(slug, "act") if verb == "act" else _crud_name(verb, table),
        {each.name for each in found},
    )
    return Action(
        verb,
        name,
        title,
        table.name if table else "",
        method,
        path,
        columns,
        not_taken,
        interface.failures,
        "",
        interface.name,
        slug if interface.kind == "command" else "",
    )


def _crud_name(verb: Verb, table: Table | None) -> str:
    assert table is not None, "only acts have no table"
    return f"list_{table.name}" if verb == "list" else f"{verb}_{table.singular}"


def _shape(interface: Interface, table: Table | None) -> tuple[Verb, str, str]:
    """Return what an interface does, by method and path or by the first word of its name."""
    route = _ROUTE.fullmatch(interface.name)
    if route:
        method, path = route[1], route[2]
        simple = re.fullmatch(r"(/[^{}]+?)(/\{[^}]*\})?", path)
        verb = _METHODS.get((method, bool(simple[2]))) if simple else None
        collection = simple[1].rsplit("/", 1)[-1] if simple else ""
        fits = table is not None and identifier(collection) == table.name
        return (verb if verb and fits else "act"), method, _clean(path)
    word, _, thing = _slug(interface).partition("-")
    things = {kebab(table.name), kebab(table.singular)} if table else set()
    if interface.kind == "job" and thing not in things:
        return "act", "POST", ""
    verb = _VERBS.get(word, "act")
    is_plain = verb not in {"change", "remove"} or _is_of_one_row(interface, table, word, thing)
    return verb if is_plain else "act", "POST", ""


def _is_of_one_row(interface: Interface, table: Table | None, word: str, thing: str) -> bool:
    """Tell whether a change is one of a stored row: renaming photos is no change of a column."""
    if table and table.name != table.singular and thing.startswith(kebab(table.name)):
        return False
    return word != "rename" or any(field.name in _NAMING for field in interface.inputs)


def _clean(path: str) -> str:
    """Return a path whose parameters are identifiers, each once."""
    seen: list[str] = []

    def named(match: re.Match[str]) -> str:
        seen.append(unique(identifier(match[1], "id"), seen))
        return "{" + seen[-1] + "}"

    return _PARAMETER.sub(named, path)


def _slug(interface: Interface) -> str:
    """Return the words of an interface, joined by `-`."""
    if _ROUTE.fullmatch(interface.name):
        last = interface.name.rsplit("/", 1)[-1]
        text = last if "{" in interface.name and "{" not in last else interface.purpose
        return kebab(identifier(text, "act"))[:60].strip("-")
    text = interface.name.rsplit("/", 1)[-1]
    text = text.split(" ", 1)[1] if interface.kind == "command" and " " in text else text
    return kebab(identifier(text, "act"))[:60].strip("-")


def _inputs(
    interface: Interface, table: Table | None, names: dict[str, str], verb: Verb
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Return the inputs, and the names of those that no column of the table holds."""
    chosen: list[Column] = []
    missing: list[str] = []
    for field in interface.inputs:
        name = unique(identifier(field.name, "field"), {each.name for each in chosen})
        own = table.column(name) if table else None
        if table and "{" in interface.name and _is_self(field, table, names):
            continue
        if table and verb in {"read", "change", "remove"} and _is_self(field, table, names):
            continue
        if verb == "act":
            chosen.append(column_of(field, names, name))
        elif own is None or verb == "read" or (verb == "list" and own.type not in FILTERS_TYPES):
            missing.append(name)
        else:
            # A default is for new rows: it neither filters a list nor changes a row.
            default = own.default if verb == "create" else ""
            # A list can be had without a filter, whatever its column asks for.
            is_required = verb != "list" and not field.is_optional
            own = msgspec.structs.replace(own, is_required=is_required, default=default)
            chosen.append(own)
    return tuple(chosen), tuple(missing)


def _is_self(field: Field, table: Table, names: dict[str, str]) -> bool:
    """Tell whether an input is the number of the row that a path names already."""
    return names.get(field.references) == table.name or field.name in {
        "id",
        f"{table.singular}_id",
    }


def _needs(interface: Interface, missing: Sequence[str]) -> bool:
    return any(
        identifier(each.name, "field") in missing and not each.is_optional
        for each in interface.inputs
    )


def _standard(verb: Verb, table: Table, found: Sequence[Action]) -> tuple[str, str]:
    """Return method and path of an action on a table."""
    known = (a.path for a in found if a.table == table.name and a.verb in {"create", "list"})
    base = next(known, f"/{kebab(table.name)}")
    method = {"create": "POST", "change": "PATCH", "remove": "DELETE"}.get(verb, "GET")
    return method, base if verb in {"create", "list"} else f"{base}/{{id}}"


def _added(tables: dict[str, Table], needed: set[str], found: list[Action]) -> list[Action]:
    """Return what the slice, and rows that other tables need, take in addition to the design."""
    added: list[Action] = []
    for table in (tables[name] for name in tables if name in needed):
        for verb, words in _BASIC:
            known = [*found, *added]
            if any(each.table == table.name and each.verb == verb for each in known):
                continue
            method, path = _standard(verb, table, known)
            if any(each.method == method and each.path == path for each in known):
                continue  # The design has another use for the address.
            several = table.name.replace("_", " ") if verb == "list" else f"one {table.title}"
            inputs = {"create": table.columns, "list": _filters(table)}.get(verb, ())
            name = unique(_crud_name(verb, table), {each.name for each in known})
            added.append(Action(verb, name, f"{words} {several}", table.name, method, path, inputs))
    return added


def _filters(table: Table) -> tuple[Column, ...]:
    return tuple(
        msgspec.structs.replace(each, is_required=False, default="")
        for each in table.columns
        if each.table or each.type == "enum"
    )


# --- tasks and events --------------------------------------------------------------------------

_SMALL = frozenset(
    [
        "that",
        "this",
        "with",
        "from",
        "each",
        "into",
        "have",
        "been",
        "they",
        "their",
        "what",
        "when",
        "where",
        "which",
    ]
)


def _words(text: str) -> set[str]:
    found = (word[:6] for word in re.findall(r"[a-z]{4,}", text.lower()) if word not in _SMALL)
    return set(found)


def task_of(interface: Interface, tasks: Sequence[Task]) -> str:
    """Return the key of the task that speaks most like an interface, where one does."""
    own = _words(f"{interface.name} {interface.purpose}")
    failures = _words(" ".join(interface.failures))
    best, most = "", 2
    for each in tasks:
        title = _words(each.title)
        rest = _words(f"{each.detail} {' '.join(each.acceptance)}")
        score = (
            4 * len(own & title) + 2 * len(own & (rest - title)) + len(failures & (title | rest))
        )
        if score > most:
            best, most = each.key, score
    return best or next((each.key for each in tasks), "")


def _created_events(
    actions: Iterable[Action], tables: dict[str, Table], events: Sequence[str]
) -> dict[str, str]:
    """Return the event that a new row is, by table, where the metrics of the design name one."""
    found: dict[str, str] = {}
    for each in actions:
        if each.verb != "create":
            continue
        singular = tables[each.table].singular
        done = _participle(each.title.split()[0].lower()) if each.title else ""
        names = [f"{singular}_{word}" for word in dict.fromkeys([done, *_CREATED.split()]) if word]
        names += [f"{thing}_{done}" for thing in ("entry", "row", "record", "item") if done]
        match = next((name for name in names if name in events), "")
        if match and match not in found.values():
            found[each.table] = match
    return found


def _participle(verb: str) -> str:
    irregular = {"make": "made", "set": "set", "send": "sent", "write": "written", "put": "put"}
    if verb in irregular:
        return irregular[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}ed"
