"""`mission runs diagram`: names the diagrams of a mission's run, or writes one of them."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import note, print_bytes, print_json, print_text
from missioncontrol.cli.results import about, record_of
from missioncontrol.documents.drawing.diagrams import (
    Diagram,
    diagrams,
    drawn,
    file_svg,
    mermaid_text,
)
from missioncontrol.documents.drawing.diagrams import diagram as diagram_of
from missioncontrol.documents.drawing.material import Material
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible


def diagram(arguments: argparse.Namespace) -> int:
    """Print the diagrams of a run with what they show, or write the one that is named."""
    if arguments.format == "png" and arguments.kind and not (arguments.output or arguments.json):
        raise Rejected(
            "diagram.no_output",
            "A PNG can't be printed.",
            hint="Name a file with --output.",
        )

    def look(reading: AnyReading, run: str) -> int:
        material = Material(record_of(reading, run), reading.artifacts.get)
        if arguments.kind:
            return _one(diagram_of(material, arguments.kind), arguments)
        found = diagrams(material)
        if arguments.json:
            print_json([_diagram_fields(each) for each in found])
            return SUCCEEDED
        for each in found:
            mark = "" if each.graph else "  (nothing to draw)"
            print_text(f"{each.kind:<11} {each.title}{mark}\n            {visible(each.said)}\n")
        return SUCCEEDED

    return about(arguments, look)


def _one(found: Diagram, arguments: argparse.Namespace) -> int:
    kind = "json" if arguments.json and not arguments.output else arguments.format
    content = _written(found, kind)
    if arguments.output is None:
        print_bytes(content)
        return SUCCEEDED
    with whole_file(arguments.output) as file:
        file.write(content)
    note(
        f"{found.title} written to {visible(str(Path(arguments.output)))}. {visible(found.said)}\n"
    )
    return SUCCEEDED


def _written(found: Diagram, kind: str) -> bytes:
    if kind == "json":
        return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
    graph = drawn(found)
    if kind == "mermaid":
        return mermaid_text(graph).encode()
    svg = file_svg(graph)
    if kind == "png":
        # Typesetting is loaded only where it is asked for.
        from missioncontrol.documents.printing.diagrams import png_of

        return png_of(svg)
    return svg.encode()


def _diagram_fields(found: Diagram) -> dict[str, Any]:
    graph = found.graph
    counts = {"nodes": len(graph.nodes), "edges": len(graph.edges)} if graph else {}
    return {"kind": found.kind, "title": found.title, "said": found.said, **counts}
