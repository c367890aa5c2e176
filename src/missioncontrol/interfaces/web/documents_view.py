"""The view of a mission's documents: read with sources, edited, compared, conflicts decided."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import quote

from litestar import Request
from markupsafe import Markup

from missioncontrol.application.queries import documents as queries
from missioncontrol.application.queries.documents import DocumentView, SourceLine
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.prose import prose
from missioncontrol.documents.sections import sections
from missioncontrol.documents.studio import markdown
from missioncontrol.documents.studio.export import without_marks
from missioncontrol.domain.document import KINDS, DocumentKind
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.artifact_view import viewer_url
from missioncontrol.interfaces.web.codes import code_url
from missioncontrol.interfaces.web.conflicts import sides
from missioncontrol.queries.document import view_of

MODES = ("read", "edit", "diff")
SHOWN_MAX = 200_000
"""Characters of a document that a page renders; the rest is in its file."""

DESCRIPTIONS: dict[DocumentKind, str] = {
    "prd": "What to build, for whom, with acceptance criteria and exclusions.",
    "design": "Current behaviour, planned changes and decisions.",
    "plan": "Tasks, their order and progress.",
    "pack": "Everything a builder needs for each task.",
    "adrs": "Each decision with its context, drawback and alternatives.",
    "test-plan": "Tests for each requirement, with current results.",
    "release-notes": "Changes made, with their evidence.",
    "brief": "One page: status and pending decisions.",
}

_OPEN, _CLOSE, _DRAWN, _SHOWN = "\ue000", "\ue001", "\ue002", "\ue003"
_NOTES = re.compile(r"(?:[ \u00a0]?\[\^[^\]\s]{1,200}\](?!:))+")
_CITED = re.compile(f"{_OPEN}([0-9,]+){_CLOSE}")
_PICTURE = re.compile(r"^!\[[^\]\n]*\]\(diagrams/([a-z-]{1,40})\.svg\)\n?", re.MULTILINE)
_DRAWING = re.compile(f"<p>{_DRAWN}([a-z-]+){_SHOWN}</p>")
_BOX = re.compile(r"^(\s*[-*] )\[([ xX])\] ", re.MULTILINE)
_TASK = re.compile(r"task:([a-z0-9-]+)$")


class Part(NamedTuple):
    """A section as the page shows it."""

    place: str
    level: int  # 2 to 4
    title: Markup
    body: Markup


class Cited(NamedTuple):
    """A source as the page lists it."""

    line: SourceLine
    said: Markup
    href: str  # "" where there is no place to go to


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what the view shows: the list of documents, and one of them in its mode."""
    asked = request.query_params
    present, run = console.present, story.state.id
    lines = await queries.documents(present.store, run)
    kind = _chosen(asked.get("document", ""), lines)
    line = next(each for each in lines if each.kind == kind)
    found: dict[str, Any] = {
        "documents": lines,
        "document": line,
        "says": DESCRIPTIONS[kind],
        "mode": asked.get("mode", "read") if line.version else "draft",
        "shown_version": None,
        "parts": (),
        "cited": (),
        "difference": None,
        "stale": "",
        "draft": "",
        "is_cut": False,
        "sides": sides,
    }
    if not line.version:
        return found | await _draft(console, story, kind)
    view = await queries.document(
        present.store, present.artifacts, run, kind, _number(asked.get("version", ""))
    )
    found["shown_version"] = view
    if found["mode"] == "diff":
        found["difference"] = await queries.difference(
            present.store,
            present.artifacts,
            run,
            kind,
            _number(asked.get("older", "")),
            view.version,
        )
    elif found["mode"] == "edit":
        found["draft"] = view.text
    else:
        found |= read_values(view, story)
    return found


async def _draft(console: Console, story: RunReport, kind: DocumentKind) -> dict[str, Any]:
    """Return what the page shows of a draft; nothing where the mission has no plan."""
    if not story.reading.record.tasks:
        return {}
    view = await view_of(console.present, story, kind)
    return {"shown_version": view} | read_values(view, story) | {"mode": "draft"}


def read_values(view: DocumentView, story: RunReport) -> dict[str, Any]:
    """Return what the page needs to show a version for reading."""
    return {
        "mode": "read",
        "parts": tuple(_parts(view, story)),
        "cited": tuple(_cited(view, story)),
        "is_cut": len(view.text) > SHOWN_MAX,
    }


def _chosen(text: str, lines: tuple[queries.DocumentLine, ...]) -> DocumentKind:
    written: list[DocumentKind] = [each.kind for each in lines if each.version]
    named: list[DocumentKind] = [kind for kind in KINDS if kind == text]
    return [*named, *written, KINDS[0]][0]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 8 else None


def _parts(view: DocumentView, story: RunReport) -> Iterator[Part]:
    numbers = {each.key: each.number for each in view.sources}
    text = re.sub(f"[{_OPEN}-{_SHOWN}]", "", without_marks(view.text[:SHOWN_MAX]))
    defined = markdown.defined_in(text)
    body = markdown.without_sources(text, defined)
    tables = count(1)
    for number, each in enumerate(sections(body)):
        lines = each.text.split("\n")
        level = len(lines[0]) - len(lines[0].lstrip("#")) if lines[0].startswith("#") else 0
        shown = "\n".join(lines[1:] if level else lines)
        if level == 1 and not shown.strip():
            continue  # The page has a heading of its own.
        title = Markup(prose(_marked(each.title, numbers)).removeprefix("<p>").strip())  # noqa: S704
        yield Part(
            f"section-{number}",
            min(max(level, 2), 4),
            _with_cites(Markup(title.removesuffix("</p>"))),  # noqa: S704 - `prose` made it
            _drawn(_number_tables(_with_cites(prose(_marked(shown, numbers))), tables), story),
        )


def _marked(text: str, numbers: dict[str, int]) -> str:
    """Return Markdown with each run of footnotes as a mark that rendering leaves alone."""

    def mark(found: re.Match[str]) -> str:
        keys = markdown.notes_in(found[0])
        listed = [str(numbers[key]) for key in dict.fromkeys(keys) if key in numbers]
        return f"{_OPEN}{','.join(listed)}{_CLOSE}" if listed else found[0]

    text = _BOX.sub(lambda found: f"{found[1]}{'☐' if found[2] == ' ' else '☑'} ", text)
    return _NOTES.sub(mark, _PICTURE.sub(f"{_DRAWN}\\1{_SHOWN}\n\n", text))


def _drawn(html: Markup, story: RunReport) -> Markup:
    """Put the drawings of the mission where the document shows them."""
    run = quote(story.state.id)
    at = f"/missions/{quote(story.mission.id)}"

    def picture(found: re.Match[str]) -> str:
        source = f"/api/v1{at}/diagrams/{found[1]}?run={run}"
        alternative = f"Drawing: {found[1].replace('-', ' ')}; described below"
        return (
            f'<a class="drawing" href="{at}?view=documents&amp;document=diagrams&amp;run={run}">'
            f'<img src="{source}" alt="{alternative}" loading="lazy"></a>'
        )

    return Markup(_DRAWING.sub(picture, str(html)))  # noqa: S704 - letters and dashes in our tag


def _number_tables(html: Markup, tables: Iterator[int]) -> Markup:
    """Number the tables: two regions of a page don't share a name."""
    label = 'aria-label="Table"'
    named = re.sub(label, lambda _: f'aria-label="Table {next(tables)}"', str(html))
    return Markup(named)  # noqa: S704 - numbers of ours in sanitised text


def _with_cites(html: Markup) -> Markup:
    def cite(found: re.Match[str]) -> str:
        links = ", ".join(
            f'<a href="#source-{number}" data-source="{number}" aria-label="Source {number}">'
            f"{number}</a>"
            for number in found[1].split(",")
        )
        return f'<sup class="cite">{links}</sup>'

    return Markup(_CITED.sub(cite, str(html)))  # noqa: S704 - numbers of ours in sanitised text


def _cited(view: DocumentView, story: RunReport) -> Iterator[Cited]:
    for each in view.sources:
        shown = Markup(prose(each.text).strip().removeprefix("<p>").removesuffix("</p>"))  # noqa: S704
        yield Cited(each, shown, _href(each, story))


def _href(source: SourceLine, story: RunReport) -> str:
    """Return where a source can be looked at."""
    base = f"/missions/{quote(story.mission.id)}?run={quote(story.state.id)}"
    where = story.reading.where
    match source.kind:
        case "goal" | "context" | "constraint" | "plan":
            return f"{base}&view=plan"
        case "requirement":
            return f"{base}&view=plan&show=requirements#{where.requirements.get(source.key, '')}"
        case "decision":
            return f"{base}&view=decisions#{where.decisions.get(source.key, '')}"
        case "risk":
            return f"{base}&view=decisions#{where.risks.get(source.key, '')}"
        case "question":
            return f"{base}&view=overview#questions"
        case "task":
            found = _TASK.match(source.key)
            return f"{base}&view=plan#task-{found[1]}" if found else f"{base}&view=plan"
        case "event":
            return f"/events/{source.position}"
        case "artifact" | "tests":
            return _file(source, story)
        case _:
            return code_url(story, source.path, source.line) if source.path else ""


def _file(source: SourceLine, story: RunReport) -> str:
    for each in story.reading.exhibits:
        if each.artifact.digest == source.digest:
            return viewer_url(story.state.id, source.digest, each.task, each.artifact.name)
    return ""
