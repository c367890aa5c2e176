"""The pages of agents: how each stands and what it did, one of them in full, and what steers it."""

from collections import Counter
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody

from missioncontrol.application.agent_runs import REPOSITORY, takes_instruction
from missioncontrol.application.queries import agents as queries
from missioncontrol.application.queries.agents import AgentView
from missioncontrol.application.queries.measures import health
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.lifecycle.agent_count import AgentCount
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.elevations import of_agent
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.pages.agent_sessions import listed
from missioncontrol.interfaces.web.rendering import answered, fragment, is_part, moved, page
from missioncontrol.operations import of_noun
from missioncontrol.operations.agent import ADD
from missioncontrol.operations.agent import RUN as RUN_AGENT
from missioncontrol.queries.agent import GET
from missioncontrol.queries.operation import operation as operation_query

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
View = Literal["table", "cards"]
Words = Annotated[str, QueryParameter(max_length=200)]

TROUBLED = ("failed", "blocked", "lost")
LIST = "agents/list.html"
ONE = "agents/agent.html"
RUN = "agents/run.html"
WORKING = ("idle", "active")
PATHS_MAX = 100


@get("/agents", include_in_schema=False, **needs("read"))
async def list_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    view: FromQuery[View] = "table",
    q: Words = "",
    status: Words = "",
) -> Response[str]:
    """Show all agents, as a table or as cards."""
    now = console.instruments.now
    found = await queries.agents(console.present, console.instruments, now)
    values: dict[str, Any] = {
        "agents": [each for each in found if _fits(each, q, status)],
        "view": view,
        "q": q,
        "chosen": status,
    }
    if is_part(request) and not request.headers.get("hx-target", "").endswith("agents-now"):
        return fragment(request, LIST, "rows", **values)
    values |= {
        "verdict": verdict(found),
        "health": await health(console.present, console.instruments, now),
        "operation": await operation_query(console.present),
        "sessions": await listed(request, console),
    }
    if is_part(request):
        return fragment(request, LIST, "now", **values)
    return page(request, LIST, title="Agents", area="agents", **values)


def _fits(agent: AgentView, q: str, status: str) -> bool:
    text = f"{agent.name} {agent.kind} {agent.model} {' '.join(agent.capabilities)}".lower()
    return q.lower() in text and status in ("", agent.status)


def verdict(found: list[AgentView]) -> str:
    """Return in a sentence how the agents stand."""
    troubled = [each for each in found if each.status in TROUBLED]
    busy = AgentCount(dict(Counter(each.status for each in found))).words
    held = sum(len(each.stuck) for each in found)
    if held:
        names = ", ".join(f"{each.name} is {each.status}" for each in found if each.stuck)
        return f"{busy}. {names}, and {formats.count(held, 'run is', 'runs are')} stuck."
    if not troubled:
        return f"{busy}. None is in trouble."
    names = ", ".join(f"{each.name} is {each.status}" for each in troubled[:2])
    more = f", and {len(troubled) - 2} more are in trouble" if len(troubled) > 2 else ""
    return f"{busy}. {names}{more}."


@get("/agents/{name:str}", include_in_schema=False, **needs("read"))
async def agent_page(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show one agent: how it stands, what it did, what steers it, and its life so far."""
    found = await GET.found(console.reader(request.user), name)
    values: dict[str, Any] = {
        "agent": found.agent,
        "detail": found,
        "elevations": of_agent(request, console, name),
        "runnable": _is_runnable(console, name),
        "declared": msgspec.json.format(
            msgspec.json.encode(_without_empty(found.declared)), indent=2
        ).decode(),
    }
    if is_part(request):
        return fragment(request, ONE, "standing", **values)
    return page(request, ONE, title=name, area="agents", **values)


def _is_runnable(console: Console, name: str) -> bool:
    card = console.shelf.cards().get(name)
    return card is not None and takes_instruction(card)


@get("/agents/run", include_in_schema=False, **needs("operate"))
async def run_page(
    request: AnyRequest, console: NamedDependency[Console], agent: Words = ""
) -> Response[str]:
    """Show the form that runs an agent on an instruction, beside the agents that take one."""
    return page(request, RUN, title="Run an agent", area="agents", **await _run(console, agent))


async def _run(console: Console, agent: str) -> dict[str, Any]:
    found = await queries.agents(console.present, console.instruments, console.instruments.now)
    cards = console.shelf.cards()
    fit = [each for each in found if each.name in cards and takes_instruction(cards[each.name])]
    # Agents that people declared come first: those built in do parts of other work.
    fit.sort(key=lambda each: (each.source == "built_in", each.name))
    chosen = agent or next((each.name for each in fit if each.status in WORKING), "")
    paths = {row.path for row in console.present.board.listed("repository")}
    return {
        "agents": fit,
        "chosen": chosen,
        "takes_repository": any(REPOSITORY in cards[each.name].inputs.fields for each in fit),
        "paths": sorted(paths)[:PATHS_MAX],
        "refusal": None,
        "typed": {},
    }


@post("/agents/run", include_in_schema=False, status_code=200, **needs("operate"))
async def run_now(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Begin the run, and show it; a refusal is shown in the form with what was typed."""
    agent = data.get("agent", "").strip()
    try:
        given = {"instruction": data.get("instruction", "").strip(), "cost": _dollars(data)}
        given["repository"] = data.get("repository", "").strip()
        answer = await console.run(request, RUN_AGENT, agent, **given)
    except MissionControlError as refusal:
        values = await _run(console, agent) | {"refusal": refusal, "typed": data}
        return await answered(
            request,
            RUN,
            "form",
            title="Not started",
            area="agents",
            back=("/agents/run", "Run an agent"),
            status=422,
            **values,
        )
    return moved(request, f"/runs/{answer.run}")


def _dollars(data: dict[str, str]) -> float:
    text = data.get("cost", "").strip().removeprefix("$").replace(",", ".")
    try:
        return float(text or 0)
    except ValueError:
        raise Rejected("agent.bad_input", f"{text[:40]!r} is no amount of dollars.") from None


def _without_empty(declared: dict[str, Any]) -> dict[str, Any]:
    """Return what is declared without what is empty: it is shown, and nothing follows from it."""
    return {key: value for key, value in declared.items() if value not in ("", None, [], {}, 0)}


@get("/agents/new", include_in_schema=False, **needs("govern"))
async def new_page(request: AnyRequest) -> Response[str]:
    """Show the form for an agent."""
    return page(request, "agents/new.html", title="New agent", area="agents")


@post("/agents/new", include_in_schema=False, status_code=200, **needs("govern"))
async def add(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """Declare an agent, and check that it works."""
    name = data.get("name", "").strip()
    given = {"declared": parse_agent(data), "reason": data.get("reason", "").strip()}
    await console.run(request, ADD, "", name=name, start=data.get("start") == "on", **given)
    return moved(request, f"/agents/{quote(name, safe='')}")


def parse_agent(data: dict[str, str]) -> dict[str, Any]:
    """Return what a form says of an agent, in the words of the file of agents.

    Raises:
        Rejected: `agent.malformed`.
    """
    entry: dict[str, Any] = {
        name: text
        for name in ("kind", "model", "description")
        if (text := data.get(name, "").strip())
    }
    if capabilities := data.get("capabilities", "").replace(",", " ").split():
        entry["capabilities"] = capabilities
    if scale := data.get("scale", "").strip():
        entry["scale"] = int(scale) if scale.isdecimal() else scale
    if settings := data.get("settings", "").strip():
        try:
            entry["settings"] = msgspec.json.decode(settings, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Rejected(
                "agent.malformed",
                f"The settings are not a JSON object: {error}.",
                hint='Write them as {"program": "codex"}.',
            ) from None
    return entry


@post("/agents/{name:str}/{verb:str}", include_in_schema=False, status_code=200, **needs("govern"))
async def steer(
    request: AnyRequest,
    console: NamedDependency[Console],
    name: FromPath[str],
    verb: FromPath[Literal["start", "stop", "restart", "drain", "scale", "remove"]],
    data: Form,
) -> Response[Any]:
    """Start or stop an agent, or change how much it works on at once."""
    given: dict[str, Any] = {"reason": data.get("reason", "").strip()}
    if verb in ("drain", "restart") and data.get("within"):
        given["seconds_max"] = _seconds(data["within"])
    elif verb == "scale":
        given["scale"] = _scale(data.get("scale", ""))
    [operation] = [each for each in of_noun("agent") if each.verb == verb]
    await console.run(request, operation, name, **given)
    return moved(request, "/agents" if verb == "remove" else f"/agents/{quote(name, safe='')}")


def _seconds(text: str) -> float:
    seconds = seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("agent.bad_time", f"{text[:40]!r} is no time.", hint=seconds)
    return seconds


def _scale(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise Rejected(
            "agent.bad_scale",
            f"{text[:40]!r} is not a number of attempts.",
            hint="Enter a number, for example 4.",
        )
    return int(text)


HANDLERS: list[Any] = [list_page, new_page, run_page, run_now, add, agent_page, steer]
