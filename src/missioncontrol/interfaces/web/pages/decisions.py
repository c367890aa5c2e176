"""The pages of decisions: the log, one in full, and the forms that change it."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from markupsafe import Markup

from missioncontrol.application.decision_views import DecisionView
from missioncontrol.declarations import Operation
from missioncontrol.documents.markup import shortened
from missioncontrol.documents.page import ticked
from missioncontrol.documents.prose import prose
from missioncontrol.domain.decision_text import DecisionOption, DecisionText
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.codes import code_address
from missioncontrol.interfaces.web.rendering import fragment, is_part, moved, page
from missioncontrol.interfaces.web.sanitising import sanitised
from missioncontrol.operations import decision as operations
from missioncontrol.queries import decision as queries
from missioncontrol.queries.decision import (
    DECISION,
    TONES,
    DecisionFilters,
    place_of,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, page_of

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]

LIST, ONE, NEW = "decisions/list.html", "decisions/decision.html", "decisions/new.html"
STATUSES = (
    ("", "All statuses"),
    ("proposed", "Proposed"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("deprecated", "Deprecated"),
    ("superseded", "Superseded"),
)
FIELDS = ("title", "context", "choice", "reason", "options", "good", "bad", "supersedes")


@get("/decisions", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    q: FromQuery[str] = "",
    status: FromQuery[str] = "",
    mission: FromQuery[str] = "",
    cursor: Cursor = "",
) -> Response[str]:
    """Show decisions, those that changed last first; what is looked for stands in the address."""
    chosen: Any = status or None  # A status that does not exist fits nothing.
    filters = DecisionFilters(chosen, q.strip()[:300], mission)
    everything = await queries.decisions(console.present, DecisionFilters())
    found = [each for each in everything if filters.takes(each)]
    lines = page_of(found, cursor, LIMIT, place_of, float, str, int, str)
    values: dict[str, Any] = {
        "lines": lines.items,
        "next": lines.next,
        "total": len(found),
        "verdict": _verdict(everything),
        "q": q,
        "wanted": status,
        "mission": mission,
        "statuses": STATUSES,
        "is_filtered": bool(q or status or mission or cursor),
        **_words(),
    }
    if is_part(request):
        return fragment(request, LIST, "list", **values)
    return page(request, LIST, title="Decisions", area="decisions", **values)


def _verdict(found: list[DecisionView]) -> str:
    if not found:
        return "No decisions yet."
    waiting = sum(each.status == "proposed" for each in found)
    holding = sum(each.status == "accepted" for each in found)
    held = formats.count(holding, "decision holds", "decisions hold") if holding else "None holds"
    if not waiting:
        return f"{held}, and none waits for a decision."
    return f"{held}; {formats.count(waiting, 'waits', 'wait')} for a user to accept or reject."


def _words() -> dict[str, Any]:
    return {
        "tones": TONES,
        "ticked": ticked,
        "shortened": shortened,
        "address": _address,
        "rich": _rich,
        "code_address": code_address,
    }


def _address(id_: str) -> str:
    return f"/decisions/{quote(DECISION.to_path(id_), safe=':')}"


def _rich(text: str) -> Markup:
    return sanitised(str(prose(text)))


@get("/decisions/new", include_in_schema=False, **needs("operate"))
async def new_page(request: AnyRequest, supersedes: FromQuery[str] = "") -> Response[str]:
    """Show the form of a new decision."""
    typed = dict.fromkeys(FIELDS, "") | {"supersedes": supersedes[:200]}
    return page(request, NEW, title="New decision", area="decisions", said=typed, error=None)


@post("/decisions/new", include_in_schema=False, status_code=200, **needs("operate"))
async def record(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Put a decision into the log; faults are shown, and typed values retained."""
    try:
        made = await console.run(
            request,
            operations.RECORD,
            text=_text_of(data),
            status="accepted" if data.get("accepted") == "on" else "proposed",
            supersedes=tuple(data.get("supersedes", "").replace(",", " ").split()),
        )
    except MissionControlError as error:
        typed = dict.fromkeys(FIELDS, "") | data
        values: dict[str, Any] = {"said": typed, "error": error}
        if is_part(request):
            return fragment(request, NEW, "form", status=422, **values)
        return page(request, NEW, title="New decision", area="decisions", status=422, **values)
    return moved(request, _address(made.id))


def _text_of(data: dict[str, str]) -> DecisionText:
    choice = data.get("choice", "").strip()
    options = [DecisionOption(choice)] if choice else []
    for line in _lines(data.get("options", "")):
        title, _, tradeoff = line.partition("=")
        bad = (tradeoff.strip(),) if tradeoff.strip() else ()
        options.append(DecisionOption(title.strip(), bad=bad))
    return DecisionText(
        data.get("title", ""),
        context=data.get("context", ""),
        options=tuple(options),
        choice=choice,
        reason=data.get("reason", ""),
        good=tuple(_lines(data.get("good", ""))),
        bad=tuple(_lines(data.get("bad", ""))),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@get("/decisions/{decision:str}", include_in_schema=False, **needs("read"))
async def decision_page(
    request: AnyRequest, console: NamedDependency[Console], decision: FromPath[str]
) -> Response[str]:
    """Show a decision: what was chosen and why, what was not, and what happened to it."""
    found = await queries.decision(console.present, DECISION.from_path(decision))
    everything = await queries.decisions(console.present, DecisionFilters())
    values: dict[str, Any] = {
        "decision": found.decision,
        "history": found.history,
        "others": _could_replace(found.decision, everything),
        "known": {each.id: each for each in everything},
        **_words(),
    }
    title = f"{found.decision.id} {found.decision.title}"[:100]
    return page(request, ONE, title=title, area="decisions", **values)


def _could_replace(decision: DecisionView, everything: list[DecisionView]) -> list[DecisionView]:
    """Return what could take its place: nothing that was rejected, or that it replaced itself."""
    return [
        each
        for each in everything
        if each.id not in (decision.id, *decision.supersedes) and each.status != "rejected"
    ][:200]


@post(
    "/decisions/{decision:str}/{verb:str}",
    include_in_schema=False,
    status_code=200,
    **needs("operate"),
)
async def change(
    request: AnyRequest,
    console: NamedDependency[Console],
    decision: FromPath[str],
    verb: FromPath[str],
    data: Form,
) -> Response[Any]:
    """Accept, reject, deprecate, supersede or link it."""
    id_ = DECISION.from_path(decision)
    operation, given = _change_of(verb, data)
    await console.run(request, operation, id_, **given)
    return moved(request, _address(id_))


def _change_of(verb: str, data: dict[str, str]) -> tuple[Operation[Any, Any], dict[str, Any]]:
    """Return the operation that a button means, and what its form says.

    Raises:
        Rejected: `decision.bad_input`.
    """
    reason = data.get("reason", "").strip()
    match verb:
        case "supersede":
            return operations.SUPERSEDE, {"by": data.get("by", "").strip(), "reason": reason}
        case "link" | "unlink":
            links = {name: tuple(_lines(data.get(name, ""))) for name in ("tasks", "files")}
            return operations.LINK, {**links, "remove": verb == "unlink"}
        case "accept" | "reject" | "deprecate":
            return getattr(operations, verb.upper()), {"reason": reason}
    raise Rejected("decision.bad_input", f"{verb[:40]!r} is no action on a decision.")


HANDLERS: list[Any] = [list_page, new_page, record, decision_page, change]
