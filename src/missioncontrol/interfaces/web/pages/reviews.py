"""The page of a review: a change file by file, comments at its lines, and what is decided of it."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody

from missioncontrol.application.unified_diff import FilePatch
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import answered, fragment, is_part, moved, page
from missioncontrol.interfaces.web.review_view import FileView, verdict_of, window_of, windows
from missioncontrol.operations import review as operations
from missioncontrol.queries.review import REVIEW, diffed

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
PAGE = "reviews/page.html"
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
DECIDED: dict[str, Operation[Any, Any]] = {
    "approve": operations.APPROVE,
    "request-changes": operations.REQUEST_CHANGES,
}
SETTLED: dict[str, Operation[Any, Any]] = {
    "resolve": operations.RESOLVE,
    "reopen": operations.REOPEN,
}
NUMBERS = ("line", "comment")


@get("/reviews/{review:str}", include_in_schema=False, **needs("read"))
async def review_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    review: FromPath[str],
    digest: FromQuery[str] = "",
) -> Response[str]:
    """Show the newest change of a work item or a run, or one of an earlier round."""
    id_ = REVIEW.from_path(review)
    try:
        values = await _values(request, console, id_, digest)
    except NotFound as error:
        # An item or a run without a change yet has a page that says so; nothing else has one.
        is_known = id_.startswith("run-") or console.present.work.item(id_) is not None
        if digest or error.code != "review.unknown" or not is_known:
            raise
        return page(request, PAGE, title="Review", area="board", found=None, id=id_)
    if is_part(request):
        return fragment(request, PAGE, "now", **values)
    return page(request, PAGE, title=f"Review {values['found'].title}", area="board", **values)


async def _values(
    request: AnyRequest, console: Console, id_: str, digest: str = ""
) -> dict[str, Any]:
    found = await diffed(console.reader(request.user), id_, digest)
    return {
        "found": found.page,
        "files": windows(found.page, found.files),
        "verdict": verdict_of(found.page),
        "url": url_of(found.page.id),
        "refusal": None,
        "typed": {},
    }


def url_of(id_: str) -> str:
    """Return the address of a review."""
    return f"/reviews/{quote(REVIEW.to_path(id_), safe=':')}"


@get("/reviews/{review:str}/files/{place:int}", include_in_schema=False, **needs("read"))
async def file_part(
    request: AnyRequest,
    console: NamedDependency[Console],
    review: FromPath[str],
    place: FromPath[int],
    digest: FromQuery[str],
    after: FromQuery[int] = 0,
) -> Response[str]:
    """Show lines of a file that the page has left out."""
    found = await diffed(console.reader(request.user), REVIEW.from_path(review), digest)
    if not 0 <= place < len(found.files):
        raise NotFound("review.no_file", f"The change has no file {place}.")
    file: FilePatch = found.files[place]
    shown: FileView = window_of(found.page, file, place, max(after, 0))
    return fragment(request, PAGE, "lines", file=shown, found=found.page, url=url_of(found.page.id))


@get("/reviews/{review:str}/notice", include_in_schema=False, **needs("read"))
async def notice_part(
    request: AnyRequest,
    console: NamedDependency[Console],
    review: FromPath[str],
    digest: FromQuery[str] = "",
    comments: FromQuery[int] = 0,
    approval: FromQuery[str] = "",
) -> Response[str]:
    """Say what has changed since the page was opened; the page itself stays as it is read."""
    found = (await diffed(console.reader(request.user), REVIEW.from_path(review))).page
    news = ""
    if found.digest != digest:
        news = f"Round {found.round} is ready for review."
    elif found.approval != approval:
        news = "Its approval is decided." if approval else "It waits for an approval now."
    elif len(found.comments) > comments:
        news = "There are new comments."
    return fragment(request, PAGE, "notice", news=news, url=url_of(found.id))


@post("/reviews/{review:str}/comments", **DONE, **needs("operate"))
async def comment(
    request: AnyRequest, console: NamedDependency[Console], review: FromPath[str], data: Form
) -> Response[Any]:
    """Comment on a line, a file, or the change."""
    return await _done(request, console, operations.COMMENT, review, data)


@post("/reviews/{review:str}/comments/{verb:str}", **DONE, **needs("approve"))
async def settle(
    request: AnyRequest,
    console: NamedDependency[Console],
    review: FromPath[str],
    verb: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Resolve a comment, or open it again."""
    return await _done(request, console, _known(SETTLED, verb), review, data)


@post("/reviews/{review:str}/{verb:str}", **DONE, **needs("approve"))
async def decide(
    request: AnyRequest,
    console: NamedDependency[Console],
    review: FromPath[str],
    verb: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Approve the change as shown, or have its builder mend it."""
    return await _done(request, console, _known(DECIDED, verb), review, data)


def _known(found: dict[str, Operation[Any, Any]], verb: str) -> Operation[Any, Any]:
    if verb not in found:
        raise NotFound("review.no_action", f"{verb[:40]!r} is nothing that is done with changes.")
    return found[verb]


async def _done(
    request: AnyRequest,
    console: Console,
    operation: Operation[Any, Any],
    review: str,
    data: dict[str, str],
) -> Response[Any]:
    """Do it, and show the change again; a refusal is shown in the page with what was typed."""
    id_ = REVIEW.from_path(review)
    fields = operation.given.__struct_fields__
    given: dict[str, Any] = {name: text for name, text in data.items() if name in fields}
    given |= {name: _number(given[name]) for name in NUMBERS if name in given}
    digest = data.get("digest", "")
    try:
        await console.run(request, operation, id_, **given)
    except MissionControlError as refusal:
        values = await _values(request, console, id_, digest)
        values |= {"refusal": refusal, "typed": data}
        return await answered(
            request,
            PAGE,
            "now",
            title="Not done",
            area="board",
            status=422,
            back=(url_of(id_), "Review"),
            **values,
        )
    if request.headers.get("hx-request") == "true":
        shown = digest if operation not in DECIDED.values() else ""
        return fragment(request, PAGE, "now", **await _values(request, console, id_, shown))
    return moved(request, url_of(id_))


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


HANDLERS: list[Any] = [review_page, file_part, notice_part, comment, settle, decide]
