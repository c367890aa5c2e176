"""What holds for all work: the emergency stop, stages, and settings of caps, prices and limits."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody

from missioncontrol.application.budgets import CapChange
from missioncontrol.application.office import ChangeLimit, StartAll, StopAll
from missioncontrol.application.prices import PriceChange
from missioncontrol.application.queries import costs as queries
from missioncontrol.domain.budget.scopes import Kind, Period, Scope
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.money import micro_dollars
from missioncontrol.domain.operation import Stage
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.operation import operation_now
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web.rendering import moved, page

AnyRequest = Request[Principal, Any, Any]
Form = URLEncodedBody[dict[str, str]]
Words = Annotated[str, QueryParameter(max_length=200)]

SCOPES: tuple[tuple[Kind, str], ...] = (
    ("workspace", "The workspace"),
    ("workflow", "A workflow"),
    ("agent", "An agent"),
    ("model", "A model"),
    ("run", "A run; without a name: each run without a cap of its own"),
)
PERIODS: tuple[tuple[Period, str], ...] = (
    ("day", "Each day"),
    ("month", "Each month"),
    ("total", "In all"),
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


@post("/stop", include_in_schema=False, status_code=200, **needs("stop"))
async def stop(request: AnyRequest, console: NamedDependency[Console], data: Form) -> Response[Any]:
    """End every attempt at work, and let nothing start before somebody lets work go on."""
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


# Caps.


@get("/settings/budgets", include_in_schema=False, **needs("read"))
async def budgets_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show every cap, and the form for one."""
    await console.instruments.measuring.behind()
    found = await queries.caps(console.present, console.instruments, console.instruments.now)
    return page(
        request,
        "settings/budgets.html",
        title="Budgets",
        area="settings",
        caps=found,
        scopes=SCOPES,
        periods=PERIODS,
    )


@post("/settings/budgets", include_in_schema=False, status_code=200, **needs("govern"))
async def set_budget(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Set a cap; a unit whose field is left empty stays as it is."""
    scope: Kind = chosen(data.get("scope", ""), Kind, "What is capped")
    period: Period = chosen(data.get("period", ""), Period, "The period")
    name = data.get("name", "").strip()
    change = CapChange(
        Scope(scope, name),
        data.get("reason", "").strip(),
        period,
        _money(data.get("cost", "")),
        _tokens(data.get("tokens", "")),
    )
    await console.ask(request, change)
    return moved(request, "/settings/budgets")


@post("/settings/budgets/remove", include_in_schema=False, status_code=200, **needs("govern"))
async def remove_budget(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Take a cap away, in money and in tokens."""
    scope: Kind = chosen(data.get("scope", ""), Kind, "What is capped")
    period: Period = chosen(data.get("period", ""), Period, "The period")
    reason = data.get("reason", "").strip()
    await console.ask(
        request, CapChange(Scope(scope, data.get("name", "")), reason, period, None, None)
    )
    return moved(request, "/settings/budgets")


def _money(text: str) -> int | msgspec.UnsetType:
    return micro_dollars(text, "The cap") if text.strip() else msgspec.UNSET


def _tokens(text: str) -> int | msgspec.UnsetType:
    plain = text.replace(" ", "").replace(",", "")
    if not plain:
        return msgspec.UNSET
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
        problem=problem,
    )


@post("/settings/prices", include_in_schema=False, status_code=200, **needs("govern"))
async def set_price(
    request: AnyRequest, console: NamedDependency[Console], data: Form
) -> Response[Any]:
    """Say what a model costs from a date on."""
    change = PriceChange(
        data.get("model", "").strip(),
        _rate(data.get("input", "")),
        _rate(data.get("output", "")),
        data.get("reason", "").strip(),
        _rate(data["cached"]) if data.get("cached", "").strip() else None,
        _rate(data["cache_write"]) if data.get("cache_write", "").strip() else None,
        data.get("valid_from", "").strip(),
    )
    await console.ask(request, change)
    return moved(request, "/settings/prices")


def _rate(text: str) -> Decimal:
    try:
        return Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise Rejected(
            "price.bad_rate",
            f"{text[:40]!r} is no price.",
            hint="Write dollars for a million tokens, like 2.50.",
        ) from None


# Rate limits.


@get("/settings/limits", include_in_schema=False, **needs("read"))
async def limits_page(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show how often something may start."""
    return page(
        request,
        "settings/limits.html",
        title="Rate limits",
        area="settings",
        operation=await operation_now(console.present),
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
    stop,
    start,
    budgets_page,
    set_budget,
    remove_budget,
    prices_page,
    set_price,
    limits_page,
    set_limit,
    remove_limit,
]
