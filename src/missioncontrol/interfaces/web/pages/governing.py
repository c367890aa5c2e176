"""What holds for all work: the emergency stop, stages, and settings of caps, prices and limits."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody

from missioncontrol.application.asks import ChangeLimit, StartAll, StopAll
from missioncontrol.application.budgets import CapChange
from missioncontrol.application.queries import costs as queries
from missioncontrol.application.queries.costs import CapView
from missioncontrol.domain.budget.scopes import Kind, Period, Scope
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.money import micro_dollars, plain_dollars
from missioncontrol.domain.operation import Stage
from missioncontrol.domain.price_list import rate_in
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.budgets import cap_tag, standing
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import moved, page, prepare, stage_line
from missioncontrol.interfaces.web.seen import FIELD, refuse_overtaken
from missioncontrol.operations.price import SET as SET_PRICE
from missioncontrol.queries.operation import operation as operation_query
from missioncontrol.surfaces.conditional import tag_of

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
Words = Annotated[str, QueryParameter(max_length=200)]

SCOPES: tuple[tuple[Kind, str], ...] = (
    ("workspace", "Workspace"),
    ("workflow", "A workflow"),
    ("agent", "Agent"),
    ("model", "A model"),
    ("run", "Run; without a name: each run without its own cap"),
)
PERIODS: tuple[tuple[Period, str], ...] = (
    ("day", "Per day"),
    ("month", "Per month"),
    ("total", "In total"),
)


def chosen(value: str, kind: Any, what: str) -> Any:
    """Return what a form chose, if it is one of what there is to choose.

    Raises:
        Rejected: `form.bad_choice`.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise Rejected("form.bad_choice", f"{what} can't be {value[:40]!r}.") from None


@get("/stop", include_in_schema=False, before_request=prepare, **needs("stop"))
async def stop_page(request: AnyRequest) -> Response[str]:
    """Show the emergency stop by itself, where scripts are off."""
    return page(request, "govern/stop.html", title="Stop everything", area="agents")


@post("/stop", include_in_schema=False, status_code=200, **needs("stop"))
async def stop(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """End every attempt at work, and start nothing before a person resumes work."""
    await console.ask(request, StopAll(data.get("reason", "").strip()))
    return moved(request, "/agents#start")


@post("/start", include_in_schema=False, status_code=200, **needs("govern"))
async def start(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Go on as far as a stage allows."""
    stage: Stage = chosen(data.get("stage", ""), Literal["paused", "drain", "all"], "The stage")
    await console.ask(request, StartAll(stage, data.get("reason", "").strip()))
    return moved(request, "/agents")


@get("/stage", include_in_schema=False, **needs("read"))
async def stage_part(request: AnyRequest) -> Response[str]:
    """Say again how far work may go: the line above every page."""
    return await stage_line(request)


# Caps.


@get("/settings/budgets", include_in_schema=False, **needs("read"))
async def budgets_page(
    request: AnyRequest,
    console: NamedDependency[Console],
    kind: Annotated[str, QueryParameter(name="scope", max_length=200)] = "",
    name: Words = "",
    period: Words = "",
) -> Response[str]:
    """Show every cap, and the form for one: with the values of that which the address names."""
    await console.instruments.measuring.behind()
    found = await queries.caps(console.present, console.instruments, console.instruments.now)
    wanted = (kind, name, period)
    one = next((each for each in found if (each.scope, each.name, each.period) == wanted), None)
    return page(
        request,
        "settings/budgets.html",
        title="Budgets",
        area="settings",
        caps=found,
        scopes=SCOPES if one is None or one.scope != "step" else (*SCOPES, ("step", "A step")),
        periods=PERIODS,
        said=_form_values(one),
        seen=cap_tag(await standing(console, Scope(one.scope, one.name))) if one else "",
    )


def _form_values(cap: CapView | None) -> dict[str, str]:
    """Return what the form for a cap begins with."""
    if cap is None or cap.cap is None:
        return {"scope": "", "name": "", "period": "", "cost": "", "tokens": ""}
    cost, tokens = cap.cap.cost, cap.cap.tokens
    return {
        "scope": cap.scope,
        "name": cap.name,
        "period": cap.period,
        "cost": "" if cost is None else plain_dollars(cost),
        "tokens": "" if tokens is None else str(tokens),
    }


@post("/settings/budgets", include_in_schema=False, status_code=200, **needs("govern"))
async def set_budget(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Set a cap; a field left empty leaves its unit as it is, or uncaps it where it had a cap."""
    scope, period = _capped(data)
    empty = None if data.get(FIELD) else msgspec.UNSET
    change = CapChange(
        scope,
        data.get("reason", "").strip(),
        period,
        _money(data["cost"]) if data.get("cost", "").strip() else empty,
        _tokens(data["tokens"]) if data.get("tokens", "").strip() else empty,
    )
    refuse_overtaken(data, cap_tag(await standing(console, scope)), "That cap")
    await console.ask(request, change)
    return moved(request, "/settings/budgets")


def _capped(data: dict[str, str]) -> tuple[Scope, Period]:
    scope: Kind = chosen(data.get("scope", ""), Kind, "What is capped")
    period: Period = chosen(data.get("period", ""), Period, "The period")
    return Scope(scope, data.get("name", "").strip()), period


@post("/settings/budgets/remove", include_in_schema=False, status_code=200, **needs("govern"))
async def remove_budget(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Take a cap away, in money and in tokens."""
    scope, period = _capped(data)
    reason = data.get("reason", "").strip()
    await console.ask(request, CapChange(scope, reason, period, None, None))
    return moved(request, "/settings/budgets")


def _money(text: str) -> int:
    return micro_dollars(text, "The cap")


def _tokens(text: str) -> int:
    plain = text.replace(" ", "").replace(",", "")
    if not plain.isdecimal() or len(plain) > 16:
        raise Rejected(
            "budget.bad_amount",
            f"{text[:40]!r} is no number of tokens.",
            hint="Write it like 400000.",
        )
    return int(plain)


# Prices.


@get("/settings/prices", include_in_schema=False, **needs("read"))
async def prices_page(
    request: AnyRequest, console: NamedDependency[Console], model: Words = ""
) -> Response[str]:
    """Show the prices that were set, and what one model costs."""
    found, problem = None, ""
    if model:
        try:
            found = await queries.price_view_of(
                console.present, console.instruments, model, console.instruments.now
            )
        except NotFound as missing:
            problem = str(missing)
    return page(
        request,
        "settings/prices.html",
        title="Prices",
        area="settings",
        prices=await queries.prices_set(console.present),
        table=console.instruments.prices.version,
        model=model,
        found=found,
        seen=tag_of(found) if found else "",
        problem=problem,
    )


@post("/settings/prices", include_in_schema=False, status_code=200, **needs("govern"))
async def set_price(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Say what a model costs from a date on."""
    model = data.get("model", "").strip()
    given = {name: data.get(name, "").strip() for name in ("reason", "valid_from")}
    for name in ("input", "output", "cached", "cache_write"):
        text = data.get(name, "")
        if text.strip() or name in ("input", "output"):
            given[name] = rate_in(text, f"The {name.replace('_', ' ')} price")
    if data.get(FIELD):
        found = await queries.price_view_of(
            console.present, console.instruments, model, console.instruments.now
        )
        refuse_overtaken(data, tag_of(found), f"The price of {model!r}")
    await console.run(request, SET_PRICE, model, **given)
    return moved(request, f"/settings/prices?{urlencode({'model': model})}")


# Rate limits.


@get("/settings/limits", include_in_schema=False, **needs("read"))
async def limits_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show how often something may start."""
    return page(
        request,
        "settings/limits.html",
        title="Rate limits",
        area="settings",
        operation=await operation_query(console.present),
    )


@post("/settings/limits", include_in_schema=False, status_code=200, **needs("govern"))
async def set_limit(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Bound how often something starts."""
    kind = chosen(data.get("kind", ""), Literal["agent", "actor", "workspace"], "What is limited")
    starts = data.get("starts", "").strip()
    if not starts.isdecimal() or len(starts) > 7:
        raise Rejected("operation.bad_limit", f"{starts[:40]!r} is no number of starts.")
    seconds = seconds_of(data.get("within", "1m"))
    if isinstance(seconds, str):
        raise Rejected("operation.bad_limit", f"{data['within'][:40]!r} is no time.", hint=seconds)
    name, reason = data.get("name", "").strip(), data.get("reason", "").strip()
    await console.ask(request, ChangeLimit(kind, name, reason, int(starts), seconds))
    return moved(request, "/settings/limits")


@post("/settings/limits/remove", include_in_schema=False, status_code=200, **needs("govern"))
async def remove_limit(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Take a bound away."""
    kind = chosen(data.get("kind", ""), Literal["agent", "actor", "workspace"], "What is limited")
    reason = data.get("reason", "").strip()
    await console.ask(request, ChangeLimit(kind, data.get("name", ""), reason))
    return moved(request, "/settings/limits")


HANDLERS: list[Any] = [
    stop_page,
    stop,
    start,
    stage_part,
    budgets_page,
    set_budget,
    remove_budget,
    prices_page,
    set_price,
    limits_page,
    set_limit,
    remove_limit,
]
