"""The page of knowledge: one search, the sources that answer, and the one that is opened."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from missioncontrol.application.learning import PATTERNS, STREAM
from missioncontrol.application.memory import Memory
from missioncontrol.application.read_model import Present
from missioncontrol.documents.page import ticked
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.learned import Library, LibraryPattern
from missioncontrol.domain.memory import PATH_MAX
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.rendering import fragment, is_part, page
from missioncontrol.knowledge.search import Found, Hit, Marks, SourceView, newest, search, source
from missioncontrol.ports.knowledge_index import KINDS, Choice, Kind
from missioncontrol.queries.knowledge import TEXT_MAX, place_of
from missioncontrol.surfaces import paging

AnyRequest = Request[Principal, Any, Any]
PAGE = "knowledge/page.html"
SHOWN = 30
NEWEST = 30
PATTERNS_SHOWN = 200
REPOSITORIES_MAX = 200
DAY = 86_400.0

TITLES: Mapping[Kind, tuple[str, str, str]] = {
    "decision": ("Decisions", "decision", "branch"),
    "memory": ("Memory", "memory item", "memory"),
    "pattern": ("Patterns and templates", "pattern", "bolt"),
    "document": ("Documents", "document", "doc"),
    "run": ("Runs", "run", "runs"),
    "mission": ("Missions", "mission", "missions"),
}
"""Of each kind: the title of its list, what one is called, and its icon."""

AGES = {"7": "Last 7 days", "30": "Last 30 days", "365": "Last year"}

Text = Annotated[str, QueryParameter(max_length=TEXT_MAX)]
Name = Annotated[str, QueryParameter(max_length=PATH_MAX)]


class Seen(NamedTuple):
    """What the page shows of the index."""

    found: Found
    total: Mapping[Kind, int]  # sources of each kind
    opened: SourceView | None
    repositories: list[str]


@get("/knowledge", include_in_schema=False, **needs("read"))
async def knowledge_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    q: Text = "",
    kind: Name = "",
    repository: Name = "",
    since: Name = "",
    item: Name = "",
    cursor: paging.Cursor = "",
) -> Response[str]:
    """Show the sources that answer `q`, best first, and the one that `item` names in full."""
    kinds = tuple(each for each in KINDS if each == kind)
    age = float(since) * DAY if since in AGES else 0.0
    choice = Choice(kinds, repository or None, since=console.now - age if age else 0.0)
    place = paging.place_of(cursor, float, float, str)
    after = (place[0], place[1], place[2]) if place else None

    def look(memory: Memory) -> Seen:
        return _seen(memory, q, choice, item, after)

    seen: Seen = await console.archive.remembered(look)
    if item and seen.opened is None:
        raise NotFound(
            "knowledge.unknown",
            f"There is no source {item[:80]!r}.",
            hint="It was forgotten, retired or replaced; search for it.",
        )
    given = {"q": q, "kind": kind, "repository": repository, "since": since}
    values: dict[str, Any] = {
        **given,
        "found": seen.found,
        "hits": seen.found.hits[:SHOWN],
        "total": seen.total,
        "opened": seen.opened,
        "is_open": bool(item),
        "repositories": [(path, path.rpartition("/")[2]) for path in seen.repositories],
        "titles": TITLES,
        "ages": AGES,
        "verdict": _verdict(q, seen, kind),
        "address": lambda **more: _address(given | more),
        "pieces": pieces,
        "command": apply_command,
        "next": _next(seen.found.hits),
        "is_filtered": bool(kind or repository or age),
    }
    if is_part(request):
        return fragment(request, PAGE, "results", **values)
    return page(request, PAGE, title="Knowledge", area="knowledge", tab="/knowledge", **values)


def _seen(
    memory: Memory, text: str, choice: Choice, item: str, after: tuple[float, float, str] | None
) -> Seen:
    index, now = memory.index, memory.now()
    if text.strip():
        found = search(index, text, choice, now=now, after=after, limit=SHOWN + 1)
    else:
        found = Found(newest(index, choice, now=now, limit=NEWEST), {})
    opened = item or (found.hits[0].id if found.hits else "")
    repositories = dict.fromkeys(each.repository for each in memory.counts() if each.repository)
    return Seen(
        found,
        index.kinds(),
        source(index, opened, text) if opened else None,
        list(repositories)[:REPOSITORIES_MAX],
    )


def _next(hits: list[Hit]) -> str:
    return paging.cursor_of(*place_of(hits[SHOWN - 1])) if len(hits) > SHOWN else ""


def _address(given: Mapping[str, Any]) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return f"/knowledge?{query}" if query else "/knowledge"


def _verdict(text: str, seen: Seen, kind: str) -> tuple[str, str]:
    """Return the sentence below the name; its first part is emphasised."""
    counts = seen.found.counts if text.strip() else seen.total
    total = sum(counts.values())
    if text.strip():
        shown = sum(n for name, n in counts.items() if kind in ("", name))
        some = formats.count(shown, "source answers", "sources answer")
        return (f"{some} the question", "Best first.") if shown else ("No source answers this", "")
    if not total:
        return ("Nothing is known yet", "")
    kinds = [formats.count(n, TITLES[name][1], _plural(name)) for name, n in counts.items()]
    return (formats.count(total, "source"), f"{', '.join(kinds)}.".capitalize())


def _plural(kind: Kind) -> str:
    return "patterns and templates" if kind == "pattern" else f"{TITLES[kind][1]}s"


def pieces(text: str, marks: Marks) -> Iterator[tuple[str, bool]]:
    """Yield a text in pieces, each with whether it answers the question."""
    at = 0
    for start, end in marks:
        yield text[at:start], False
        yield text[start:end], True
        at = end
    yield text[at:], False


@get("/knowledge/patterns", include_in_schema=False, **needs("read"))
async def patterns_page(
    request: AnyRequest, present: NamedDependency[Present], kind: Name = ""
) -> Response[str]:
    """Show what repositories taught, each with its cases, its uses and the command for it."""
    library: Library | None = await present.find(PATTERNS, STREAM)
    known = library.patterns.values() if library else ()
    active = sorted((each for each in known if each.state == "active"), key=_newest_first)
    shown = [each for each in active if kind in ("", each.pattern.kind)]
    uses = sum(each.used for each in active)
    return page(
        request,
        "knowledge/patterns.html",
        title="Patterns",
        area="knowledge",
        tab="/knowledge/patterns",
        verdict=formats.count(len(active), "pattern is offered", "patterns are offered")
        if active
        else "No pattern is learned yet",
        sub=f"{formats.count(uses, 'use')}, {sum(each.passed for each in active)} passed."
        if uses
        else "",
        patterns=shown[:PATTERNS_SHOWN],
        left_out=max(len(shown) - PATTERNS_SHOWN, 0),
        counts=Counter(each.pattern.kind for each in active),
        kind=kind,
        confidence=confidence_of,
        command=apply_command,
        ticked=ticked,
    )


def _newest_first(entry: LibraryPattern) -> tuple[float, str]:
    return -entry.at, entry.pattern.id


def confidence_of(entry: LibraryPattern) -> str:
    """Return what speaks for a pattern: its uses, or else only the cases of history."""
    if entry.used:
        return f"{entry.passed} of {formats.count(entry.used, 'use')} passed"
    return f"not used yet; {formats.count(entry.pattern.fixtures, 'case')} reproduced"


def apply_command(pattern: str) -> str:
    """Return the command that shows what a pattern would change in a checkout."""
    return f"mission pattern apply {pattern}"


HANDLERS: list[Any] = [knowledge_page, patterns_page]
