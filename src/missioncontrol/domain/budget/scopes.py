"""What a cap can be about, for how long it counts, and how both are called."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, assert_never

import msgspec

from missioncontrol.domain.step import Amount

Kind = Literal["workspace", "workflow", "agent", "model", "run", "step"]
Period = Literal["total", "month", "day"]
PERIODS: tuple[Period, ...] = ("total", "month", "day")


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """A part of all that is spent."""

    kind: Kind
    name: str = ""  # of a step: RUN/KEY


class Cap(msgspec.Struct, frozen=True, omit_defaults=True):
    """The most that may be spent in a scope, in all or in a UTC day or month."""

    scope: Scope
    period: Period = "total"
    amount: Amount | None = None  # None: there is no such cap


DAY_SECONDS = 86_400
WORKSPACE = Scope("workspace")

RUNS = Scope("run")
"""Each run that has no cap of its own in its workflow."""

BUILT_IN = Amount(tokens=2_000_000)
"""The cap of such a run where no other one is set: nothing is ever unlimited."""


def scopes_of(
    run: str,
    workflow: str,
    *,
    step: str = "",
    within: Iterable[str] = (),
    agent: str = "",
    model: str = "",
) -> tuple[Scope, ...]:
    """Return every scope that some work is in, so that no cap is left out.

    `within` names the steps whose budgets hold for this one too: what called or repeated it.
    """
    found = [WORKSPACE, Scope("workflow", workflow), Scope("run", run)]
    if step:
        found.append(Scope("step", f"{run}/{step}"))
    found.extend(Scope("step", f"{run}/{name}") for name in within)
    if agent:
        found.append(Scope("agent", agent))
    if model:
        found.append(Scope("model", model))
    return tuple(found)


def run_of(scope: Scope) -> str:
    """Return the run that a run or step belongs to; empty for what outlives runs."""
    return scope.name.partition("/")[0] if scope.kind in ("run", "step") else ""


def day_of(at: float) -> str:
    """Return the UTC date of a moment (seconds since the epoch), such as `2026-11-22`."""
    return _date(int(at // DAY_SECONDS))


@lru_cache(16)
def _date(days: int) -> str:
    return datetime.fromtimestamp(days * DAY_SECONDS, UTC).date().isoformat()


def window(period: Period, day: str) -> str:
    """Return what a period covers on a day: `2026-11-22`, `2026-11`, or empty for all time."""
    match period:
        case "day":
            return day
        case "month":
            return day[:7]
        case "total":
            return ""
        case _:
            assert_never(period)


def called(scope: Scope) -> str:
    """Return a scope as a sentence names it: `workflow 'release-check'`, `the workspace`."""
    if scope == WORKSPACE:
        return "the workspace"
    if scope == RUNS:
        return "each run without one of its own"
    name = scope.name.partition("/")[2] if scope.kind == "step" else scope.name
    return f"{scope.kind} {name!r}"
