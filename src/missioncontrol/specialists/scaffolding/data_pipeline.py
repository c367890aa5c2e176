"""A data pipeline: files of CSV are loaded into a database, checked, and published again.

The database is DuckDB, or SQLite where the goal names it.
"""

from missioncontrol.specialists.scaffolding import examples
from missioncontrol.specialists.scaffolding.blueprint import Blueprint, Table
from missioncontrol.specialists.scaffolding.layout import bracketed, docstring, module, quoted
from missioncontrol.specialists.scaffolding.names import record_module
from missioncontrol.specialists.scaffolding.python_command import commands, tests
from missioncontrol.specialists.scaffolding.python_plain import (
    function_name,
    parameter,
    records,
)
from missioncontrol.specialists.scaffolding.schema import Dialect, migrations
from missioncontrol.specialists.scaffolding.stacks import database_of
from missioncontrol.specialists.scaffolding.templates import python_files, static_files, words_of

DUCKDB = "2.0.1"
_BOOKKEEPING = """\
-- Up to which line each file was loaded, and which rows were refused.
CREATE TABLE loaded_files (
    digest VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    last_line BIGINT NOT NULL,
    loaded_at VARCHAR NOT NULL,
    PRIMARY KEY (digest, table_name)
);
CREATE TABLE refused_rows (
    digest VARCHAR NOT NULL,
    line BIGINT NOT NULL,
    field VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    refused_at VARCHAR NOT NULL
);
"""


def data_pipeline(plan: Blueprint) -> dict[str, str]:
    """Return the files of the pipeline."""
    database = database_of(plan.design, "data-pipeline")
    words = words_of(plan) | _words(database) | {"main": plan.main.name}
    source = f"src/{plan.package}"
    schema = migrations(plan, database)
    schema[f"{len(schema) + 1:04}_loaded_files.sql"] = _BOOKKEEPING
    landing = {f"landing/{each.name}.csv": _sample(each) for each in _targets(plan)}
    return {
        **python_files(plan, "python_plain", words),
        **static_files("python_program", words),
        **static_files(f"plain_{database}", words),
        **static_files("data_pipeline", words),
        **{f"{source}/migrations/{name}": text for name, text in schema.items()},
        **records(plan),
        **commands(plan, ("pipeline",)),
        **tests(plan),
        **landing,
        f"{source}/targets.py": _targets_module(plan),
    }


def _words(database: Dialect) -> dict[str, str]:
    if database == "sqlite":
        return {"suffix": "db", "dependency": "", "pin": ""}
    return {"suffix": "duckdb", "dependency": f'"duckdb=={DUCKDB}"', "pin": f"duckdb=={DUCKDB}\n"}


def _targets(plan: Blueprint) -> list[Table]:
    """Return the tables of the slice, in the order in which they are loaded."""
    return plan.with_parents(plan.main.name)


def _targets_module(plan: Blueprint) -> str:
    tables = _targets(plan)
    names = sorted(record_module(each.name) for each in tables)
    imports = bracketed(f"from {plan.package}.records import (", names, ")")
    if len(imports) == 1:
        imports = [imports[0].replace("(", "").replace(")", "")]
    lines: list[str] = []
    for table in tables:
        create = next(a for a in plan.of_table(table.name) if a.verb == "create")
        required = [quoted(c.name) for c in table.columns if c.is_required and not c.default]
        listed = f"{{{', '.join(required)}}}" if required else ""
        lines += [
            f"    {quoted(table.name)}: Target(",
            f"        add={record_module(table.name)}.{function_name(create, plan)},",
            "        parameters={",
            *(f"            {quoted(c.name)}: {quoted(parameter(c.name))}," for c in table.columns),
            "        },",
        ]
        one = f"        required=frozenset({listed}),"
        if len(one) <= 100:
            lines.append(one)
        else:
            items = [f"                {each}," for each in required]
            lines += [
                "        required=frozenset(",
                "            {",
                *items,
                "            }",
                "        ),",
            ]
        lines.append("    ),")
    return module(
        [
            *docstring("The tables that files are loaded into; each after those that it leads to."),
            "",
            f"from {plan.package}.loading import Target",
            *imports,
            "",
            "TARGETS = {",
            *lines,
            "}",
        ]
    )


def _sample(table: Table) -> str:
    """Return a file with one row that is loaded."""
    columns = [each for each in table.columns if each.is_required and not each.default]
    if not columns:
        columns = list(table.columns[:1])
    cells = [_cell(examples.example(each)) for each in columns]
    return f"{','.join(each.name for each in columns)}\n{','.join(cells)}\n"


def _cell(value: examples.Value) -> str:
    text = examples.text_of(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & {",", '"', "\n"} else text
