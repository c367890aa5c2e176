"""The blueprint of a mission: its diagrams, each with its boxes in words, and what they rest on."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from litestar import Request
from markupsafe import Markup

from missioncontrol.application.queries import diagrams
from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.documents.drawing.diagrams import KINDS, Place
from missioncontrol.documents.drawing.material import Material
from missioncontrol.domain.principal import Principal
from missioncontrol.drawing.model import Link, word_of
from missioncontrol.drawing.svg import Style, svg
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.web.artifact_view import viewer_url
from missioncontrol.interfaces.web.codes import code_url


class Drawn(NamedTuple):
    """A diagram as the page shows it."""

    kind: str
    title: str
    said: str
    svg: Markup | None
    rows: tuple[tuple[str, Place], ...]  # the id of a row, and the box that it is about
    source: str  # where the artifact is shown that it was read from; "" for the plan alone


async def values(
    request: Request[Principal, Any, Any], console: Console, story: RunReport
) -> dict[str, Any]:
    """Return what `missions/blueprint.html` shows."""
    del request
    view = await diagrams.blueprint(console.present, story)
    lead = _leads(story)
    return {
        "blueprint": view.text,
        "drawings": [_drawn(each, view, story, lead) for each in view.diagrams],
        "word_of": word_of,
        "lead_of": lead,
        "file_of_diagram": _files(story),
    }


def _drawn(
    found: Any, view: diagrams.BlueprintView, story: RunReport, lead: Callable[[Link], str]
) -> Drawn:
    rows = tuple(
        (f"{found.kind}-{number}", place)
        for number, place in enumerate(view.places[found.kind], start=1)
    )
    by_link: dict[Link, str] = {}
    for name, place in rows:
        if place.node.link is not None:
            by_link.setdefault(place.node.link, name)

    def href(link: Link) -> str:
        return lead(link) or (f"#{by_link[link]}" if link in by_link else "")

    picture = None
    if found.graph is not None:
        style = Style(is_file=False, href=href, prefix=f"d-{found.kind}")
        # Every text in it was escaped where it was written.
        picture = Markup(svg(found.graph, style))  # noqa: S704
    return Drawn(found.kind, found.title, found.said, picture, rows, _source(found.kind, story))


def _leads(story: RunReport) -> Callable[[Link], str]:
    """Return where code, tasks, decisions and requirements stand; "" for what a row below has."""
    base = f"/missions/{quote(story.mission.id)}"
    where = story.reading.where
    run = "" if story.state.id == story.mission.runs[-1] else f"&run={quote(story.state.id)}"

    def lead(link: Link) -> str:
        match link.to:
            case "code":
                return code_url(story, link.key, link.line)
            case "task":
                return f"{base}?view=plan{run}#task-{quote(link.key)}"
            case "decision":
                return f"{base}?view=decisions{run}#{where.decisions.get(link.key, '')}"
            case "requirement":
                place = where.requirements.get(link.key, "")
                return f"{base}?view=plan&show=requirements{run}#{place}"
            case _:
                return ""

    return lead


def _source(kind: str, story: RunReport) -> str:
    name = KINDS[kind].source
    found = Material(story.reading.record, lambda digest: b"").artifact(name) if name else None
    if found is None:
        return ""
    one, artifact = found
    return viewer_url(story.state.id, artifact.digest, one.task.key, artifact.name)


def _files(story: RunReport) -> Callable[[str, str], str]:
    base = f"/api/v1/missions/{quote(story.mission.id)}/diagrams"
    return lambda kind, form: f"{base}/{kind}?{urlencode({'format': form, 'run': story.state.id})}"
