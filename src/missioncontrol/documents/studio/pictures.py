"""The drawings that documents of a mission show, as SVG by their paths in the Markdown."""

from missioncontrol.documents.drawing.diagrams import KINDS, diagram, file_svg
from missioncontrol.documents.drawing.material import Material as Drawable
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.record import MissionRecord


def pictures(record: MissionRecord, read: ReadArtifact) -> dict[str, str]:
    """Return what can be drawn of a mission; documents leave other pictures out."""
    of = Drawable(record, read)
    found = {kind: diagram(of, kind).graph for kind in KINDS}
    return {
        f"diagrams/{kind}.svg": file_svg(graph)
        for kind, graph in found.items()
        if graph is not None
    }
