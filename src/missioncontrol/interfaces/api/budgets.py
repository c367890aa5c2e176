"""Budgets as a resource of the API: caps with what is spent and set aside, and what was spent."""

import re
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.budgets import CapChange
from missioncontrol.application.queries import costs as queries
from missioncontrol.application.queries.costs import CapView
from missioncontrol.domain.budget.scopes import RUNS, Kind, Period, Scope
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.http import handlers_of
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, cursor_of, place_of

PLACES_MAX = 1_000_000_000
COST_MAX = 1_000_000_000_000_000
TOKENS_MAX = 9_999_999_999_999_999
SPENT = re.compile(r"\.[0-9a-f]{32}")
"""The second half of a tag."""

AnyRequest = Request[Principal, Any, Any]
Money = Annotated[int, msgspec.Meta(ge=0, le=COST_MAX)]
Tokens = Annotated[int, msgspec.Meta(ge=0, le=TOKENS_MAX)]
Why = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Named = Annotated[
    str,
    QueryParameter(
        max_length=2_000,
        description="Of the agent, model, workflow, run, or `RUN/STEP`; the workspace has none, "
        "and a run without a name stands for each run whose workflow names no budget.",
    ),
]
Because = Annotated[
    str, QueryParameter(min_length=1, max_length=2_000, description="Why, for the record.")
]
Of = Annotated[Kind, QueryParameter(name="scope", description="What is capped.")]
Each = Annotated[Period, QueryParameter(description="In all, or in a UTC month or day.")]


class CapAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a cap is to be. A unit that is left out stays as it is; null takes its cap away."""

    scope: Kind
    reason: Why
    name: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    period: Period = "total"
    cost: Money | msgspec.UnsetType | None = msgspec.UNSET  # micro-dollars
    tokens: Tokens | msgspec.UnsetType | None = msgspec.UNSET


@get("/budgets", summary="List caps", **needs("read"))
async def list_budgets(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[CapView]:
    """Return every cap that holds, the widest scope first, with spent, reserved and left."""
    place = place_of(cursor, int)
    begin = min(max(0, place[0]), PLACES_MAX) if place else 0
    await console.instruments.measuring.behind()
    now = console.instruments.now
    found = await queries.caps(
        console.present, console.instruments, now, begin=begin, limit=limit + 1
    )
    more = cursor_of(begin + limit) if len(found) > limit else ""
    return Page(found[:limit], more)


@get("/budgets/{kind:str}", summary="How a scope stands", responses=KNOWN, **needs("read"))
async def get_budget(
    request: AnyRequest,
    console: NamedDependency[Console],
    kind: FromPath[Kind],
    name: Named = "",
) -> Response[list[CapView]]:
    """Return what was spent in a scope: in all, this month and today, each with its cap."""
    found = await standing(console, Scope(kind, name))
    return tagged(request, found, _tag(found))


def _tag(found: list[CapView]) -> str:
    """Return the tag of how a scope stands: of its caps, a dot, and of what is spent."""
    spent = tag_of([(each.spent, each.reserved) for each in found])
    return cap_tag(found)[:-1] + "." + spent.removeprefix('W/"')


def cap_tag(found: list[CapView]) -> str:
    """Return the tag of how a scope is capped; what is spent does not change it."""
    return tag_of([(each.scope, each.name, each.period, each.cap, each.since) for each in found])


async def standing(console: Console, scope: Scope) -> list[CapView]:
    """Return how a scope stands now.

    Raises:
        Rejected: `budget.bad_scope`.
    """
    if (scope.kind == "workspace") == bool(scope.name) and scope != RUNS:
        raise Rejected(
            "budget.bad_scope",
            f"The name of a {scope.kind} can't be {scope.name[:60]!r}.",
            hint="The workspace has no name; everything else does.",
        )
    if scope == RUNS:
        return [
            each
            for each in await queries.caps(
                console.present, console.instruments, console.instruments.now
            )
            if each.scope == "run" and not each.name
        ]
    return await queries.scope_view(
        console.present, console.instruments, scope, console.instruments.now
    )


@put("/budgets", summary="Set a cap", responses=CHANGED, **needs("govern"))
async def set_budget(
    request: AnyRequest,
    console: NamedDependency[Console],
    data: JSONBody[CapAsked],
    if_match: IfMatch = "",
) -> list[CapView]:
    """Raise, lower or set a cap in money, in tokens or in both."""
    change = CapChange(
        Scope(data.scope, data.name), data.reason, data.period, data.cost, data.tokens
    )
    return await change_cap(console, request, change, if_match)


@delete("/budgets", status_code=200, summary="Remove a cap", responses=CHANGED, **needs("govern"))
async def remove_budget(
    request: AnyRequest,
    console: NamedDependency[Console],
    kind: Of,
    reason: Because,
    name: Named = "",
    period: Each = "total",
    if_match: IfMatch = "",
) -> list[CapView]:
    """Take a cap away, in money and in tokens."""
    change = CapChange(Scope(kind, name), reason, period, None, None)
    return await change_cap(console, request, change, if_match)


async def change_cap(
    console: Console, request: AnyRequest, change: CapChange, if_match: str = ""
) -> list[CapView]:
    """Send a change of a cap to the engine; return how its scope stands then.

    Raises:
        Rejected: as `Budgets.change_cap`.
        Stale: `request.stale`.
    """
    if if_match:
        found = await standing(console, change.scope)
        # Spending meanwhile must not block a change of the cap: the tags leave it out.
        refuse_stale(SPENT.sub("", if_match), cap_tag(found), "That cap")
    await console.ask(request, change)
    return await standing(console, change.scope)


HANDLERS: list[Any] = [list_budgets, get_budget, set_budget, remove_budget, *handlers_of("budget")]
