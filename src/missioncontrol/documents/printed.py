"""The report on paper: its Markdown, with the drawings of the mission behind it, as PDF."""

from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.inert import code, plain
from missioncontrol.documents.paper import markdown_page
from missioncontrol.documents.printing import pdf_of
from missioncontrol.documents.reading import Reading

DRAWN = "image/svg+xml"
PICTURES_MAX = 12
PICTURE_MAX = 1_000_000


def pdf_page(reading: Reading, read_artifact: ReadArtifact) -> bytes:
    """Return the report as PDF; the same reading gives the same bytes.

    Raises:
        Rejected: `document.too_large`, `document.unprinted`.
        Unavailable: `document.unprinted_in_time`.
    """
    images, words = _drawings(reading, read_artifact)
    title = (
        f"{reading.plan.title or reading.plan.goal or 'Mission'}: report of {reading.record.run}"
    )
    return pdf_of(markdown_page(reading, read_artifact) + words, title, images)


def _drawings(reading: Reading, read_artifact: ReadArtifact) -> tuple[dict[str, str], str]:
    """Return the drawings among the artifacts by their paths, and the section that shows them."""
    drawn = [one for one in reading.exhibits if one.artifact.media_type == DRAWN]
    shown = [one for one in drawn if one.artifact.size <= PICTURE_MAX][:PICTURES_MAX]
    if not shown:
        return {}, ""
    images, parts = {}, []
    for number, exhibit in enumerate(shown, 1):
        content, _ = readable(exhibit.artifact, read_artifact)
        images[f"drawing-{number}.svg"] = content.decode("utf-8", "replace")
        parts.append(_drawing(f"drawing-{number}.svg", exhibit))
    left = len(drawn) - len(shown)
    more = f"\n{left} more are among the artifacts.\n" if left else ""
    return images, "\n## Drawings\n\n" + "\n".join(parts) + more


def _drawing(path: str, exhibit: Exhibit) -> str:
    title = plain(exhibit.artifact.title or exhibit.artifact.name)
    origin = f"{code(exhibit.artifact.name)} of {code(exhibit.task)}"
    return f"### {title}\n\n{origin}\n\n![{title}]({path})\n"
