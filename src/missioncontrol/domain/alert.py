"""Alerts: changes in the use of a product that are more than chance, from open to resolved.

The watcher hands in all that was found at a time; what of it is new, still going on or over is
decided here, so that watching twice opens nothing twice.
"""

from datetime import date
from typing import Any, Literal, assert_never

import msgspec

from missioncontrol.domain import canonical
from missioncontrol.domain.errors import Conflict, Corrupt, NotFound, Rejected

ALERTS_MAX = 500
"""Of one product; the oldest resolved ones make room."""

READINGS_MAX = 100
"""Handed in at once: those that weigh most."""

NOTE_MAX = 1_000
TEXT_MAX = 4_000
FIGURES_MAX = 60

Severity = Literal["info", "warning", "critical"]
State = Literal["open", "acknowledged", "resolved"]

WEIGHT: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number that another one is worked out from, and where it stands."""

    question: dict[str, Any]  # as `AnyQuestion`
    place: dict[str, Any]  # as `detection.finding.Place`
    as_of: str = ""  # asked as of this moment; empty: as of that of the whole text


class Quoted(msgspec.Struct, frozen=True):
    """A number as it stands in a text, and what says it: a place in the answer to a question.

    One that stands in no answer is worked out by a `formula` over `parts`, which do.
    """

    shown: str  # "41.8 %", "318"
    value: float
    question: dict[str, Any]  # as `AnyQuestion`; of one that is worked out, that of its first part
    place: dict[str, Any] = {}  # as `detection.finding.Place`
    cell: dict[str, Any] = {}  # as `Cell`, where people can be listed
    as_of: str = ""  # asked as of this moment; empty: as of that of the whole text
    formula: str = ""  # one of `detection.finding.FORMULAS`: "change" is (A - B) / B
    parts: tuple[Part, ...] = ()  # A, B, C


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a change."""

    metric: str
    title: str
    unit: Literal["people", "events", "share"]
    severity: Severity
    since: date
    until: date
    is_ongoing: bool
    is_down: bool
    is_good: bool | None
    observed: float
    expected: float
    low: float
    high: float
    impact: float  # people it is likely to touch
    text: str  # the narrative; each numeral in it is one of `figures`
    figures: tuple[Quoted, ...]
    slices: tuple[str, ...]  # what explains it, in words, most of it first
    question: dict[str, Any]
    definition: str
    as_of: str


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class AlertOpened(Event, frozen=True):
    """Something has changed."""

    product: str
    alert: str
    reading: Reading


class AlertChanged(Event, frozen=True):
    """More is known of it: it lasts, weighs more or less, or is over."""

    product: str
    alert: str
    reading: Reading


class AlertAcknowledged(Event, frozen=True):
    """A user has acknowledged it."""

    product: str
    alert: str
    note: str = ""


class AlertResolved(Event, frozen=True):
    """It is resolved; `by_itself` where it is not found any longer."""

    product: str
    alert: str
    note: str = ""
    by_itself: bool = False


class AlertMissionBegun(Event, frozen=True):
    """A mission is to see to it."""

    product: str
    alert: str
    mission: str
    run: str


AlertEvent = AlertOpened | AlertChanged | AlertAcknowledged | AlertResolved | AlertMissionBegun

EVENTS: dict[type, tuple[str, int]] = {
    AlertOpened: ("alert_opened", 1),
    AlertChanged: ("alert_changed", 1),
    AlertAcknowledged: ("alert_acknowledged", 1),
    AlertResolved: ("alert_resolved", 1),
    AlertMissionBegun: ("alert_mission_begun", 1),
}
"""The lasting name and version of every event."""


class TakeReadings(msgspec.Struct, frozen=True):
    """This is all that is found in a product now."""

    product: str
    readings: tuple[Reading, ...]


class Acknowledge(msgspec.Struct, frozen=True):
    """See to an alert."""

    product: str
    alert: str
    note: str = ""


class Resolve(msgspec.Struct, frozen=True):
    """Resolve an alert."""

    product: str
    alert: str
    note: str = ""


class BeginAlertMission(msgspec.Struct, frozen=True):
    """Begin a mission about an alert."""

    product: str
    alert: str
    mission: str
    run: str


AlertCommand = TakeReadings | Acknowledge | Resolve | BeginAlertMission


class Alert(msgspec.Struct, frozen=True):
    """A change, and how far seeing to it is."""

    id: str
    product: str
    reading: Reading
    state: State
    opened: float  # seconds since the epoch
    changed: float
    note: str = ""  # of the user who acknowledged or resolved it last
    by_itself: bool = False
    missions: tuple[tuple[str, str], ...] = ()  # with their runs


class Alerts(msgspec.Struct, frozen=True):
    """The alerts of one product, by id."""

    alerts: dict[str, Alert] = {}

    def listed(self) -> list[Alert]:
        """Return what is not resolved first, then what weighs most, then what is newest."""
        return sorted(
            self.alerts.values(),
            key=lambda each: (
                each.state == "resolved",
                -WEIGHT[each.reading.severity],
                -each.opened,
                each.id,
            ),
        )


NO_ALERTS = Alerts()


def decide(command: AlertCommand, alerts: Alerts | None, now: float) -> list[AlertEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `alert.bad_note` or `alert.bad_reading`.
        NotFound: `alert.unknown`.
        Conflict: `alert.resolved`.
    """
    known = alerts or NO_ALERTS
    match command:
        case TakeReadings():
            return _accept_readings(command, known, now)
        case Acknowledge():
            alert = _unresolved(known, command.product, command.alert)
            _refuse_long(command.note)
            if alert.state == "acknowledged" and alert.note == command.note:
                return []
            return [AlertAcknowledged(command.product, command.alert, command.note)]
        case Resolve():
            _unresolved(known, command.product, command.alert)
            _refuse_long(command.note)
            return [AlertResolved(command.product, command.alert, command.note)]
        case BeginAlertMission():
            _known(known, command.product, command.alert)
            begun = (command.product, command.alert, command.mission, command.run)
            return [AlertMissionBegun(*begun)]
        case _:
            assert_never(command)


def evolve(alerts: Alerts | None, event: AlertEvent, at: float) -> Alerts:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    known = dict((alerts or NO_ALERTS).alerts)
    if isinstance(event, AlertOpened):
        again = known.pop(event.alert, None)
        _make_room(known)
        missions = again.missions if again else ()
        known[event.alert] = Alert(
            event.alert, event.product, event.reading, "open", at, at, missions=missions
        )
        return Alerts(known)
    before = known.get(event.alert)
    if before is None:
        raise Corrupt("alert.not_opened", f"Alert {event.alert!r} was never opened.")
    known[event.alert] = _evolved(before, event, at)
    return Alerts(known)


def unknown(product: str, alert: str) -> NotFound:
    """Say that there is no such alert."""
    return NotFound(
        "alert.unknown",
        f"Product {product[:80]!r} has no alert {alert[:80]!r}.",
        hint=f"`mission analytics alerts {product[:80]}` names those there are.",
    )


def id_of(product: str, reading: Reading, known: Alerts) -> str:
    """Return the id of the alert that a reading opens: one that no other has."""
    identity: list[Any] = [product, reading.metric, reading.is_down, reading.since.isoformat()]
    for number in range(len(known.alerts) + 1):
        found = f"alert-{canonical.digest([*identity, number])[:12]}"
        if found not in known.alerts:
            return found
    raise Corrupt("alert.no_id", f"No id is left for an alert of {reading.metric!r}.")


def _accept_readings(command: TakeReadings, known: Alerts, now: float) -> list[AlertEvent]:
    events: list[AlertEvent] = []
    found = set()
    state = known
    for reading in command.readings[:READINGS_MAX]:
        _refuse_bad(reading)
        same = _same(reading, state)
        if same is not None and same.id in found:
            continue  # The same change, reported a second time.
        event = _event_of_reading(command.product, reading, same, state)
        found.add(same.id if same is not None else id_of(command.product, reading, state))
        if event is not None:
            events.append(event)
            state = evolve(state, event, now)
    return events + [
        AlertResolved(command.product, each.id, by_itself=True)
        for each in known.alerts.values()
        if each.state != "resolved" and each.id not in found
    ]


def _event_of_reading(
    product: str, reading: Reading, same: Alert | None, known: Alerts
) -> AlertOpened | AlertChanged | None:
    """Return what a reading makes true, where `same` is the alert that tells of it already."""
    if same is None:
        return AlertOpened(product, id_of(product, reading, known), reading)
    if same.state == "resolved":
        return AlertOpened(product, same.id, reading) if same.by_itself else None  # It is back.
    return AlertChanged(product, same.id, reading) if _is_news(reading, same.reading) else None


def _same(reading: Reading, known: Alerts) -> Alert | None:
    """Return the alert that tells of the same change: one that is not resolved before others."""
    matching = [
        each
        for each in known.alerts.values()
        if (each.reading.metric, each.reading.is_down) == (reading.metric, reading.is_down)
        and each.reading.since <= reading.until
        and reading.since <= each.reading.until
        and not (each.state == "resolved" and _weighs_more(reading, each.reading))
    ]
    return min(matching, key=lambda each: (each.state == "resolved", -each.opened), default=None)


def _weighs_more(reading: Reading, before: Reading) -> bool:
    return WEIGHT[reading.severity] > WEIGHT[before.severity]


def _is_news(reading: Reading, before: Reading) -> bool:
    """Whether a notification is needed: numbers alone move with each event that comes in."""
    return (reading.severity, reading.since, reading.until, reading.is_ongoing) != (
        before.severity,
        before.since,
        before.until,
        before.is_ongoing,
    )


def _evolved(before: Alert, event: AlertEvent, at: float) -> Alert:
    replace = msgspec.structs.replace
    match event:
        case AlertChanged():
            return replace(before, reading=event.reading, changed=at)
        case AlertAcknowledged():
            return replace(before, state="acknowledged", note=event.note, changed=at)
        case AlertResolved():
            changes = {"note": event.note or before.note, "by_itself": event.by_itself}
            return replace(before, state="resolved", changed=at, **changes)
        case AlertMissionBegun():
            missions = (*before.missions, (event.mission, event.run))
            return replace(before, missions=missions, changed=at)
        case AlertOpened():
            return before
        case _:
            assert_never(event)


def _make_room(known: dict[str, Alert]) -> None:
    over = [each for each in known.values() if each.state == "resolved"]
    if len(known) >= ALERTS_MAX and over:
        del known[min(over, key=lambda each: (each.changed, each.id)).id]


def _known(alerts: Alerts, product: str, alert: str) -> Alert:
    found = alerts.alerts.get(alert)
    if found is None:
        raise unknown(product, alert)
    return found


def _unresolved(alerts: Alerts, product: str, alert: str) -> Alert:
    found = _known(alerts, product, alert)
    if found.state == "resolved":
        raise Conflict("alert.resolved", f"Alert {alert!r} is resolved already.")
    return found


def _refuse_long(note: str) -> None:
    if len(note) > NOTE_MAX:
        raise Rejected(
            "alert.bad_note",
            f"The note has {len(note):,} characters; at most {NOTE_MAX:,} fit.",
        )


def _refuse_bad(reading: Reading) -> None:
    if len(reading.text) > TEXT_MAX or len(reading.figures) > FIGURES_MAX:
        raise Rejected(
            "alert.bad_reading",
            f"The reading of {reading.metric!r} is too long: {len(reading.text):,} characters "
            f"with {len(reading.figures)} numbers; at most {TEXT_MAX:,} and {FIGURES_MAX} fit.",
        )
