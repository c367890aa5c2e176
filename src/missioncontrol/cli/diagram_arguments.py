"""What `mission runs diagram` takes on the command line."""

import argparse
from typing import Any

FORMATS = ("svg", "png", "mermaid", "json")


def add_diagram(verbs: Any, home: argparse.ArgumentParser) -> None:
    """Add `diagram`."""
    diagram = verbs.add_parser(
        "runs diagram",
        parents=[home],
        help="a diagram of a mission's run: product flow, architecture, deployment, data model",
        description="Writes a diagram of a mission's run; without KIND, names those there are.",
    )
    diagram.add_argument("run", metavar="RUN")
    diagram.add_argument(
        "kind",
        metavar="KIND",
        nargs="?",
        help="flow, as-is, proposed, deployment, data-model or tasks (default: name them all)",
    )
    diagram.add_argument(
        "--format", choices=FORMATS, default="svg", help="of the diagram (default: svg)"
    )
    diagram.add_argument(
        "--output", metavar="PATH", help="write it there (default: standard output; PNG needs one)"
    )
    diagram.add_argument("--json", action="store_true", help="print JSON")
