"""Writes docs/reference/operations.md: `python -m missioncontrol.surfaces.docs`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from missioncontrol import operations, queries
from missioncontrol.declarations import Declared, Operation

FILE = Path(__file__).parents[3] / "docs" / "reference" / "operations.md"


def reference() -> str:
    """Return every declared operation and query, and where each is reached, as Markdown."""
    lines = [
        "# Operations and queries",
        "",
        "Made from the declarations. An operation changes something and stands in the audit by",
        "its name; a query changes nothing. What is not declared yet is in the OpenAPI document",
        "and in [commands.md](commands.md).",
    ]
    nouns = dict.fromkeys((*queries.NOUNS, *operations.NOUNS))
    for noun in nouns:
        lines += ["", f"## {noun}"]
        for declared in (*queries.of_noun(noun), *operations.of_noun(noun)):
            lines += ["", f"### {declared.name}", "", declared.text, "", *_facts(declared)]
    return "\n".join(lines) + "\n"


def _facts(declared: Declared) -> Iterator[str]:
    who = f"the permission `{declared.permission}`"
    if isinstance(declared, Operation):
        who += "; agents at work may ask for it" if declared.by_agents else "; people only"
    yield f"- needs {who}"
    if isinstance(declared, Operation) and declared.unless_changed is not None:
        yield "- takes `If-Match`"
    if "http" in declared.surfaces:
        method = declared.method if isinstance(declared, Operation) else "GET"
        yield f"- API: `{method} /api/v1{_route(declared)}`"
    if "client" in declared.surfaces:
        yield f"- client: `client.{declared.resource}.{declared.verb}`"
    if "cli" in declared.surfaces:
        yield f"- command: `mission {declared.command_noun} {declared.command_verb}`"
    if "mcp" in declared.surfaces:
        yield f"- MCP: `{declared.routine if declared.tool else 'run_operation'}`"
    if not declared.surfaces:
        yield "- reached by commands, routes and pages that are written by hand"


def _route(declared: Any) -> str:
    route: str = declared.route
    return route


def main() -> None:
    """Write the page."""
    FILE.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
