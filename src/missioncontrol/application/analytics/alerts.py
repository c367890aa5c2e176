"""Alerts through the office: what watching finds becomes true here, and people see to it."""

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
"""Who opens alerts by itself, in the record; nobody who signs in is called so."""

ALERTS: Concept[Alerts, AlertCommand, AlertEvent] = Concept(
    alerting.decide, alerting.evolve, lambda stream: unknown(stream.removeprefix(PREFIX))
)

Known = Callable[[str], Awaitable[None]]
"""Refuses a product that there is not."""


class AlertAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody does about an alert."""

    verb: Literal["acknowledge", "resolve", "mission"]
    product: str
    alert: str
    note: str = ""
    mission: str = ""  # with `mission`: what was begun to see to it
    run: str = ""


class FindingsTaken(msgspec.Struct, frozen=True):
    """What watching found in a product: all of it."""

    product: str
    readings: tuple[Reading, ...]


class AlertService:
    """Decides about alerts."""

    def __init__(self, journal: Journal, known: Known) -> None:
        """What is known is read from the log when something is asked for."""
        self._journal = journal
        self._known = known

    async def take(self, ask: AlertAsked | FindingsTaken, *, actor: str) -> dict[str, Any]:
        """Let alerts open, change and end; return how many of a product are not resolved.

        Raises:
            Rejected, NotFound, Conflict: see `domain.alert.decide`; `product.unknown`,
                `analytics.names_person`.
            NotPermitted: `permission.undeclared`: nobody else hands in what watching found.
        """
        if isinstance(ask, FindingsTaken) and actor != WATCHER:
            raise NotPermitted(
                "permission.undeclared", "Nobody who signs in may hand in what watching found."
            )
        if isinstance(ask, AlertAsked):
            refuse_addresses("note", ask.note)
        await self._known(ask.product)
        stream = stream_of(ask.product)
        await self._journal.find(ALERTS, stream)
        command = (
            TakeReadings(ask.product, ask.readings) if isinstance(ask, FindingsTaken) else _of(ask)
        )
        self._journal.tell(ALERTS, stream, command, actor=actor)
        found: Alerts | None = await self._journal.find(ALERTS, stream)
        unresolved = [each for each in (found or NO_ALERTS).listed() if each.state != "resolved"]
        return {"product": ask.product, "unresolved": len(unresolved)}


class AlertReader:
    """The alerts of products, as of now."""

    def __init__(self, find: Find) -> None:
        """`find` reads a stream of the log."""
        self._find = find

    async def all(self, product: str) -> list[Alert]:
        """Return the alerts of a product: what is not resolved first, then what weighs most."""
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
    """Return the stream in which the alerts of a product stand."""
    return f"{PREFIX}{product}"


def goal_of(alert: Alert, product: str) -> str:
    """Return what a mission that sees to an alert is to reach, in words.

    Names of events and values come from outside, with a key that may stand in a page: what does not
    look like a name is not told on to those who change code.
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


def _of(ask: AlertAsked) -> AlertCommand:
    match ask.verb:
        case "acknowledge":
            return Acknowledge(ask.product, ask.alert, ask.note)
        case "resolve":
            return Resolve(ask.product, ask.alert, ask.note)
        case "mission":
            return BeginAlertMission(ask.product, ask.alert, ask.mission, ask.run)
        case _:
            assert_never(ask.verb)
