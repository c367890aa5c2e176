"""Alerts: findings open, change and end them; users acknowledge and resolve them."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.analytics.narrative import lowered, shown
from missioncontrol.application.analytics.personal_ids import refuse_addresses
from missioncontrol.application.analytics.products import Find
from missioncontrol.application.authority import NotPermitted
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain import alert as alerting
from missioncontrol.domain.alert import (
    NO_ALERTS,
    Acknowledge,
    Alert,
    AlertCommand,
    AlertEvent,
    Alerts,
    BeginAlertMission,
    Reading,
    Resolve,
    TakeReadings,
)
from missioncontrol.domain.product.decide import unknown

PREFIX = "alerts-"

_NAME = re.compile(r"[\w .,%:+()/-]{1,80}")

WATCHER = "analyst"
"""The actor of automatic changes in the log; no user can have this name."""

ALERTS: Concept[Alerts, AlertCommand, AlertEvent] = Concept(
    alerting.decide, alerting.evolve, lambda stream: unknown(stream.removeprefix(PREFIX))
)

Known = Callable[[str], Awaitable[None]]
"""Refuses a product that does not exist."""


class AlertAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to acknowledge or resolve an alert, or to link a mission to it."""

    verb: Literal["acknowledge", "resolve", "mission"]
    product: str
    alert: str
    note: str = ""
    mission: str = ""  # with `mission`: the mission that investigates it
    run: str = ""


class FindingsTaken(msgspec.Struct, frozen=True):
    """A request to update a product's alerts by all of its current findings."""

    product: str
    readings: tuple[Reading, ...]


class AlertService:
    """Checks and records commands about alerts."""

    def __init__(self, journal: Journal, known: Known) -> None:
        """`known` refuses products that do not exist."""
        self._journal = journal
        self._known = known

    async def take(self, request: AlertAsked | FindingsTaken, *, actor: str) -> dict[str, Any]:
        """Apply a request; return how many alerts of the product are not resolved.

        Raises:
            Rejected, NotFound, Conflict: see `domain.alert.decide`; `product.unknown`,
                `analytics.names_person`.
            NotPermitted: `permission.undeclared`: a user hands in findings.
        """
        if isinstance(request, FindingsTaken) and actor != WATCHER:
            raise NotPermitted("permission.undeclared", "Only the system may hand in findings.")
        if isinstance(request, AlertAsked):
            refuse_addresses("note", request.note)
        await self._known(request.product)
        stream = stream_of(request.product)
        await self._journal.find(ALERTS, stream)
        self._journal.tell(ALERTS, stream, _command(request), actor=actor)
        found: Alerts | None = await self._journal.find(ALERTS, stream)
        unresolved = [each for each in (found or NO_ALERTS).listed() if each.state != "resolved"]
        return {"product": request.product, "unresolved": len(unresolved)}


class AlertReader:
    """Reads the current alerts of products from the log."""

    def __init__(self, find: Find) -> None:
        """`find` reads the state of a stream."""
        self._find = find

    async def all(self, product: str) -> list[Alert]:
        """Return the alerts of a product: unresolved ones first, then by severity."""
        found: Alerts | None = await self._find(ALERTS, stream_of(product))
        return (found or NO_ALERTS).listed()

    async def find(self, product: str, alert: str) -> Alert:
        """Return an alert.

        Raises:
            NotFound: `alert.unknown`.
        """
        found: Alerts | None = await self._find(ALERTS, stream_of(product))
        known = (found or NO_ALERTS).alerts.get(alert)
        if known is None:
            raise alerting.unknown(product, alert)
        return known


def stream_of(product: str) -> str:
    """Return the stream of a product's alerts."""
    return f"{PREFIX}{product}"


def goal_of(alert: Alert, product: str) -> str:
    """Return the goal of a mission that investigates an alert.

    Event names and values come from outside, by a key that may be public. Values that do not look
    like names are left out, so that they can't inject instructions into agents that change code.
    """
    reading = alert.reading
    verb = "fell" if reading.is_down else "rose"
    title = reading.title if _NAME.fullmatch(reading.title) else "a measured event"
    low, high = (shown(each, reading.unit) for each in (reading.low, reading.high))
    slices = [each for each in reading.slices if _NAME.fullmatch(each)]
    concentrated = f" It is concentrated in {', '.join(slices)}." if slices else ""
    return (
        f"Find out why {lowered(title)} {verb} in {product} since {reading.since.isoformat()}, "
        f"and mend it. It was {shown(reading.observed, reading.unit)} where {low} to {high} was "
        f"expected.{concentrated}"
    )


def _command(request: AlertAsked | FindingsTaken) -> AlertCommand:
    if isinstance(request, FindingsTaken):
        return TakeReadings(request.product, request.readings)
    match request.verb:
        case "acknowledge":
            return Acknowledge(request.product, request.alert, request.note)
        case "resolve":
            return Resolve(request.product, request.alert, request.note)
        case "mission":
            return BeginAlertMission(request.product, request.alert, request.mission, request.run)
        case _:
            assert_never(request.verb)
