"""The report as Markdown, readable as plain text; what agents wrote cannot become markup in it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from missioncontrol.documents import figures
from missioncontrol.documents.anchors import Sentence
from missioncontrol.documents.changes import Diff, diff
from missioncontrol.documents.exhibits import Exhibit, ReadArtifact, readable
from missioncontrol.documents.finding_groups import location
from missioncontrol.documents.markup import code, inside, plain, shortened, unopened, visible
from missioncontrol.documents.outcome import standing
from missioncontrol.documents.page import worked
from missioncontrol.documents.printing import pdf_of
from missioncontrol.documents.report_data import Reading
from missioncontrol.documents.statements import evidence_sentence, result_name, result_place
from missioncontrol.domain.status import WORDS

TEMPLATES = Path(__file__).with_name("templates")


def markdown_page(reading: Reading, read_artifact: ReadArtifact) -> str:
    """Return CommonMark with tables; the same reading gives the same bytes."""
    changed = reading.changes
    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            reading=reading,
            record=reading.record,
            plan=reading.plan,
            tally=reading.tally,
            mission_status=WORDS[standing(reading.record).word].lower(),
            where=reading.where,
            changes=changed,
            diff=diff(changed, read_artifact) if changed is not None else Diff(),
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def fenced(of: Diff) -> Markup:
    """Return the lines of a diff as a block that none of them can close."""
    text = "\n".join(visible(line.text) for line in of.lines)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return Markup(f"{fence}diff\n{text}\n{fence}")  # noqa: S704


def link(text: Any, place: str) -> Markup:
    """Return a link to a place in the report."""
    # `text` becomes inert, and places are made of letters, digits and dashes.
    return Markup(f"[{inside(' '.join(str(text).split()))}](#{place})")  # noqa: S704


def linked_sentence(parts: Sentence) -> Markup:
    """Return a sentence with its links."""
    pieces = "".join(_piece(part.text, part.place) for part in parts)
    return Markup(unopened(" ".join(pieces.split())))  # noqa: S704 - every piece is inert


def _piece(text: str, place: str) -> str:
    return str(link(text, place)) if place else inside(text)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # `finalize` has made everything inert before
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": figures.moment,
        "clock": figures.clock,
        "lasting": figures.lasting,
        "grouped": figures.grouped,
        "counted": figures.counted,
        "size": figures.size,
        "money": figures.money,
        "in_unit": figures.in_unit,
        "code": code,
        "fenced": fenced,
        "link": link,
        "said": linked_sentence,
        "location": location,
        "worked": worked,
        "shortened": shortened,
        "evidence_sentence": evidence_sentence,
        "result_place": result_place,
        "result_name": result_name,
        "state_word": lambda state: state.replace("_", " "),
    }
    return environment


def _inert(value: Any) -> Any:
    if hasattr(value, "__html__"):
        return value
    return Markup(plain(value if isinstance(value, str) else str(value)))  # noqa: S704


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
