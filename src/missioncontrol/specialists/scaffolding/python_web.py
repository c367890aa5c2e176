"""A web product in Python: FastAPI, one module for each table, SQLite or PostgreSQL."""

import re
from collections.abc import Iterable, Sequence

from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.layout import (
    WIDTH,
    article,
    bracketed,
    docstring,
    module,
    quoted,
    sentence,
)
from missioncontrol.specialists.scaffolding.names import pascal, python_name, unique
from missioncontrol.specialists.scaffolding.schema import migrations
from missioncontrol.specialists.scaffolding.stacks import Dialect, database_of
from missioncontrol.specialists.scaffolding.templates import python_files, static_files, words_of
from missioncontrol.specialists.scaffolding.web_databases import words_of_database

_FIELD_TYPES = {
    "text": "fields.Text", "integer": "fields.Integer", "money": "fields.Cents",
    "decimal": "fields.Decimal", "boolean": "bool", "date": "fields.Date", "time": "fields.Time",
    "timestamp": "fields.Timestamp", "duration": "fields.Seconds", "json": "fields.Document",
    "digest": "fields.Digest", "bytes": "fields.Base64", "point": "fields.Point",
    "email": "fields.Email", "url": "fields.Url",
}  # fmt: skip
_OF_MODELS = frozenset(
    [
        "bool",
        "construct",
        "copy",
        "dict",
        "errors",
        "events",
        "database",
        "fields",
        "float",
        "from_orm",
        "int",
        "json",
        "list",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "schema",
        "schema_json",
        "str",
        "validate",
        "update_forward_refs",
    ]
)
"""Names that an attribute of a model would hide."""
_OF_HANDLERS = frozenset(
    ["bool", "body", "database", "db", "errors", "events", "fields", "int", "limit", "list", "str"]
)


def python_web(plan: Blueprint) -> dict[str, str]:
    """Return the files of the product."""
    without_pages = {"app_imports": "", "static_import": "", "static_mount": ""}
    return web_files(plan, database_of(plan.design, "python-web"), without_pages)


def web_files(plan: Blueprint, dialect: Dialect, pages: dict[str, str]) -> dict[str, str]:
    """Return the files of a product whose application serves `pages` besides its operations."""
    words = words_of(plan) | words_of_database(plan, dialect) | pages
    found = {
        **python_files(plan, "python_web", words),
        **static_files(f"web_{dialect}", words),
        **_generated(plan, dialect),
    }
    comment, *pins = found["constraints.txt"].splitlines()
    found["constraints.txt"] = "\n".join([comment, *sorted(pins, key=str.lower)]) + "\n"
    return found


def _generated(plan: Blueprint, dialect: Dialect) -> dict[str, str]:
    """Return the files that follow from tables and actions."""
    source = f"src/{plan.package}"
    found = {
        f"{source}/migrations/{name}": text for name, text in migrations(plan, dialect).items()
    }
    modules: list[str] = []
    for table in plan.tables:
        if plan.of_table(table.name):
            name = python_name(table.name)
            modules.append(name)
            found[f"{source}/resources/{name}.py"] = _Resource(plan, table).text()
    loose = [each for each in plan.actions if not each.table]
    if loose:
        name = unique("operations", modules)
        modules.append(name)
        found[f"{source}/resources/{name}.py"] = _Resource(plan, None).text()
    found[f"{source}/resources/__init__.py"] = _routers(plan, modules)
    found["tests/examples.py"] = _examples(plan)
    found["tests/test_slice.py"] = _test_slice(plan)
    found["tests/test_refusals.py"] = _test_refusals(plan)
    acts = [each for each in plan.actions if each.verb == "act"]
    if acts:
        found["tests/test_not_built.py"] = _test_not_built(acts)
    return found


def _routers(plan: Blueprint, modules: Sequence[str]) -> str:
    names = sorted(modules)
    imports = bracketed(f"from {plan.package}.resources import (", names, ")")
    if len(imports) == 1:
        imports = [imports[0].replace("(", "").replace(")", "")]
    routers = bracketed("ROUTERS = (", [f"{each}.router" for each in modules], ")")
    if len(modules) == 1:
        routers = [f"ROUTERS = ({modules[0]}.router,)"]
    text = [*docstring("The routes, one module for each table."), "", *imports, "", *routers]
    return "\n".join(text) + "\n"


class _Resource:
    """The module of one table, or of the operations that belong to none."""

    def __init__(self, plan: Blueprint, table: Table | None) -> None:
        self.plan = plan
        self.table = table
        self.actions = plan.of_table(table.name if table else "")
        self.aliases: dict[str, list[str]] = {}
        self.classes: set[str] = set()

    def text(self) -> str:
        body = [*self._models(), *map(self._handler, self.actions)]
        aliases = [line for lines in self.aliases.values() for line in lines]
        code = "\n".join(line for part in body for line in part)
        head = docstring(
            f"{self.table.name.replace('_', ' ').capitalize()}. {sentence(self.table.purpose)}"
            if self.table
            else "Operations that belong to no table."
        )
        tag = self.table.name if self.table else "operations"
        router = [f"router = APIRouter(tags=[{quoted(tag)}])", *self._references(), *aliases]
        return module([*head, "", *self._imports(code, "\n".join(aliases)), "", *router], *body)

    def _imports(self, code: str, aliases: str) -> list[str]:
        package = self.plan.package
        typing = [n for n in ("Annotated", "Literal") if re.search(rf"\b{n}\[", code + aliases)]
        fastapi = ["APIRouter", *(["Query"] if "Query(" in code else [])]
        lines = [f"from typing import {', '.join(typing)}", ""] if typing else []
        lines.append(f"from fastapi import {', '.join(fastapi)}")
        if "= Field(" in code:
            lines.append("from pydantic import Field")
        own = [n for n in ("database", "events", "fields") if re.search(rf"\b{n}\.\w", code)]
        lines += ["", f"from {package} import {', '.join(own)}"] if own else [""]
        if "NotBuilt(" in code:
            lines.append(f"from {package}.errors import NotBuilt")
        return lines

    def _references(self) -> list[str]:
        if not self.table or not any(a.verb in {"create", "change"} for a in self.actions):
            return []
        pairs = [f"{quoted(c.name)}: {quoted(c.table)}" for c in self.table.columns if c.table]
        return bracketed("REFERENCES: dict[str, str] = {", pairs, "}")

    # --- models --------------------------------------------------------------------------------

    def _models(self) -> Iterable[list[str]]:
        table = self.table
        crud = [each for each in self.actions if each.verb != "act"]
        if table and crud:
            yield self._model(f"{pascal(table.singular)}In", table.columns, f"A new {table.title}.")
            yield self._out(table)
        for each in self.actions:
            if each.verb == "change" and table:
                name = f"{pascal(table.singular)}Changes"
                yield self._model(
                    name, each.inputs, f"What can be changed of {article(table.title)}."
                )
            elif each.verb == "act" and each.inputs and _has_body(each):
                name = f"{pascal(each.name)}Request"
                yield self._model(name, each.inputs, f"What it takes to {_lower(each.title)}.")

    def _model(self, name: str, columns: Sequence[Column], text: str) -> list[str]:
        lines = [f"class {name}(fields.Input):", *docstring(text, 4), ""]
        taken: set[str] = set()
        for each in columns:
            attribute = _attribute(each.name)
            taken.add(attribute)
            alias = f"alias={quoted(each.name)}" if attribute != each.name else ""
            kind = self._type(each)
            default = quoted(each.default) if each.default else None
            if not each.is_required and not each.default:
                kind, default = f"{kind} | None", "None"
            if alias:
                default = f"Field({', '.join([f'default={default}'] * bool(default) + [alias])})"
            lines.append(f"    {attribute}: {kind}" + (f" = {default}" if default else ""))
        return lines if columns else lines[:-1]

    def _out(self, table: Table) -> list[str]:
        name = pascal(table.singular)
        return [
            f"class {name}Out({name}In):",
            *docstring(f"A stored {table.title}.", 4),
            "",
            "    id: int",
            "    created_at: fields.Timestamp",
        ]

    def _type(self, column: Column) -> str:
        if not column.values:
            return _FIELD_TYPES[column.type]
        values = list(map(quoted, column.values))
        for name, lines in self.aliases.items():
            if lines == bracketed(f"{name} = Literal[", values, "]"):
                return name
        owner = self.table.singular if self.table else ""
        name = unique(pascal(f"{owner}_{column.name}"), self.aliases).replace("_", "")
        self.aliases[name] = bracketed(f"{name} = Literal[", values, "]")
        return name

    # --- handlers ------------------------------------------------------------------------------

    def _handler(self, action: Action) -> list[str]:
        if action.verb == "act" or self.table is None:
            return self._act(action)
        name = pascal(self.table.singular)
        if action.verb == "list":
            return self._list(action, name)
        table, text = self.table.name, sentence(action.title)
        rest = left_open(action)
        row_id = action.parameters[0] if action.parameters else ""
        path = quoted(action.path)
        if action.verb == "create":
            return [
                f"@router.post({path}, status_code=201)",
                *_signature(action, [f"body: {name}In", _DB], f"{name}Out"),
                *docstring(text, 4, rest),
                "    values = body.stored()",
                "    with database.transaction(db):",
                "        database.check_references(db, REFERENCES, values)",
                f"        row_id = database.insert(db, {quoted(table)}, values)",
                *self._event(table, "row_id"),
                *self._found(name, "row_id"),
            ]
        if action.verb == "read":
            return [
                f"@router.get({path})",
                *_signature(action, [f"{row_id}: fields.Integer", _DB], f"{name}Out"),
                *docstring(text, 4, rest),
                *self._found(name, row_id),
            ]
        if action.verb == "change":
            given = [f"{row_id}: fields.Integer", f"body: {name}Changes", _DB]
            return [
                f"@router.{action.method.lower()}({path})",
                *_signature(action, given, f"{name}Out"),
                *docstring(text, 4, rest),
                "    values = body.stored()",
                "    with database.transaction(db):",
                "        database.check_references(db, REFERENCES, values)",
                f"        database.update(db, {quoted(table)}, {row_id}, values)",
                *self._found(name, row_id),
            ]
        return [
            f"@router.delete({path}, status_code=204)",
            *_signature(action, [f"{row_id}: fields.Integer", _DB], "None"),
            *docstring(text, 4, rest),
            "    with database.transaction(db):",
            f"        database.delete(db, {quoted(table)}, {row_id})",
        ]

    def _found(self, name: str, row_id: str) -> list[str]:
        assert self.table is not None, "a row is one of a table"
        return [
            f"    row = database.find(db, {quoted(self.table.name)}, {row_id})",
            f"    return {name}Out.model_validate(row)",
        ]

    def _event(self, table: str, row_id: str) -> list[str]:
        event = self.plan.created_events.get(table)
        if not event:
            return []
        return [f"        events.record(db, {quoted(event)}, {quoted(table)}, {row_id})"]

    def _list(self, action: Action, name: str) -> list[str]:
        assert self.table is not None, "a list is one of a table"
        given, filters = self._query(action.inputs)
        given = [_DB, *given, "limit: fields.Limit = 100"]
        table = self.table.name
        rows = f"database.select(db, {quoted(table)}, filters, limit)"
        return [
            f"@router.get({quoted(action.path)})",
            *_signature(action, given, f"list[{name}Out]"),
            *docstring(sentence(action.title), 4, left_open(action)),
            *bracketed("filters: dict[str, object] = {", filters, "}", 4),
            f"    rows = {rows}",
            f"    return [{name}Out.model_validate(row) for row in rows]",
        ]

    def _query(self, columns: Sequence[Column]) -> tuple[list[str], list[str]]:
        """Return parameters of a query, those without default first, and them as a mapping."""
        given: list[str] = []
        filters: list[str] = []
        for each in sorted(columns, key=lambda one: not one.is_required):
            attribute = python_name(each.name, _OF_HANDLERS)
            kind = "str" if each.type == "json" else self._type(each)
            kind = kind if each.is_required else f"{kind} | None"
            if attribute != each.name:
                kind = f"Annotated[{kind}, Query(alias={quoted(each.name)})]"
            given.append(f"{attribute}: {kind}" + ("" if each.is_required else " = None"))
            filters.append(f"{quoted(each.name)}: {attribute}")
        return given, filters

    def _act(self, action: Action) -> list[str]:
        given = [f"{name}: fields.Integer" for name in action.parameters]
        lines: list[str] = []
        leading = [each for each in action.inputs if each.table]
        values = ""
        if action.inputs and _has_body(action):
            given.append(f"body: {pascal(action.name)}Request")
            values = "body.stored()"
        elif action.inputs:
            query, _ = self._query(action.inputs)
            query = [q for q in query if q.split(":")[0] not in action.parameters]
            given += query
            pairs = [f"{quoted(c.name)}: {python_name(c.name, _OF_HANDLERS)}" for c in leading]
            values = f"{{{', '.join(pairs)}}}"
        row = self.table and action.parameters[:1]
        if row and self.table:
            lines.append(f"    database.find(db, {quoted(self.table.name)}, {row[0]})")
        if leading:
            pairs = [f"{quoted(each.name)}: {quoted(each.table)}" for each in leading]
            lines += bracketed("references = {", pairs, "}", 4)
            lines.append(f"    database.check_references(db, references, {values})")
        if lines:
            given = [*given, _DB] if _has_body(action) else [_DB, *given]
            given.sort(key=lambda each: " = " in each)
        task = [quoted(action.task)] if action.task else []
        built = bracketed("raise NotBuilt(", [quoted(_operation(action)), *task], ")", 4)
        refuses = f"Refuses: {'; '.join(action.failures)}." if action.failures else ""
        return [
            f"@router.{action.method.lower()}({quoted(action.path)})",
            *_signature(action, given, "None"),
            *docstring(sentence(action.title), 4, refuses),
            *lines,
            *built,
        ]


_DB = "db: database.Database"


def _operation(action: Action) -> str:
    return f"{action.method} {action.path}"


def _has_body(action: Action) -> bool:
    return action.method not in {"GET", "DELETE"}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def left_open(action: Action) -> str:
    parts: list[str] = []
    if action.not_taken:
        parts.append(f"Not taken yet, as no column holds it: {', '.join(action.not_taken)}.")
    if action.unchecked:
        parts.append(f"Not refused yet: {'; '.join(action.unchecked)}.")
    if parts and action.task:
        parts.append(f"Task: {action.task}.")
    return " ".join(parts)


def _attribute(name: str) -> str:
    """Return the attribute of a model for a column."""
    attribute = python_name(name, _OF_MODELS)
    return f"{attribute}_" if attribute.startswith("model_") else attribute


def _signature(action: Action, given: Sequence[str], result: str) -> list[str]:
    name = python_name(action.name, _OF_HANDLERS | {"router"})
    return bracketed(f"def {name}(", given, f") -> {result}:")


# --- tests -------------------------------------------------------------------------------------


def _examples(plan: Blueprint) -> str:
    wanted = plan.with_parents(plan.main.name)
    parts = [_example(plan, each) for each in wanted]
    head = [
        *docstring("Rows to test with; each makes the rows that it leads to."),
        "",
        *(["from itertools import count"] if "_numbers" in str(parts) else []),
        "from typing import Any",
        "",
        "from fastapi.testclient import TestClient",
        *(["", "_numbers = count(1)"] if "_numbers" in str(parts) else []),
    ]
    return module(head, *parts)


def _example(plan: Blueprint, table: Table) -> list[str]:
    create = next(a for a in plan.of_table(table.name) if a.verb == "create")
    items: list[str] = []
    for each in table.columns:
        if not each.is_required or each.default:
            continue
        if each.table:
            parent = plan.table(each.table)
            items.append(f'{quoted(each.name)}: new_{parent.singular}(client)["id"]')
        else:
            items.append(f"{quoted(each.name)}: {example_code(each)}")
    head = f"def new_{table.singular}(client: TestClient, **changes: object) -> dict[str, Any]:"
    if len(head) > 100:
        signature = bracketed(
            f"def new_{table.singular}(",
            ["client: TestClient", "**changes: object"],
            ") -> dict[str, Any]:",
        )
    else:
        signature = [head]
    return [
        *signature,
        *docstring(f"Store {article(table.title)} and return it.", 4),
        *bracketed("body: dict[str, Any] = {", [*items, "**changes"], "}", 4),
        f"    response = client.post({quoted(create.path)}, json=body)",
        "    assert response.status_code == 201, response.text",
        "    row: dict[str, Any] = response.json()",
        "    return row",
    ]


def example_code(column: Column) -> str:
    """Return the Python of an example value; unique columns get a new one each time."""
    value = examples.example(column)
    if column.is_unique and not column.values:
        if column.type in {"integer", "money", "duration"}:
            return "next(_numbers)"
        if column.type == "digest":
            return 'f"{next(_numbers):064x}"'
        if column.type == "email":
            return 'f"person{next(_numbers)}@example.org"'
        if column.type == "url":
            return 'f"https://example.org/{next(_numbers)}"'
        if column.type == "text":
            return f'f"{value} {{next(_numbers)}}"'
    return python_value(value)


def python_value(value: object) -> str:
    """Return a value of JSON as Python."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)}: {python_value(v)}" for k, v in value.items()) + "}"
    return quoted(value) if isinstance(value, str) else repr(value)


def _paths(plan: Blueprint) -> tuple[str, str, str]:
    """Return the addresses of the slice: create, list and read with its parameter open."""
    by_verb = {each.verb: each for each in reversed(plan.of_table(plan.main.name))}
    read = by_verb["read"]
    return by_verb["create"].path, by_verb["list"].path, read.path.split("{")[0].rstrip("/")


def _test_slice(plan: Blueprint) -> str:
    main = plan.main
    _, listed, read = _paths(plan)
    new = f"new_{main.singular}"
    parts: list[list[str]] = [
        [
            "def test_what_is_stored_can_be_read_and_listed(client: TestClient) -> None:",
            f"    row = {new}(client)",
            f"    assert client.get(f\"{read}/{{row['id']}}\").json() == row",
            f'    assert client.get("{listed}").json()[0] == row',
        ],
        [
            "def test_it_survives_a_restart(start: Start) -> None:",
            f"    row = {new}(start())",
            f"    assert start().get(f\"{read}/{{row['id']}}\").json() == row",
        ],
        [
            "def test_a_list_shows_the_newest_first_and_has_a_limit(client: TestClient) -> None:",
            f'    ids = [{new}(client)["id"] for _ in range(3)]',
            f'    listed = client.get("{listed}", params={{"limit": 2}}).json()',
            '    assert [row["id"] for row in listed] == [ids[2], ids[1]]',
        ],
    ]
    event = plan.created_events.get(main.name)
    head = ["from fastapi.testclient import TestClient", ""]
    imports = ["from conftest import Start", f"from examples import {new}"]
    if event:
        imports.append(f"from {plan.package} import database")
        parts.append(
            [
                *bracketed(
                    "def test_a_new_row_is_an_event(",
                    ["client: TestClient", "db: database.Connection"],
                    ") -> None:",
                ),
                f"    row = {new}(client)",
                f"    [recorded] = database.select(db, {quoted(plan.events_table)}, {{}}, 1)",
                '    found = (recorded["name"], recorded["row_id"])',
                f'    assert found == ({quoted(event)}, row["id"])',
            ]
        )
    text = docstring(f"The slice that works end to end: {main.name.replace('_', ' ')}.")
    return module([*text, "", *head, *sorted(imports)], *parts)


def _test_refusals(plan: Blueprint) -> str:
    main = plan.main
    create, _, read = _paths(plan)
    new = f"new_{main.singular}"
    required = next((c for c in main.columns if c.is_required and not c.default), None)
    parts: list[list[str]] = [
        [
            "def test_a_row_that_does_not_exist_is_not_found(client: TestClient) -> None:",
            f'    assert client.get("{read}/999").status_code == 404',
            "    # More than a database takes as a number.",
            f'    assert client.get(f"{read}/{{10**30}}").status_code == 422',
        ],
        [
            "def test_an_unknown_field_is_refused(client: TestClient) -> None:",
            f'    response = client.post("{create}", json={{"no_such_field": 1}})',
            "    assert response.status_code == 422",
            '    assert "no_such_field" in response.json()["fields"]',
        ],
    ]
    if required:
        parts.append(
            [
                "def test_a_missing_field_is_named(client: TestClient) -> None:",
                f'    response = client.post("{create}", json={{}})',
                "    assert response.status_code == 422",
                f'    assert {quoted(required.name)} in response.json()["fields"]',
            ]
        )
    wrong = [(c, w) for c in main.columns if (w := wrong_value(c)) is not None]
    if wrong:
        rows = [f"({quoted(c.name)}, {python_value(w)})" for c, w in wrong]
        parts.append(
            [
                "@pytest.mark.parametrize(",
                '    ("field", "value"),',
                "    [",
                *(f"        {row}," for row in rows),
                "    ],",
                ")",
                *bracketed(
                    "def test_a_wrong_value_is_refused_by_name(",
                    ["client: TestClient", "field: str", "value: object"],
                    ") -> None:",
                ),
                f"    row = {new}(client)",
                '    body = {k: v for k, v in row.items() if k not in ("id", "created_at")}',
                f'    response = client.post("{create}", json={{**body, field: value}})',
                "    assert response.status_code == 422, response.text",
                '    assert list(response.json()["fields"]) == [field]',
            ]
        )
    imports = ["import pytest"] if wrong else []
    imports += ["from fastapi.testclient import TestClient"]
    imports += ["", f"from examples import {new}"] if wrong else []
    text = docstring(f"What is refused, and how it is said: {main.name.replace('_', ' ')}.")
    return module([*text, "", *imports], *parts)


def wrong_value(column: Column) -> examples.Value | None:
    """Return a value that a column refuses, where there is one."""
    if column.values:
        return "no such value"
    if column.table:
        return 999
    if column.type == "text" and column.is_required:
        return "  "
    return examples.WRONG.get(column.type)


def _test_not_built(acts: Sequence[Action]) -> str:
    """Return tests that hold until a task builds the operation."""
    return module(
        [
            *docstring(
                "Operations that tasks still have to build say so, once their inputs are checked."
                " Remove the case of one that is built, and write its own tests."
            ),
            "",
            "from typing import Any",
            "",
            "import pytest",
            "from fastapi.testclient import TestClient",
        ],
        [
            "@pytest.mark.parametrize(",
            '    ("method", "path", "given", "status"),',
            "    [",
            *(line for each in acts for line in _case(each)),
            "    ],",
            ")",
            "def test_an_operation_is_known_and_not_built(",
            "    client: TestClient, method: str, path: str, given: dict[str, Any], status: int",
            ") -> None:",
            '    sent = {"params": given} if method in ("GET", "DELETE") else {"json": given}',
            "    response = client.request(method, path, **sent)",
            "    # 404 and 422: the database is empty, and a row is looked for before.",
            "    assert response.status_code == status, response.text",
            '    assert response.json()["detail"] != "Not Found"',
        ],
    )


def _case(action: Action) -> list[str]:
    """Return method, path, inputs and status of an operation; each long part on its own lines."""
    given = examples.body(action.inputs)
    if not _has_body(action):
        given = {name: examples.text_of(value) for name, value in given.items()}
    pairs = [f"{quoted(name)}: {python_value(value)}" for name, value in given.items()]
    start = [quoted(action.method), quoted(_filled(action.path))]
    status = str(examples.status_of_act(action))
    inline = f"{{{', '.join(pairs)}}}"
    one = f"        ({', '.join([*start, inline, status])}),"
    if len(one) <= WIDTH:
        return [one]
    body = bracketed("{", pairs, "},", 12)
    lines = [*(f"            {each}," for each in start), *body, f"            {status},"]
    return ["        (", *lines, "        ),"]


def _filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)
