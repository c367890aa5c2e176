"""The documents of a scaffold: README.md for people, AGENTS.md for coding agents."""

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.scaffold_stack import ScaffoldStack
from missioncontrol.specialists.scaffolding.blueprint import Blueprint
from missioncontrol.specialists.scaffolding.layout import sentence
from missioncontrol.specialists.scaffolding.names import identifier, kebab
from missioncontrol.specialists.scaffolding.running import call_of, not_built, running, what_it_does
from missioncontrol.specialists.scaffolding.stacks import database_of, differences, made_of
from missioncontrol.specialists.scaffolding.web_databases import SERVER, deployed


class Commands(msgspec.Struct, frozen=True):
    """How a scaffold is run, and where its parts are."""

    install: str
    start: str
    test: str
    lint: str
    use: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str, str], ...]
    deployment: str = ""


_PYTHON_INSTALL = (
    "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e '.[dev]'"
    " && .venv/bin/pytest"
)
_LINT = ".venv/bin/ruff check . && .venv/bin/ruff format --check ."


_RULES = """\
## Rules

- A change of the schema is a new migration with the next number.
- Check every input, and name the field in the refusal.
- An operation that you build loses its “not built” answer and its line in the tests for that, and
  gets tests of its own.
- Record the events that the design names in the transaction that they are about.
- Dependencies are pinned; add one only with its exact version."""


def documents(plan: Blueprint, stack: ScaffoldStack) -> dict[str, str]:
    """Return the documents by path."""
    how = commands(plan, stack)
    return {"README.md": _readme(plan, stack, how), "AGENTS.md": _agents(plan, stack, how)}


def commands(plan: Blueprint, stack: ScaffoldStack) -> Commands:
    """Return how a scaffold of `plan` in `stack` is run, and where its parts are."""
    return _COMMANDS[stack](plan)


def _web(plan: Blueprint, stack: ScaffoldStack = "python-web") -> Commands:
    package, source = plan.package, f"src/{plan.package}"
    served = database_of(plan.design, stack) == "postgres"
    own_server = (f"{source}/development.py", "starts PostgreSQL for development and tests")
    return Commands(
        _PYTHON_INSTALL,
        f".venv/bin/python -m {package}",
        ".venv/bin/pytest",
        _LINT,
        _curl(plan),
        (
            (f"{source}/resources/", "one module for each table: models and routes"),
            (f"{source}/fields.py", "types of fields: checks and stored form"),
            (f"{source}/database.py", "connections, migrations, statements"),
            *([own_server] if served else []),
            (f"{source}/migrations/", "numbered SQL, applied at the start; add, never change"),
            (f"{source}/events.py", "events for the success metrics, and how they are sent"),
            (f"{source}/errors.py", "refusals and their answers"),
            ("tests/", "the slice, refusals, what is not built"),
        ),
        _settings(
            plan,
            ("HOST", "127.0.0.1"),
            ("PORT", "8000"),
            ("LOG_LEVEL", "info"),
            *_EVENT_SETTINGS,
            database=SERVER if served else None,
        ),
        deployed(plan) if served else "",
    )


def _curl(plan: Blueprint) -> tuple[str, ...]:
    return tuple(each.as_curl() for each in running(plan, "python-web").requests)


def _pages(plan: Blueprint) -> Commands:
    web = _web(plan, "static-pages")
    pages = (f"src/{plan.package}/pages/", "the pages: HTML, one script, one style sheet")
    return msgspec.structs.replace(web, places=(pages, *web.places))


def _plain_places(plan: Blueprint) -> tuple[tuple[str, str], ...]:
    source = f"src/{plan.package}"
    return (
        (f"{source}/records/", "one module for each table: a dataclass and its functions"),
        *(
            [(f"{source}/operations.py", "operations of the design that tasks build")]
            if any(each.verb == "act" for each in plan.actions)
            else []
        ),
        (f"{source}/fields.py", "types of fields: checks and stored form"),
        (f"{source}/database.py", "connection, migrations, statements"),
        (f"{source}/migrations/", "numbered SQL, applied on opening; add, never change"),
        (f"{source}/events.py", "events for the success metrics"),
        ("tests/", "the slice, refusals, what is not built"),
    )


def _command(plan: Blueprint) -> Commands:
    package = plan.package
    return Commands(
        _PYTHON_INSTALL,
        f".venv/bin/{kebab(package)} --help",
        ".venv/bin/pytest",
        _LINT,
        _typed(plan, "python-command"),
        ((f"src/{package}/commands/", "the options of each command"), *_plain_places(plan)),
        _settings(plan, *_EVENT_SETTINGS),
    )


def _typed(plan: Blueprint, stack: ScaffoldStack) -> tuple[str, ...]:
    """Return what to ask a program, as people type it."""
    prefix = f".venv/bin/{kebab(plan.package)}"
    return tuple(shlex.join((prefix, *call[3:])) for call in running(plan, stack).calls)


def _node(plan: Blueprint) -> Commands:
    return Commands(
        "npm ci && npm test",
        "npm start",
        "npm test",
        "npx tsc --noEmit",
        _curl(plan),
        (
            ("src/resources/", "one module for each table: inputs and routes"),
            ("src/fields.ts", "types of fields: checks and stored form"),
            ("src/database.ts", "connection, migrations, statements"),
            ("migrations/", "numbered SQL, applied at the start; add, never change"),
            ("src/events.ts", "events for the success metrics"),
            ("src/errors.ts", "refusals and their answers"),
            ("test/", "the slice, refusals, what is not built"),
        ),
        _settings(plan, ("HOST", "127.0.0.1"), ("PORT", "8000"), *_EVENT_SETTINGS),
    )


def _library(plan: Blueprint) -> Commands:
    start = ".venv/bin/python examples/first_steps.py"
    return Commands(
        _PYTHON_INSTALL,
        start,
        ".venv/bin/pytest",
        _LINT,
        (start,),
        (("examples/", "programs that use the library"), *_plain_places(plan)),
        _settings(plan),
    )


def _pipeline(plan: Blueprint) -> Commands:
    package, source = plan.package, f"src/{plan.package}"
    return Commands(
        _PYTHON_INSTALL,
        f".venv/bin/{kebab(package)} run",
        ".venv/bin/pytest",
        _LINT,
        _typed(plan, "data-pipeline"),
        (
            ("landing/", "files to load, one or several for each table of the slice"),
            (f"{source}/loading.py", "loads files row by row and keeps what is refused"),
            (f"{source}/targets.py", "the tables that files are loaded into"),
            (f"{source}/publishing.py", "writes tables to files"),
            (f"{source}/commands/", "the options of each command"),
            *_plain_places(plan),
        ),
        _settings(
            plan,
            *_EVENT_SETTINGS,
            suffix="db" if database_of(plan.design, "data-pipeline") == "sqlite" else "duckdb",
        ),
    )


_EVENT_SETTINGS = (("EVENTS_URL", ""), ("EVENTS_KEY", ""))


def _settings(
    plan: Blueprint,
    *more: tuple[str, str],
    suffix: str = "db",
    database: tuple[str, str, str] | None = None,
) -> tuple[tuple[str, str, str], ...]:
    prefix = plan.package.upper()
    file = f"data/{plan.package}.{suffix}"
    texts = {
        "HOST": "the address to listen on",
        "EVENTS_URL": "where events are sent; empty: they stay in the database",
        "EVENTS_KEY": "the write key of the collector",
        "PORT": "the port to listen on",
        "LOG_LEVEL": "debug, info, warning or error",
    }
    return (
        database or (f"{prefix}_DATABASE", file, "the file of the database"),
        *((f"{prefix}_{name}", value, texts[name]) for name, value in more),
    )


def _readme(plan: Blueprint, stack: ScaffoldStack, how: Commands) -> str:
    acts = [each for each in plan.actions if each.verb == "act"]
    used = "\n".join(how.use)
    stored = _listed(each.replace("_", " ") for each in plan.slice)
    intro = (
        f"A skeleton. {made_of(plan.design, stack)}. It installs, starts, checks its inputs and"
        f" stores {stored}; the rest of the design is listed below."
    )
    parts = [
        f"# {plan.title}",
        _wrapped(plan.summary),
        intro,
        f"## Install and test\n\n```sh\n{how.install}\n```",
        f"## Start\n\n```sh\n{how.start}\n```",
        *([f"Try it:\n\n```sh\n{used}\n```"] if used != how.start else []),
        *([_OPEN] if stack in {"python-web", "static-pages", "node-web"} else []),
        "## Settings\n\nFrom the environment; each has a default.\n\n"
        + _table(("Variable", "Default", "Meaning"), how.settings),
        "## What works\n\n"
        + _table(("Operation", "What it does", "Remark"), what_it_does(plan, stack)),
    ]
    if acts:
        parts.append(
            f"## Not built yet\n\nThese check their inputs and then {not_built(stack)}. The task"
            " is the nearest one in AGENTS.md.\n\n"
            + _table(
                ("Operation", "What it will do", "Task"),
                ((f"`{call_of(a, stack, plan)}`", a.title, a.task or "—") for a in acts),
            )
        )
    if plan.not_started:
        rows = ((f"`{name}`", why) for name, why in plan.not_started)
        parts.append("## Not started\n\n" + _table(("Part of the design", "What it is"), rows))
    if others := differences(plan.design, stack):
        listed = "\n".join(f"- {each}" for each in others)
        parts.append(f"## Differences from the design\n\n{listed}")
    if how.deployment:
        parts.append(f"## Deploy\n\n{how.deployment}")
    if plan.design.metrics:
        parts.append("## Measure it\n\n" + "\n\n".join(_measuring(plan, stack)))
    parts.append("## Data\n\n" + "\n".join(_data(plan)))
    return "\n\n".join(parts).rstrip() + "\n"


_OPEN = (
    "There is no sign-in yet: who reaches the port reads and writes everything. It listens on"
    " 127.0.0.1, and other machines do not reach that."
)


def _measuring(plan: Blueprint, stack: ScaffoldStack) -> Iterator[str]:
    """Yield the metrics of the design, and how their events reach a collector."""
    yield _table(
        ("Metric", "Measure", "Target", "Events"),
        (
            (each.name, each.measure, each.target, ", ".join(f"`{e}`" for e in each.events))
            for each in plan.design.metrics
        ),
    )
    if not plan.event_names:
        return
    prefix, name = plan.package.upper(), plan.name[:40].strip("-")  # the length of an id there
    how = (
        "`events.send(db, url, key)` sends what was recorded"
        if stack == "python-library"
        else f"With `{prefix}_EVENTS_URL` and `{prefix}_EVENTS_KEY`, what was recorded is sent"
    )
    yield (
        f"{how} to a collector that speaks Segment's protocol. With Mission Control, whose console"
        " listens on port 8700 while `mission up` runs, these commands prepare the product; the"
        " second one prints the key once:"
    )
    steps = next((each.events for each in plan.design.metrics if _are_steps(each.events)), ())
    lines = [
        shlex.join(["mission", "analytics", "add-product", name, "--name", plan.title]),
        f"mission analytics add-source {name} {name} --kind server",
    ]
    if steps:
        marks = "".join(f" --step {identifier(each)}" for each in steps)
        lines.append(f"mission analytics settings {name}{marks} --action {identifier(steps[-1])}")
    yield "```sh\n" + "\n".join(lines) + "\n```"


_FAILED = frozenset(
    ["failed", "refused", "rejected", "missing", "stuck", "differs", "false", "lost", "repeated"]
)


def _are_steps(events: Sequence[str]) -> bool:
    """Return whether one event follows the other; a failure does not follow a success."""
    return len(events) > 1 and not any(_FAILED & set(each.split("_")) for each in events)


_FORMS = {
    "money": "Amounts of money are integers in cents.",
    "duration": "Spans of time are integers in seconds.",
    "timestamp": "Timestamps are ISO 8601 in UTC, such as `2026-03-01T09:30:00Z`.",
    "digest": "Digests are SHA-256 in hexadecimal.",
    "bytes": "Bytes are base64.",
    "point": "A point is `latitude,longitude`.",
}
"""How callers write values, by type."""


def _data(plan: Blueprint) -> Iterator[str]:
    types = {each.type for table in plan.tables for each in table.columns} | {"timestamp"}
    yield from (f"- {text}" for kind, text in _FORMS.items() if kind in types)
    if plan.created_events:
        named = _listed(f"`{event}`" for event in plan.created_events.values())
        yield f"- The table `{plan.events_table}` records {named}."
    others = [e for e in plan.event_names if e not in plan.created_events.values()]
    if others:
        yield (
            f"- Events of the design that nothing records yet: {_listed(f'`{e}`' for e in others)}."
        )
    for note in plan.notes:
        yield f"- {note}"


def _agents(plan: Blueprint, stack: ScaffoldStack, how: Commands) -> str:
    run = (
        f"## Run\n\n- Install and test: `{how.install}`\n- Test again: `{how.test}`\n"
        f"- Check the style: `{how.lint}`\n- Start: `{how.start}`"
    )
    parts = [
        "# For coding agents",
        f"{plan.title}. {made_of(plan.design, stack)}. Read README.md for what works.",
        run,
        "## Where things are\n\n" + "\n".join(f"- `{path}`: {text}" for path, text in how.places),
        _RULES,
    ]
    if plan.tasks:
        parts.append("## Tasks left\n\n" + "\n".join(_tasks(plan)))
    return "\n\n".join(parts).rstrip() + "\n"


def _tasks(plan: Blueprint) -> Iterator[str]:
    for task in plan.tasks:
        yield f"### {task.key}\n"
        yield f"{sentence(task.title)} {sentence(task.detail)}\n"
        if task.needs:
            yield f"After: {', '.join(f'`{each}`' for each in task.needs)}.\n"
        operations = [a.declared for a in plan.actions if a.task == task.key and a.declared]
        if operations:
            yield f"Likely operations: {', '.join(f'`{each}`' for each in operations)}.\n"
        yield from (f"- [ ] {' '.join(each.split())}" for each in task.acceptance)
        yield ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _listed(items: Iterable[str]) -> str:
    every = list(items)
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} and {every[-1]}"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(" ".join(text.split()), 100)) or "A new product."


_COMMANDS = {
    "python-web": _web,
    "static-pages": _pages,
    "node-web": _node,
    "python-command": _command,
    "python-library": _library,
    "data-pipeline": _pipeline,
}
