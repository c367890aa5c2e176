"""A snapshot of every surface of one source tree, and what differs between two of them.

    PYTHONPATH=src python -m tests.surfaces.snapshot write FILE
    PYTHONPATH=src python -m tests.surfaces.snapshot compare BEFORE AFTER

`write` keeps the OpenAPI document with its references resolved, the help of every command, the MCP
tools, the events and the exit codes. `compare` prints one line for each value that differs and
exits 1 where one does. Each difference is either wanted, and then the change log names it, or a
fault.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

VALUE_MAX = 200
"""A longer value is cut where it is printed."""

MISSING = "(missing)"


def snapshot() -> dict[str, Any]:
    """Return what each surface of the tree on the path says, as plain values."""
    return {
        "openapi": _operations(),
        "help": dict(_helps()),
        "tools": asyncio.run(_tools()),
        "events": _events(),
        "exit_codes": _exit_codes(),
    }


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Yield a line for each value that differs, by the path to it."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            inner = f"{where} > {name}" if where else name
            yield from differences(before.get(name, MISSING), after.get(name, MISSING), inner)
        return
    if isinstance(before, str) and isinstance(after, str) and "\n" in before and "\n" in after:
        yield from _different_lines(before, after, where)
        return
    yield f"{where}: {_shown(before)} → {_shown(after)}"


def _different_lines(before: str, after: str, where: str) -> Iterator[str]:
    old, new = before.splitlines(), after.splitlines()
    yield from (f"{where}: - {line.strip()}" for line in old if line not in new)
    yield from (f"{where}: + {line.strip()}" for line in new if line not in old)


def _shown(value: Any) -> str:
    text = value if value == MISSING else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}…"


def _operations() -> dict[str, Any]:
    """Return the operations of the OpenAPI document; parameters and responses stand by name."""
    from missioncontrol.interfaces.api.document import document

    made = document("")
    found: dict[str, Any] = {}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            entry = cast("dict[str, Any]", _resolved(operation, made, ()))
            parameters = entry.pop("parameters", [])
            entry["parameters"] = {f"{each['in']} {each['name']}": each for each in parameters}
            found[f"{method.upper()} {path}"] = entry
    return found


def _resolved(value: Any, made: Mapping[str, Any], above: tuple[str, ...]) -> Any:
    """Return a value with what its references name; one that names what it is part of stays."""
    if isinstance(value, list):
        return [_resolved(each, made, above) for each in value]
    if not isinstance(value, dict):
        return value
    name = value.get("$ref")
    if name is None:
        return {key: _resolved(each, made, above) for key, each in value.items()}
    if name in above:
        return value
    *_, kind, last = name.split("/")
    return {"$name": last, **_resolved(made["components"][kind][last], made, (*above, name))}


def _helps() -> Iterator[tuple[str, str]]:
    from missioncontrol.cli.arguments import parser

    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    yield from _helps_of(parser(), "mission")


def _helps_of(verb: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, str]]:
    yield name, verb.format_help()
    for action in verb._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from _helps_of(inner, f"{name} {word}")


async def _tools() -> dict[str, Any]:
    from missioncontrol.mcp.catalogue import whole

    server = whole(cast("Any", None), "")
    return {tool.name: tool.model_dump(mode="json") for tool in await server.list_tools()}


def _events() -> dict[str, Any]:
    """Return each stored event with its version and the fields that it is stored with."""
    from missioncontrol.domain import register

    return {
        name: {"schema": schema, "fields": list(kind.__struct_fields__), "type": kind.__name__}
        for kind, (name, schema) in register.NAMES.items()
    }


def _exit_codes() -> dict[str, int]:
    from missioncontrol.cli import exit_codes
    from missioncontrol.domain.errors import KINDS

    named = {name: code for name, code in vars(exit_codes).items() if isinstance(code, int)}
    errors = {f"of {name}": exit_codes.of_error(kind("", "")) for name, kind in KINDS.items()}
    return {**named, **errors}


def main(arguments: list[str]) -> int:
    """Write a snapshot, or compare two; return the exit code."""
    match arguments:
        case ["write", file]:
            text = json.dumps(snapshot(), indent=1, sort_keys=True, ensure_ascii=False)
            Path(file).write_text(f"{text}\n", encoding="utf-8")
            return 0
        case ["compare", before, after]:
            old, new = (json.loads(Path(each).read_text("utf-8")) for each in (before, after))
            found = list(differences(old, new))
            sys.stdout.writelines(f"{line}\n" for line in found)
            return 1 if found else 0
    sys.stderr.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
