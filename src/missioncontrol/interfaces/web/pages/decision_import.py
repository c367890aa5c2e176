"""The page that reads files of decisions into the log: first what was understood, then the rest."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody

from missioncontrol.application.decision_files import (
    CONTENT_MAX,
    DecisionFile,
    ImportLine,
    decoded,
    with_unread,
)
from missioncontrol.application.queries import run_outcome, sources
from missioncontrol.documents.page import ticked
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import moved, page
from missioncontrol.operations.decision import IMPORT
from missioncontrol.queries import decision as queries

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
PAGE = "decisions/import.html"
FILES_MAX = 200
FIELDS = ("mission", "folder", "name", "text")
TONES = {"new": "ok", "changed": "ask", "refused": "bad", "unread": "bad"}
Meant = tuple[tuple[DecisionFile, ...], tuple[ImportLine, ...], str]


@get("/decisions/import", include_in_schema=False, **needs("operate"))
async def show(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the form."""
    return _page(request, console, {"folder": "docs/decisions"})


@post("/decisions/import", include_in_schema=False, status_code=200, **needs("operate"))
async def take(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """Preview what the files would add; import them once the user has confirmed it."""
    try:
        files, unread, repository = await _files(console, data)
        if data.get("apply") == "yes":
            await console.run(request, IMPORT, files=files, repository=repository)
            return moved(request, "/decisions")
        tried = await queries.tried(console.present, files, repository)
    except MissionControlError as error:
        return _page(request, console, data, error=error)
    return _page(request, console, data, lines=with_unread(tried, unread).lines)


async def _files(console: Console, data: dict[str, str]) -> Meant:
    """Return the files that are meant, those that can't be read, and their repository.

    Raises:
        Rejected: `decision.nothing_given`, or as `sources.source`.
        NotFound, Unavailable: as `sources.source`.
    """
    if text := data.get("text", "").replace("\r\n", "\n").strip():
        name = data.get("name", "").strip()[:300] or "decision.md"
        return (DecisionFile(name, text[:CONTENT_MAX]),), (), ""
    if not data.get("mission"):
        raise Rejected(
            "decision.nothing_given",
            "Select a repository or paste a file.",
            hint="The form needs one of the two.",
        )
    return await _of_folder(console, data["mission"], data.get("folder", "").strip())


async def _of_folder(console: Console, mission: str, folder: str) -> Meant:
    story = await run_outcome.load_run_report(console.present, mission)
    tree = console.instruments.sources
    found = await sources.source(tree, story, folder)
    listed = [each for each in (*found.listing, found.entry) if each.kind == "file"]
    texts = [each for each in listed if each.path.endswith(".md")]
    if not texts:
        raise Rejected(
            "decision.no_files",
            f"{folder[:200]!r} has no Markdown files at commit {found.commit[:12]}.",
            hint="Name the folder of the records, such as docs/adr.",
        )
    read: list[tuple[str, bytes]] = []
    unread: list[tuple[str, str]] = []
    for each in texts:
        if len(read) >= FILES_MAX:
            unread.append((each.path, f"{FILES_MAX} files are read at once: name a part of them"))
        elif each.size > CONTENT_MAX:
            unread.append((each.path, f"it has more than {CONTENT_MAX:,} bytes"))
        else:
            try:
                read.append((each.path, await tree.content(Path(found.repository), each)))
            except Unavailable as error:
                unread.append((each.path, error.reason))
    return *decoded(read, unread), found.repository


def _page(
    request: AnyRequest,
    console: Console,
    data: dict[str, str],
    *,
    error: MissionControlError | None = None,
    lines: tuple[Any, ...] | None = None,
) -> Response[str]:
    values: dict[str, Any] = {
        "said": dict.fromkeys(FIELDS, "") | data,
        "repositories": _repositories(console),
        "error": error,
        "lines": lines,
        "fresh": sum(each.verdict in ("new", "changed") for each in lines or ()),
        "tones": TONES,
        "ticked": ticked,
    }
    status = 422 if error else 200
    return page(request, PAGE, title="Import decisions", area="decisions", status=status, **values)


def _repositories(console: Console) -> list[tuple[str, str]]:
    """Return each repository by the newest mission on it."""
    found: dict[str, str] = {}
    for row in queries.planned(console.present):
        if row.repository:
            found.setdefault(row.repository, row.id)
    return [("", "None")] + [(mission, path) for path, mission in found.items()]


HANDLERS: list[Any] = [show, take]
