"""A web product in TypeScript: Hono on Node, SQLite, one module for each table."""

import json
import re
import textwrap
from collections.abc import Sequence
from urllib.parse import urlencode

from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Action, Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.layout import WIDTH, article, sentence
from missioncontrol.specialists.scaffolding.names import kebab, pascal, typescript_name, unique
from missioncontrol.specialists.scaffolding.python_web import left_open, wrong_value
from missioncontrol.specialists.scaffolding.schema import migrations
from missioncontrol.specialists.scaffolding.templates import static_files, words_of

_TYPES = {
    "text": "text", "integer": "integer", "money": "cents", "decimal": "decimal",
    "boolean": "boolean", "date": "day", "time": "clock", "timestamp": "timestamp",
    "duration": "seconds", "json": "json", "digest": "digest", "bytes": "base64",
    "point": "point", "email": "email", "url": "url",
}  # fmt: skip
_OF_QUERY = {
    "integer": "query.integer", "money": "query.integer", "duration": "query.integer",
    "decimal": "query.decimal", "boolean": "query.boolean", "json": "text",
}  # fmt: skip
_DATABASE = ("checkReferences", "find", "insert", "presenter", "remove", "select", "transaction",
             "update")  # fmt: skip


def node_web(plan: Blueprint) -> dict[str, str]:
    """Return the files of the product."""
    names = {
        "event_names_ts": _event_names(plan),
        "event_ts": _string("".join(plan.event_names[:1])),
    }
    words = words_of(plan) | names
    found = {
        **static_files("node_web", words),
        **{f"migrations/{name}": text for name, text in migrations(plan, "sqlite").items()},
    }
    if not plan.event_names:
        del found["test/events.test.ts"]
    modules: list[tuple[str, str]] = []
    for table in plan.tables:
        if plan.of_table(table.name):
            modules.append((kebab(table.name), f"{_camel(table.name)}Routes"))
            found[f"src/resources/{kebab(table.name)}.ts"] = _Resource(plan, table).text()
    if any(not each.table for each in plan.actions):
        name = unique("operations", [each for each, _ in modules])
        modules.append((name, "operationRoutes"))
        found[f"src/resources/{name}.ts"] = _Resource(plan, None).text()
    found["src/resources/index.ts"] = _index(modules)
    found["test/examples.ts"] = _examples(plan)
    found["test/slice.test.ts"] = _test_slice(plan)
    found["test/refusals.test.ts"] = _test_refusals(plan)
    acts = [each for each in plan.actions if each.verb == "act"]
    if acts:
        found["test/not-built.test.ts"] = _test_not_built(acts)
    return found


def _camel(name: str) -> str:
    return typescript_name(name).rstrip("_")


def _event_names(plan: Blueprint) -> str:
    if not plan.event_names:
        return "export type EventName = string;"
    lines = [f"  | {_string(each)}" for each in plan.event_names]
    return "\n".join(["export type EventName =", *lines]) + ";"


def _index(modules: Sequence[tuple[str, str]]) -> str:
    imports = [f'import {{ {name} }} from "./{path}.js";' for path, name in sorted(modules)]
    listed = _bracketed("export const resources = [", [name for _, name in modules], "];")
    return _file("The routes, one module for each table.", imports, listed)


def _file(title: str, *parts: Sequence[str]) -> str:
    texts = ["\n".join(part).strip("\n") for part in parts if part]
    return "\n\n".join([_document(title), *(each for each in texts if each)]) + "\n"


def _document(text: str) -> str:
    clean = _plain(text)
    line = f"/** {clean} */"
    if len(line) <= WIDTH:
        return line
    wrapped = textwrap.wrap(clean, WIDTH - 3, break_on_hyphens=False)
    return "\n".join(["/**", *(f" * {each}" for each in wrapped), " */"])


def _plain(text: str) -> str:
    return " ".join(text.replace("*/", "* /").split())


def _comment(text: str, indent: int) -> list[str]:
    pad = " " * indent
    return [
        f"{pad}// {each}"
        for each in textwrap.wrap(_plain(text), WIDTH - indent - 3, break_on_hyphens=False)
    ]


def _string(text: str) -> str:
    literal = json.dumps(text, ensure_ascii=False)
    if '\\"' in literal and "'" not in text:
        return "'" + literal[1:-1].replace('\\"', '"') + "'"
    return literal


def _value(value: object) -> str:
    """Return a value of JSON as TypeScript."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {_value(v)}" for k, v in value.items()) + " }"
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _bracketed(head: str, items: Sequence[str], tail: str, indent: int = 0) -> list[str]:
    """Return a call or literal: on one line where it fits, else one item a line."""
    pad = " " * indent
    space = " " if head.endswith("{") and items else ""
    line = f"{pad}{head}{space}{', '.join(items)}{space}{tail}"
    if len(line) <= WIDTH or not items:
        return [line]
    return [f"{pad}{head}", *(f"{pad}  {each}," for each in items), f"{pad}{tail}"]


def _references(columns: Sequence[Column]) -> list[str]:
    return [f"{each.name}: {_string(each.table)}" for each in columns if each.table]


class _Resource:
    """The module of one table, or of the operations that belong to none."""

    def __init__(self, plan: Blueprint, table: Table | None) -> None:
        self.plan = plan
        self.table = table
        self.actions = plan.of_table(table.name if table else "")
        self.used: set[str] = set()  # of `fields.ts`
        self.enums: dict[str, list[str]] = {}

    def text(self) -> str:
        schemas = self._schemas()
        schemas = [*(line for lines in self.enums.values() for line in ["", *lines]), *schemas]
        name = f"{_camel(self.table.name)}Routes" if self.table else "operationRoutes"
        routes = [f"export function {name}(db: Database): Hono {{", "  const routes = new Hono();"]
        for each in self.actions:
            routes += ["", *self._handler(each)]
        routes += ["", "  return routes;", "}"]
        constants = self._constants("\n".join(routes))
        code = "\n".join([*schemas, *constants, *routes])
        title = (
            f"{self.table.name.replace('_', ' ').capitalize()}. {sentence(self.table.purpose)}"
            if self.table
            else "Operations that belong to no table."
        )
        if not re.search(r"\bdb\b(?!:)", code):
            routes[0] = routes[0].replace("(db:", "(_db:")
        return _file(title, self._imports(code), constants, schemas, routes)

    def _imports(self, code: str) -> list[str]:
        lines = ['import { Hono } from "hono";']
        if re.search(r"\bz\.", code):
            lines.append('import { z } from "zod";')
        used = [each for each in _DATABASE if re.search(rf"\b{each}\(", code)]
        lines += ["", *_named([*used, "type Database"], "../database.js")]
        if "new NotBuilt(" in code:
            lines += _named(["NotBuilt"], "../errors.js")
        if " record(db" in code:
            lines += _named(["record"], "../events.js")
        self.used |= {n for n in ("body", "number", "queryOf") if re.search(rf"\b{n}\(c,", code)}
        fields = sorted(self.used, key=str.lower)
        return [*lines, *(_named(fields, "../fields.js") if fields else [])]

    def _constants(self, code: str) -> list[str]:
        if not self.table:
            return []
        lines: list[str] = []
        if "references," in code:
            pairs = _references(self.table.columns)
            lines += _bracketed("const references: Record<string, string> = {", pairs, "};")
        if "show(" in code or "(show)" in code:
            parts = [
                f"{kind}: [{', '.join(_string(c.name) for c in columns)}]"
                for kind in ("boolean", "json")
                if (columns := [c for c in self.table.columns if c.type == kind])
            ]
            lines += _bracketed("const show = presenter({", parts, "});")
        return lines

    # --- schemas -------------------------------------------------------------------------------

    def _schemas(self) -> list[str]:
        found: list[str] = []
        table = self.table
        for each in self.actions:
            if each.verb == "create" and table:
                found += self._schema(f"{pascal(table.singular)}Input", table.columns)
            elif each.verb == "change" and table:
                found += self._schema(f"{pascal(table.singular)}Changes", each.inputs)
            elif each.verb == "list" and table:
                name = f"{pascal(table.singular)}Query"
                found += self._schema(name, each.inputs, in_query=True, more=["limit"])
            elif each.verb == "act" and each.inputs:
                name = f"{pascal(each.name)}Request"
                found += self._schema(name, each.inputs, in_query=not _has_body(each))
        return found

    def _schema(
        self,
        name: str,
        columns: Sequence[Column],
        *,
        in_query: bool = False,
        more: Sequence[str] = (),
    ) -> list[str]:
        items = [f"{each.name}: {self._type(each, in_query=in_query)}" for each in columns]
        names = [each.name for each in columns]
        added = [each for each in more if each not in names]
        self.used |= set(added)
        items += added
        kind = "z.object" if in_query else "z.strictObject"
        return ["", *_bracketed(f"const {name} = {kind}({{", items, "});")]

    def _type(self, column: Column, *, in_query: bool) -> str:
        if column.values:
            kind = self._enum(column)
        else:
            kind = _TYPES[column.type]
            kind = _OF_QUERY.get(column.type, kind) if in_query else kind
            self.used.add(kind.split(".")[0])
        if column.default:
            return f"{kind}.default({_string(column.default)})"
        if column.is_required:
            return kind
        return f"{kind}.optional()" if in_query else f"{kind}.nullish()"

    def _enum(self, column: Column) -> str:
        """Return the type of an enumeration; a long one becomes a constant."""
        items = list(map(_string, column.values))
        inline = f"z.enum([{', '.join(items)}])"
        if len(inline) < 60:
            return inline
        owner = self.table.singular if self.table else "given"
        name = _camel(f"{owner}_{column.name}")
        lines = _bracketed(f"const {name} = z.enum([", items, "]);")
        while self.enums.get(name, lines) != lines:
            name = f"{name}Again"
            lines = _bracketed(f"const {name} = z.enum([", items, "]);")
        self.enums[name] = lines
        return name

    # --- handlers ------------------------------------------------------------------------------

    def _handler(self, action: Action) -> list[str]:
        path = _string(re.sub(r"\{([^}]*)\}", r":\1", action.path))
        method = action.method.lower()
        rest = left_open(action) if action.verb != "act" else ""
        if action.verb == "act" and action.failures:
            rest = f"Refuses: {'; '.join(action.failures)}."
        lines = self._body(action)
        mark = "async " if any("await " in each for each in lines) else ""
        context = "c" if any(re.search(r"\bc\b", each) for each in lines) else ""
        return [
            *_comment(f"{sentence(action.title)} {rest}", 2),
            f"  routes.{method}({path}, {mark}({context}) => {{",
            *(f"    {each}" for each in lines),
            "  });",
        ]

    def _body(self, action: Action) -> list[str]:
        table = self.table
        if action.verb == "act" or table is None:
            return self._act(action)
        name, stored = pascal(table.singular), _string(table.name)
        row = f'number(c, "{action.parameters[0]}")' if action.parameters else ""
        check = "  checkReferences(db, references, values);"
        if action.verb == "create":
            event = self.plan.created_events.get(table.name)
            return [
                f"const values = await body(c, {name}Input);",
                "const row = transaction(db, () => {",
                *([check] if _references(table.columns) else []),
                f"  const id = insert(db, {stored}, values);",
                *([f"  record(db, {_string(event)}, {stored}, id);"] if event else []),
                f"  return find(db, {stored}, id);",
                "});",
                "return c.json(show(row), 201);",
            ]
        if action.verb == "list":
            has_column = any(each.name == "limit" for each in action.inputs)
            taken = "{ ...filters }" if has_column else "{ limit, ...filters }"
            most = "100" if has_column else "limit"
            return [
                f"const {taken} = queryOf(c, {name}Query);",
                f"return c.json(select(db, {stored}, filters, {most}).map(show));",
            ]
        if action.verb == "read":
            return [f"return c.json(show(find(db, {stored}, {row})));"]
        if action.verb == "change":
            return [
                f"const id = {row};",
                f"const values = await body(c, {name}Changes);",
                "const row = transaction(db, () => {",
                *([check] if _references(action.inputs) else []),
                f"  update(db, {stored}, id, values);",
                f"  return find(db, {stored}, id);",
                "});",
                "return c.json(show(row));",
            ]
        return [
            f"transaction(db, () => remove(db, {stored}, {row}));",
            "return c.body(null, 204);",
        ]

    def _act(self, action: Action) -> list[str]:
        lines: list[str] = []
        if action.parameters and self.table:
            row = f'number(c, "{action.parameters[0]}")'
            lines.append(f"find(db, {_string(self.table.name)}, {row});")
        pairs = _references(action.inputs)
        if action.inputs:
            name = f"{pascal(action.name)}Request"
            call = f"await body(c, {name});" if _has_body(action) else f"queryOf(c, {name});"
            lines.append(f"const values = {call}" if pairs else call)
        if pairs:
            lines += _bracketed("checkReferences(db, {", pairs, "}, values);")
        task = [_string(action.task)] if action.task else []
        operation = _string(f"{action.method} {action.path}")
        return [*lines, *_throw(operation, task)]


def _throw(operation: str, task: Sequence[str]) -> list[str]:
    lines = _bracketed("throw new NotBuilt(", [operation, *task], ");")
    # Four more for the indent of a handler.
    if len(lines) == 1 and len(lines[0]) > WIDTH - 4:
        items = [operation, *task]
        return ["throw new NotBuilt(", *(f"  {each}," for each in items), ");"]
    return lines


def _named(names: Sequence[str], module: str) -> list[str]:
    return _bracketed("import {", names, f'}} from "{module}";')


def _has_body(action: Action) -> bool:
    return action.method not in {"GET", "DELETE"}


# --- tests -------------------------------------------------------------------------------------


def _examples(plan: Blueprint) -> str:
    parts: list[list[str]] = []
    for table in plan.with_parents(plan.main.name):
        create = next(a for a in plan.of_table(table.name) if a.verb == "create")
        items: list[str] = []
        for each in table.columns:
            if not each.is_required or each.default:
                continue
            if each.table:
                parent = pascal(plan.table(each.table).singular)
                items.append(f"{each.name}: (await new{parent}(product)).id")
            else:
                items.append(f"{each.name}: {_example(each)}")
        name = f"new{pascal(table.singular)}"
        parts.append(
            [
                _document(f"Stores {article(table.title)} and returns it."),
                f"export async function {name}(product: Product): Promise<Row> {{",
                *_bracketed("const values = {", items, "};", 2),
                f'  const reply = await product.send("POST", {_string(create.path)}, values);',
                "  assert.equal(reply.status, 201, JSON.stringify(reply.body));",
                "  return reply.body;",
                "}",
            ]
        )
    head = [
        'import assert from "node:assert/strict";',
        "",
        'import type { Row } from "../src/database.js";',
        'import type { Product } from "./product.js";',
    ]
    if "++numbers" in str(parts):
        head += ["", "let numbers = 0;"]
    return _file("Rows to test with; each makes the rows that it leads to.", head, *parts)


def _example(column: Column) -> str:
    value = examples.example(column)
    if column.is_unique and not column.values:
        if column.type in {"integer", "money", "duration"}:
            return "++numbers"
        if column.type == "digest":
            return 'String(++numbers).padStart(64, "0")'
        if column.type == "email":
            return "`person${++numbers}@example.org`"
        if column.type == "url":
            return "`https://example.org/${++numbers}`"
        if column.type == "text":
            return f"`{value} ${{++numbers}}`"
    return _value(value)


def _paths(plan: Blueprint) -> tuple[str, str, str]:
    by_verb = {each.verb: each for each in reversed(plan.of_table(plan.main.name))}
    read = by_verb["read"].path.split("{")[0].rstrip("/")
    return by_verb["create"].path, by_verb["list"].path, read


_HEAD = (
    'import assert from "node:assert/strict";',
    'import { test } from "node:test";',
    "",
)
_PRODUCT = 'import { Product } from "./product.js";'


def _test_slice(plan: Blueprint) -> str:
    _, listed, read = _paths(plan)
    new = f"new{pascal(plan.main.singular)}"
    parts = [
        [
            'test("what is stored can be read and listed", async (t) => {',
            "  const product = new Product(t);",
            f"  const row = await {new}(product);",
            f"  assert.deepEqual((await product.get(`{read}/${{row.id}}`)).body, row);",
            f'  assert.deepEqual((await product.get("{listed}")).body, [row]);',
            "});",
        ],
        [
            'test("it survives a restart", async (t) => {',
            "  const product = new Product(t);",
            f"  const row = await {new}(product);",
            "  product.restart();",
            f"  assert.deepEqual((await product.get(`{read}/${{row.id}}`)).body, row);",
            "});",
        ],
        [
            'test("a list shows the newest first and has a limit", async (t) => {',
            "  const product = new Product(t);",
            f"  for (let number = 0; number < 3; number += 1) await {new}(product);",
            f'  const {{ body }} = await product.get("{listed}?limit=2");',
            "  assert.deepEqual(body.map((row: { id: number }) => row.id), [3, 2]);",
            "});",
        ],
    ]
    if any(each.name == "limit" for each in plan.main.columns):
        parts.pop()
    event = plan.created_events.get(plan.main.name)
    database = []
    if event:
        database = ['import { select } from "../src/database.js";']
        parts.append(
            [
                'test("a new row is an event", async (t) => {',
                "  const product = new Product(t);",
                f"  const row = await {new}(product);",
                f'  const newest = select(product.db, "{plan.events_table}", {{}}, 1)[0];',
                f"  assert.deepEqual([newest?.name, newest?.row_id], [{_string(event)}, row.id]);",
                "});",
            ]
        )
    title = f"The slice that works end to end: {plan.main.name.replace('_', ' ')}."
    head = [*_HEAD, *database, f'import {{ {new} }} from "./examples.js";', _PRODUCT]
    return _file(title, head, *parts)


def _test_refusals(plan: Blueprint) -> str:
    main = plan.main
    create, _, read = _paths(plan)
    new = f"new{pascal(main.singular)}"
    send = f'product.send("POST", "{create}"'
    required = next((c for c in main.columns if c.is_required and not c.default), None)
    start = "  const product = new Product(t);"
    parts = [
        [
            'test("a row that does not exist is not found", async (t) => {',
            start,
            f'  assert.equal((await product.get("{read}/999")).status, 404);',
            "});",
        ],
        [
            'test("an unknown field is refused", async (t) => {',
            start,
            f"  const reply = await {send}, {{ no_such_field: 1 }});",
            "  assert.equal(reply.status, 422);",
            '  assert.ok("no_such_field" in reply.body.fields);',
            "});",
        ],
    ]
    if required:
        parts.append(
            [
                'test("a missing field is named", async (t) => {',
                start,
                f"  const reply = await {send}, {{}});",
                "  assert.equal(reply.status, 422);",
                f"  assert.ok({_string(required.name)} in reply.body.fields);",
                "});",
            ]
        )
    wrong = [(c, w) for c in main.columns if (w := wrong_value(c)) is not None]
    if wrong:
        rows = [f"  [{_string(c.name)}, {_value(w)}]," for c, w in wrong]
        parts.append(
            [
                "const wrong: [string, unknown][] = [",
                *rows,
                "];",
                "for (const [field, value] of wrong) {",
                "  test(`a wrong value of ${field} is refused by name`, async (t) => {",
                "    const product = new Product(t);",
                f"    const {{ id, created_at, ...values }} = await {new}(product);",
                f"    const reply = await {send}, {{ ...values, [field]: value }});",
                "    assert.ok(id && created_at);",
                "    assert.equal(reply.status, 422, JSON.stringify(reply.body));",
                "    assert.deepEqual(Object.keys(reply.body.fields), [field]);",
                "  });",
                "}",
            ]
        )
    title = f"What is refused, and how it is said: {main.name.replace('_', ' ')}."
    examples_import = [f'import {{ {new} }} from "./examples.js";'] if wrong else []
    return _file(title, [*_HEAD, *examples_import, _PRODUCT], *parts)


def _test_not_built(acts: Sequence[Action]) -> str:
    title = (
        "Operations that tasks still have to build say so, once their inputs are checked."
        " Remove the case of one that is built, and write its own tests."
    )
    return _file(
        title,
        [*_HEAD, 'import type { Row } from "../src/database.js";', _PRODUCT],
        [
            "const cases: [string, string, Row, number][] = [",
            *(line for each in acts for line in _case(each)),
            "];",
        ],
        [
            "for (const [method, path, given, status] of cases) {",
            "  test(`${method} ${path} is known and not built`, async (t) => {",
            "    const reply = await new Product(t).send(method, path, given);",
            "    // 404 and 422: the database is empty, and a row is looked for before.",
            "    assert.equal(reply.status, status, JSON.stringify(reply.body));",
            '    assert.notEqual(reply.body.detail, "There is no such address.");',
            "  });",
            "}",
        ],
    )


def _case(action: Action) -> list[str]:
    path = re.sub(r"\{[^}]*\}", "1", action.path)
    given = examples.body(action.inputs)
    if not _has_body(action):
        texts = {name: examples.text_of(value) for name, value in given.items()}
        path = f"{path}?{urlencode(texts)}" if texts else path
        given = {}
    start = [_string(action.method), _string(path)]
    status = str(examples.status_of_act(action))
    pairs = [f"{name}: {_value(value)}" for name, value in given.items()]
    inline = f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    one = f"  [{', '.join([*start, inline, status])}],"
    if len(one) <= WIDTH:
        return [one]
    body = _bracketed("{", pairs, "},", 4)
    return ["  [", *(f"    {each}," for each in start), *body, f"    {status},", "  ],"]
