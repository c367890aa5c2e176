"""Scaffolds of each stack compile, have a schema that runs, and come out the same each time."""

import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.product_design import (
    Basis,
    Entity,
    Field,
    Interface,
    ProductDesign,
    Source,
    StackChoice,
)
from missioncontrol.domain.scaffold_stack import STACKS
from missioncontrol.specialists.scaffolding import (
    ScaffoldStack,
    StackRefusal,
    made_of,
    scaffold,
    stack_for,
)
from missioncontrol.specialists.scaffolding.blueprint import blueprint
from missioncontrol.specialists.scaffolding.running import command_name
from missioncontrol.specialists.scaffolding.schema import migrations
from missioncontrol.specialists.scaffolding.stacks import differences
from tests.scaffolding.designs import SOURCE, odd_design, sources

NAMES = ("tools", "prices", "odd", "odd-served")
every_stack = pytest.mark.parametrize("stack", STACKS)
every_design = pytest.mark.parametrize("name", NAMES)


@cache
def source(name: str) -> Plan | ProductDesign:
    return sources()[name]


@cache
def written(name: str, stack: ScaffoldStack) -> dict[str, str]:
    return scaffold(source(name), stack)


@every_stack
@every_design
def test_python_compiles_and_settings_can_be_read(stack: ScaffoldStack, name: str) -> None:
    for path, text in written(name, stack).items():
        if path.endswith(".py"):
            compile(text, path, "exec")
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".json"):
            json.loads(text)
        assert "{{" not in text or not path.endswith((".py", ".toml", ".json")), path


@every_stack
@every_design
def test_generated_python_is_formatted_and_has_no_finding(
    tmp_path: Path, stack: ScaffoldStack, name: str
) -> None:
    for path, text in written(name, stack).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    for check in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [Path(sys.executable).with_name("ruff"), *check, "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@every_stack
@every_design
def test_the_same_design_gives_the_same_bytes(stack: ScaffoldStack, name: str) -> None:
    assert scaffold(source(name), stack) == written(name, stack)


@every_stack
@every_design
def test_it_has_what_a_repository_needs(stack: ScaffoldStack, name: str) -> None:
    files = written(name, stack)
    assert {"README.md", "AGENTS.md", ".gitignore", ".github/workflows/ci.yml"} <= set(files)
    assert {"pyproject.toml", "package.json"} & set(files)
    assert any("test" in path for path in files)
    for path, text in files.items():
        assert not text or re.search(r"[^\n]\n\Z", text), path
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), path


@every_design
def test_migrations_run_and_the_keys_lead_to_tables(name: str) -> None:
    plan = blueprint(source(name))
    db = sqlite3.connect(":memory:")
    for text in migrations(plan, "sqlite").values():
        db.executescript(text)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in plan.tables:
        keys = db.execute(f'PRAGMA foreign_key_list("{table.name}")').fetchall()
        assert {row[2] for row in keys} <= tables
        assert {row[3] for row in keys} == {c.name for c in table.columns if c.table}
    db.close()


@every_design
def test_a_table_comes_after_those_that_its_required_keys_lead_to(name: str) -> None:
    seen: set[str] = set()
    for table in blueprint(source(name)).tables:
        assert set(table.parents) <= seen
        seen.add(table.name)


def test_a_cycle_and_a_table_named_events_are_handled() -> None:
    plan = blueprint(odd_design())
    order = plan.table("order")
    assert plan.events_table == "metric_events"
    assert [c.name for c in order.columns if c.is_forward] == ["group_id", "parent_id"]
    assert not any(c.is_required for c in order.columns if c.is_forward)
    assert not any(c.is_forward for c in plan.table("group").columns)
    assert plan.created_events == {"order": "order_requested"}


@every_design
def test_each_interface_of_the_design_is_an_operation_or_is_named_as_not_started(name: str) -> None:
    plan = blueprint(source(name))
    declared = {each.declared for each in plan.actions} | {each for each, _ in plan.not_started}
    wanted = {each.name for each in plan.design.interfaces if each.kind != "event"}
    assert wanted <= declared


def test_a_command_is_called_what_the_design_calls_it_and_each_once() -> None:
    thing = Entity("photo", "photos", "", (Field("name", "text"),), SOURCE)
    inputs = (Field("photo_id", "integer", "foreign", "photo"),)
    interfaces = (
        Interface("pix delete-photo", "command", "Delete.", SOURCE, inputs, (), ("photo",)),
        Interface("pix run", "command", "Run.", SOURCE),
        Interface(
            "pix add-photo", "command", "Add.", SOURCE, (Field("x", "text"),), (), ("photo",)
        ),
    )
    design = ProductDesign(
        "pix", "command-line", "", SOURCE, entities=(thing,), interfaces=interfaces
    )
    plan = blueprint(design)
    names = [command_name(each, plan) for each in plan.actions]
    assert names[:4] == ["delete_photo", "run_2", "add_photo", "add_photo_2"]
    assert len(set(names)) == len(names)
    assert '"delete-photo"' in scaffold(design)["src/pix/commands/photos.py"]


@pytest.mark.parametrize(
    ("name", "field", "verb"),
    [
        ("pix rename-photos", "album_id", "act"),
        ("pix rename-photo", "album_id", "act"),
        ("pix rename-photo", "title", "change"),
        ("pix delete-photos", "title", "act"),
        ("pix delete-photo", "title", "remove"),
    ],
)
def test_what_changes_many_or_something_else_is_left_to_a_task(
    name: str, field: str, verb: str
) -> None:
    columns = (Field("title", "text"), Field("album_id", "integer"))
    thing = Entity("photo", "photos", "", columns, SOURCE)
    given = tuple(each for each in columns if each.name == field)
    changed = Interface(name, "command", "Rename.", SOURCE, given, (), ("photo",))
    design = ProductDesign(
        "pix", "command-line", "", SOURCE, entities=(thing,), interfaces=(changed,)
    )
    [action] = [each for each in blueprint(design).actions if each.declared == name]
    assert action.verb == verb


def test_a_command_takes_bytes_as_a_file() -> None:
    files = scaffold(odd_design(), "python-command")
    assert (
        'add_argument("--body", type=option(content)' in files["src/select_app/commands/order.py"]
    )
    assert "--body pyproject.toml" in files["README.md"]


def test_a_readme_says_what_callers_type_and_nothing_of_types_that_are_not_there() -> None:
    text = scaffold(source("prices"), "data-pipeline")["README.md"]
    command = blueprint(source("prices")).package.replace("_", "-")
    assert f"`{command} run`" in text
    assert f".venv/bin/{command} run" in text
    types = {each.type for table in blueprint(source("prices")).tables for each in table.columns}
    assert ("Amounts of money" in text) == ("money" in types)
    assert ("Digests are" in text) == ("digest" in types)


def test_a_list_can_be_had_without_a_filter() -> None:
    state = Field("status", "enum", values=("open", "done"))
    thing = Entity("photo", "photos", "", (Field("name", "text"), state), SOURCE)
    listed = Interface("pix list-photos", "command", "List.", SOURCE, (state,), (), ("photo",))
    design = ProductDesign(
        "pix", "command-line", "", SOURCE, entities=(thing,), interfaces=(listed,)
    )
    [action] = [each for each in blueprint(design).actions if each.verb == "list"]
    assert [each.is_required for each in action.inputs] == [False]


@every_design
def test_a_default_is_for_new_rows_only(name: str) -> None:
    actions = blueprint(source(name)).actions
    assert not any(
        each.default for a in actions if a.verb in {"list", "change"} for each in a.inputs
    )


def test_an_entity_without_fields_gets_a_name() -> None:
    bare = Entity("thing", "things", "Has no field.", (Field("id", "integer", "primary"),), SOURCE)
    plan = blueprint(ProductDesign("x", "json-api", "", SOURCE, entities=(bare,)))
    assert [each.name for each in plan.main.columns] == ["name"]


def test_a_failure_that_nothing_checks_is_named_where_people_and_agents_read() -> None:
    files = written("tools", "python-web")
    failure = "it is already lent"
    assert f"not refused yet: {failure}" in files["README.md"]
    assert failure in files["src/tools/resources/loans.py"]


def test_the_document_for_agents_has_each_task_with_its_acceptance() -> None:
    plan = source("tools")
    assert isinstance(plan, Plan)
    text = written("tools", "python-web")["AGENTS.md"]
    for task in plan.tasks():
        assert f"### {task.key}\n" in text
        assert all(" ".join(each.split()) in text for each in task.acceptance)


def test_the_funnel_that_the_readme_prepares_does_not_lead_to_a_failure() -> None:
    plan = source("prices")
    assert isinstance(plan, Plan)
    assert plan.design is not None
    assert plan.design.metrics[0].events == ("fetch_completed", "fetch_failed")
    readme = written("prices", "data-pipeline")["README.md"]
    assert "--step edition_published --step edition_read --action edition_read" in readme


def test_rows_can_be_stored_before_what_comes_later_is_known() -> None:
    db = sqlite3.connect(":memory:")
    for text in migrations(blueprint(source("prices")), "sqlite").values():
        db.executescript(text)
    db.execute("INSERT INTO fetch_runs (source, started_at, items) VALUES ('x', 'a', 0)")
    gap = "INSERT INTO gaps (series, starts_at, ends_at, status) VALUES ('x', 'a', 'b', ?)"
    db.execute(gap, ["measured_later"])
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        db.execute(gap, ["measured"])
    db.close()


def test_an_act_names_a_task_of_the_plan() -> None:
    plan = source("tools")
    assert isinstance(plan, Plan)
    keys = {each.key for each in plan.tasks()}
    acts = [each for each in blueprint(plan).actions if each.verb == "act"]
    assert acts
    assert {each.task for each in acts} <= keys


def test_a_language_without_a_scaffold_is_refused_and_the_nearest_is_offered() -> None:
    plan = source("tools")
    assert isinstance(plan, Plan)
    assert plan.design is not None
    refusal = stack_for(plan.design)
    assert isinstance(refusal, StackRefusal)
    assert (refusal.asked, refusal.nearest) == ("Ruby on Rails", "python-web")
    with pytest.raises(Rejected, match=r"Ruby on Rails.*nearest is `--scaffold python-web`"):
        scaffold(plan)
    assert "pyproject.toml" in scaffold(plan, refusal.nearest)


@pytest.mark.parametrize(
    ("kind", "language", "stack"),
    [
        ("json-api", "Python", "python-web"),
        ("json-api", "TypeScript", "node-web"),
        ("web-product", "JavaScript", "node-web"),
        ("static-site", "", "static-pages"),
        ("command-line", "", "python-command"),
        ("library", "Python", "python-library"),
        ("data-pipeline", "", "data-pipeline"),
    ],
)
def test_the_stack_follows_from_the_kind_and_the_language(
    kind: str, language: str, stack: ScaffoldStack
) -> None:
    choices = (StackChoice("Language", language, "", SOURCE),) if language else ()
    design = ProductDesign("x", kind, kind, SOURCE, stack=choices)
    assert stack_for(design) == stack


def design(kind: str, **chosen: str) -> ProductDesign:
    """Return a design whose choices are words of the goal."""
    stack = tuple(StackChoice(part, name, "", SOURCE) for part, name in chosen.items())
    return msgspec.structs.replace(odd_design(), kind=kind, kind_title=kind, stack=stack)


@pytest.mark.parametrize(
    ("kind", "chosen", "asked"),
    [
        ("json-api", {"Language": "Go 1.24"}, "Go"),
        ("json-api", {"Language": "Rust"}, "Rust"),
        ("web-product", {"Framework": "Django"}, "Django"),
        ("web-product", {"Framework": "Next.js"}, "Next.js"),
        ("web-product", {"Database": "MySQL"}, "Python web with MySQL"),
        (
            "json-api",
            {"Language": "TypeScript", "Database": "PostgreSQL"},
            "TypeScript on Node.js with PostgreSQL",
        ),
        ("command-line", {"Database": "PostgreSQL"}, "Python command line with PostgreSQL"),
    ],
)
def test_what_a_goal_names_and_no_scaffold_has_is_said_in_one_line(
    kind: str, chosen: dict[str, str], asked: str
) -> None:
    found = stack_for(design(kind, **chosen))
    assert isinstance(found, StackRefusal)
    assert found.reason.startswith(f"There is no scaffold for {asked}")
    assert len(found.reason) < 160
    assert f"`--scaffold {found.nearest}`" in found.hint


@pytest.mark.parametrize(
    "chosen",
    [
        {"Framework": "FastAPI", "Database": "PostgreSQL 18"},
        {"Database": "SQLite"},
        {"Database": "Prometheus"},
        {"Framework": "htmx"},
    ],
)
def test_what_a_goal_names_and_the_scaffold_has_is_taken(chosen: dict[str, str]) -> None:
    assert stack_for(design("web-product", **chosen)) == "python-web"


@pytest.mark.parametrize("stack", ["python-web", "static-pages"])
@pytest.mark.parametrize("basis", ["goal", "experience"])
def test_a_web_product_has_the_database_that_its_design_chooses(
    stack: ScaffoldStack, basis: Basis
) -> None:
    choice = StackChoice("Database", "PostgreSQL", "", Source(basis))
    plain = design("web-product")
    served = msgspec.structs.replace(plain, stack=(choice,))
    assert (made_of(plain, stack)[-6:], made_of(served, stack)[-10:]) == ("SQLite", "PostgreSQL")
    assert differences(served, stack) == ()
    files, others = scaffold(served, stack), scaffold(plain, stack)
    package = blueprint(served).package
    assert "psycopg==3.3.9" in files["constraints.txt"].splitlines()
    assert "DATABASE_URL" in files["README.md"]
    added = {"compose.yaml", "Dockerfile", ".dockerignore", "tests/test_database.py"}
    assert files.keys() - others.keys() == {*added, f"src/{package}/development.py"}
    assert not others.keys() - files.keys()
    assert not any("psycopg" in text or "DATABASE_URL" in text for text in others.values())
    same = [path for path in others if path.startswith(f"src/{package}/resources/")]
    assert same
    assert all(files[path] == others[path] for path in same)


@pytest.mark.parametrize(
    ("name", "stack", "database"),
    [("prices", "data-pipeline", "SQLite"), ("odd", "data-pipeline", "DuckDB")],
)
def test_a_skeleton_says_which_database_it_has(
    name: str, stack: ScaffoldStack, database: str
) -> None:
    assert made_of(blueprint(source(name)).design, stack).endswith(f" and {database}")


def test_what_a_design_recommends_and_the_skeleton_has_otherwise_is_listed() -> None:
    parts = {"Web": "Litestar with Jinja", "Migrations": "Alembic", "Database": "PostgreSQL"}
    found = differences(design("web-product", **parts), "python-web")
    assert [each.partition(":")[0] for each in found] == ["Web", "Migrations"]


@every_design
def test_a_key_of_postgresql_leads_to_a_table_that_is_there_already(name: str) -> None:
    plan = blueprint(source(name))
    there: set[str] = set()
    keys = 0
    for table, text in zip(
        [None, *plan.tables], migrations(plan, "postgres").values(), strict=True
    ):
        there |= {table.name} if table else set()
        found = re.findall(r'REFERENCES "(\w+)"', text)
        assert set(found) <= there
        keys += len(found)
    assert keys == sum(bool(c.table) for table in plan.tables for c in table.columns)


def test_names_of_indexes_are_told_apart_by_postgresql() -> None:
    field = [Field(f"{'x' * 55}_{end}", "integer", "foreign", "thing") for end in "ab"]
    thing = Entity("thing", "things", "", (Field("name", "text"),), SOURCE)
    other = Entity("y" * 50, "y" * 50, "", tuple(field), SOURCE)
    plan = blueprint(msgspec.structs.replace(odd_design(), entities=(thing, other), interfaces=()))
    text = "".join(migrations(plan, "postgres").values())
    names = re.findall(r'CREATE INDEX "(\w+)"', text)
    assert len({each[:63] for each in names}) == len(names) == 3


@pytest.mark.parametrize(("kind", "language"), [("game", ""), ("library", "TypeScript")])
def test_a_kind_without_a_scaffold_in_its_language_is_refused(kind: str, language: str) -> None:
    choices = (StackChoice("Language", language, "", SOURCE),) if language else ()
    assert isinstance(
        stack_for(ProductDesign("x", kind, kind, SOURCE, stack=choices)), StackRefusal
    )


def test_a_plan_without_a_design_or_entities_is_refused() -> None:
    with pytest.raises(Rejected, match="names no entity"):
        scaffold(ProductDesign("x", "json-api", "", SOURCE))


@every_stack
def test_a_path_with_code_in_it_gets_into_no_code_and_no_command(stack: ScaffoldStack) -> None:
    design = odd_design()
    code = '"+str(__import__("os").system("id"))+"'
    bad = [
        Interface(f"{method} /{path}/things", "route", "Runs code.", Source("goal"))
        for method in ("GET", "POST")
        for path in (code, "$(id)", '"><script>alert(1)</script>', "`id`", "'", "${alert}")
    ]
    design = msgspec.structs.replace(design, interfaces=(*design.interfaces, *bad))
    for path, whole in scaffold(design, stack).items():
        # A document names an interface that no file has; only its commands are run.
        text = "\n".join(re.findall(r"(?s)```.*?```", whole)) if path.endswith(".md") else whole
        assert not re.search(r"__import__|\$\(id|<script>alert|`id`|\$\{alert", text), path


@pytest.mark.parametrize("stack", ["python-command", "data-pipeline", "python-library"])
@pytest.mark.parametrize("name", ["field", "database", "operation", "limit", "collection"])
def test_names_that_a_scaffold_uses_itself_can_be_entities(
    tmp_path: Path, stack: ScaffoldStack, name: str
) -> None:
    source = Source("goal")
    fields = (Field("limit", "integer"), Field("help", "text"))
    entity = Entity(name, f"{name}s", "One.", fields, source=source)
    listed = Interface(f"{name}s list", "command", "List.", source, fields, entities=(name,))
    design = msgspec.structs.replace(
        odd_design(), name=f"{name}s", entities=(entity,), interfaces=(listed,), metrics=()
    )
    for path, text in scaffold(design, stack).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    package = blueprint(design).package
    assert package not in sys.stdlib_module_names
    if stack == "python-library":
        asked = ["-c", f"import {package}"]
    elif stack == "python-command":
        asked = ["-m", package, "--help"]
    else:
        asked = ["-c", f"import {package}.loading"]
    done = subprocess.run(
        [sys.executable, *asked],
        cwd=tmp_path / "src",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "No module named 'duckdb'" in done.stderr, done.stderr


@every_stack
def test_a_long_word_makes_no_long_file_name(stack: ScaffoldStack) -> None:
    entity = Entity("y" * 300, "y" * 300, "One.", (), source=Source("goal"))
    other = Entity("y" * 301, "y" * 301, "Two.", (), source=Source("goal"))
    design = msgspec.structs.replace(odd_design(), entities=(entity, other), interfaces=())
    written = scaffold(design, stack)
    assert max(len(part.encode()) for path in written for part in path.split("/")) < 200
    for path, text in written.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
