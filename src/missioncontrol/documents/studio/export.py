"""A version of a document in the forms that people pass on: Markdown, HTML, PDF and DOCX."""

import re
from collections.abc import Mapping
from typing import Literal

from missioncontrol.documents.drawing.diagrams import KINDS, diagram, file_svg
from missioncontrol.documents.drawing.material import Material as Drawable
from missioncontrol.documents.exhibits import ReadArtifact
from missioncontrol.documents.markup import visible
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.studio.markdown import numbered
from missioncontrol.domain.document import TITLES, DocumentKind

Form = Literal["md", "html", "pdf", "docx"]
MEDIA_TYPES: dict[Form, str] = {
    "md": "text/markdown",
    "html": "text/html",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
DRAFT = (
    "**Draft.** This is generated from the run as it is now. No version of it is stored, so it "
    "changes with the record."
)
_PICTURE = re.compile(r"^!\[[^\]\n]*\]\(([^)\n]+)\)\n?", re.MULTILINE)
_MARK = re.compile(
    r"^<!-- (?:generated anew: [0-9a-f]+|end of what was generated anew) -->\n?", re.MULTILINE
)


def without_marks(text: str) -> str:
    """Return a text without the marks around regenerated parts; both sides stay."""
    return _MARK.sub("", text)


def marked_as_draft(text: str) -> str:
    """Add the notice of a draft below the title of a text."""
    title, _, rest = text.partition("\n")
    return f"{title}\n\n> {DRAFT}\n{rest}"


def exported(
    text: str,
    kind: DocumentKind,
    form: Form,
    images: Mapping[str, str],
    *,
    is_draft: bool = False,
) -> bytes:
    """Return a document; all but Markdown have their sources numbered.

    `images` are drawings as SVG by their paths in the text; others are left out. A draft says that
    it is one below its title, and at the foot of each page.
    """
    text = marked_as_draft(text) if is_draft else text
    if form == "md":
        return text.encode()
    # What sets type takes longer to load than all the rest.
    from missioncontrol.documents.printing import html_of, pdf_of
    from missioncontrol.documents.printing.render_process import Binding, bound

    title = f"{TITLES[kind]} (draft)" if is_draft else TITLES[kind]
    body, _ = numbered(visible(without_marks(text)), brief=kind == "brief")
    body = _PICTURE.sub(lambda found: found[0] if found[1] in images else "", body)
    match form:
        case "html":
            return html_of(body, title, images).encode()
        case "pdf":
            return pdf_of(body, title, images)
        case "docx":
            return bound(Binding(body, title, images))


def pictures(record: MissionRecord, read: ReadArtifact) -> dict[str, str]:
    """Return what can be drawn of a mission; documents leave other pictures out."""
    of = Drawable(record, read)
    found = {kind: diagram(of, kind).graph for kind in KINDS}
    return {
        f"diagrams/{kind}.svg": file_svg(graph)
        for kind, graph in found.items()
        if graph is not None
    }
