"""What people keep of a product's measures: cohorts by name, and dashboards of saved panels."""

import re
from typing import Annotated, Any, Literal, assert_never

import msgspec

from missioncontrol.domain import canonical
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

COHORTS_MAX = 200
DASHBOARDS_MAX = 100
PANELS_MAX = 24
NAME_MAX = 100
NOTE_MAX = 1_000
JSON_BYTES_MAX = 16_384
"""Of one cohort's origin, and of one panel's question."""

Width = Literal["third", "half", "full"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class CohortSaved(Event, frozen=True):
    """People are saved together under a name.

    Those whom `segment` means at any time; or, where `question` and `cell` are given instead,
    those who were behind that count as it was `as_of`.
    """

    product: str
    cohort: str  # its id
    name: str
    note: str = ""
    segment: dict[str, Any] = {}  # as `Segment`
    question: dict[str, Any] = {}  # as `AnyQuestion`
    cell: dict[str, Any] = {}  # as `Cell`
    as_of: str = ""


class CohortRemoved(Event, frozen=True):
    """It is not offered any more; questions that name it are refused."""

    product: str
    cohort: str


class Panel(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question of a dashboard."""

    title: str
    question: dict[str, Any]  # as `AnyQuestion`
    shown_as: str = ""  # a kind of chart; "" is what is usual of the measure
    width: Width = "half"
    last_days: int = 0  # the range is so many days up to today; 0: as the question says


class DashboardSaved(Event, frozen=True):
    """The dashboard is this from now on."""

    product: str
    dashboard: str  # its id
    name: str
    panels: tuple[Panel, ...]


class DashboardRemoved(Event, frozen=True):
    """It is not there any more."""

    product: str
    dashboard: str


SavedEvent = CohortSaved | CohortRemoved | DashboardSaved | DashboardRemoved

EVENTS: dict[type, tuple[str, int]] = {
    CohortSaved: ("cohort_saved", 1),
    CohortRemoved: ("cohort_removed", 1),
    DashboardSaved: ("dashboard_saved", 1),
    DashboardRemoved: ("dashboard_removed", 1),
}
"""The lasting name and version of every event."""


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX, description="Its name.")]


class SaveCohort(msgspec.Struct, frozen=True):
    """Keep people together under a name: by a segment, or by a count of an answer."""

    product: str
    cohort: str
    name: Name
    note: Annotated[str, msgspec.Meta(max_length=NOTE_MAX, description="What it is for.")] = ""
    segment: dict[str, Any] | None = None
    question: dict[str, Any] | None = None  # with `cell` and the `as_of` of its answer
    cell: dict[str, Any] | None = None
    as_of: Annotated[str, msgspec.Meta(max_length=40)] = ""


class RemoveCohort(msgspec.Struct, frozen=True):
    """Delete a cohort."""

    product: str
    cohort: str


class SaveDashboard(msgspec.Struct, frozen=True):
    """Replace a dashboard."""

    product: str
    dashboard: str
    name: Name
    panels: Annotated[tuple[Panel, ...], msgspec.Meta(max_length=PANELS_MAX)]


class RemoveDashboard(msgspec.Struct, frozen=True):
    """Delete a dashboard."""

    product: str
    dashboard: str


SavedCommand = SaveCohort | RemoveCohort | SaveDashboard | RemoveDashboard


class Cohort(msgspec.Struct, frozen=True):
    """A saved cohort."""

    id: str
    product: str
    name: str
    note: str
    segment: dict[str, Any]
    question: dict[str, Any]
    cell: dict[str, Any]
    as_of: str
    saved: float  # seconds since the epoch

    @property
    def is_fixed(self) -> bool:
        """Whether it stays who it was when it was saved."""
        return bool(self.question)


class Dashboard(msgspec.Struct, frozen=True):
    """A saved dashboard."""

    id: str
    product: str
    name: str
    panels: tuple[Panel, ...]
    saved: float  # seconds since the epoch


class Saved(msgspec.Struct, frozen=True):
    """What is saved of one product, by id."""

    cohorts: dict[str, Cohort] = {}
    dashboards: dict[str, Dashboard] = {}


NOTHING_SAVED = Saved()


def decide(command: SavedCommand, saved: Saved | None, now: float) -> list[SavedEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `saved.bad_input` naming the field, or `saved.too_many`.
        NotFound: `cohort.unknown` or `dashboard.unknown`.
    """
    del now
    known = saved or NOTHING_SAVED
    match command:
        case SaveCohort():
            fields = msgspec.structs.asdict(command)
            wanted = CohortSaved(**{k: {} if v is None else v for k, v in fields.items()})
            _refuse_bad_cohort(wanted)
            _refuse_many(wanted.cohort, known.cohorts, COHORTS_MAX, "cohorts")
            return [wanted]
        case RemoveCohort():
            if command.cohort not in known.cohorts:
                raise unknown_cohort(command.product, command.cohort)
            return [CohortRemoved(command.product, command.cohort)]
        case SaveDashboard():
            board = DashboardSaved(**msgspec.structs.asdict(command))
            _refuse_bad_dashboard(board)
            _refuse_many(board.dashboard, known.dashboards, DASHBOARDS_MAX, "dashboards")
            return [board]
        case RemoveDashboard():
            if command.dashboard not in known.dashboards:
                raise unknown_dashboard(command.product, command.dashboard)
            return [DashboardRemoved(command.product, command.dashboard)]
        case _:
            assert_never(command)


def evolve(saved: Saved | None, event: SavedEvent, at: float) -> Saved:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    known = saved or NOTHING_SAVED
    cohorts, dashboards = dict(known.cohorts), dict(known.dashboards)
    match event:
        case CohortSaved():
            cohorts[event.cohort] = Cohort(
                event.cohort,
                event.product,
                event.name,
                event.note,
                event.segment,
                event.question,
                event.cell,
                event.as_of,
                at,
            )
        case DashboardSaved():
            dashboards[event.dashboard] = Dashboard(
                event.dashboard, event.product, event.name, event.panels, at
            )
        case CohortRemoved():
            if cohorts.pop(event.cohort, None) is None:
                raise Corrupt("cohort.not_saved", f"Cohort {event.cohort!r} was never saved.")
        case DashboardRemoved():
            if dashboards.pop(event.dashboard, None) is None:
                reason = f"Dashboard {event.dashboard!r} was never saved."
                raise Corrupt("dashboard.not_saved", reason)
        case _:
            assert_never(event)
    return Saved(cohorts, dashboards)


def id_of(name: str) -> str:
    """Return an id derived from a name: `Team plans, EU` becomes `team-plans-eu`."""
    made = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40].strip("-")
    return made or "saved"


def unknown_cohort(product: str, cohort: str) -> NotFound:
    """Say that there is no such cohort."""
    return NotFound(
        "cohort.unknown",
        f"Product {product[:80]!r} has no saved cohort {cohort[:80]!r}.",
        hint=f"`mission analytics cohorts {product[:80]}` names those there are.",
    )


def unknown_dashboard(product: str, dashboard: str) -> NotFound:
    """Say that there is no such dashboard."""
    return NotFound(
        "dashboard.unknown", f"Product {product[:80]!r} has no dashboard {dashboard[:80]!r}."
    )


_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def _refuse_bad_cohort(wanted: CohortSaved) -> None:
    _refuse_bad_id("cohort", wanted.cohort)
    _refuse_bad_name("name", wanted.name)
    if bool(wanted.segment) == bool(wanted.question):
        raise _bad("cohort", "it needs either a segment, or a question with a cell")
    for field in ("segment", "question", "cell"):
        _refuse_big(field, getattr(wanted, field))


def _refuse_bad_dashboard(wanted: DashboardSaved) -> None:
    _refuse_bad_id("dashboard", wanted.dashboard)
    _refuse_bad_name("name", wanted.name)
    for panel in wanted.panels:
        _refuse_bad_name("title", panel.title)
        _refuse_big("question", panel.question)
        if len(panel.shown_as) > NAME_MAX:
            raise _bad("shown_as", f"{panel.shown_as[:80]!r} is no kind of chart")
        if panel.last_days < 0:
            raise _bad("last_days", f"{panel.last_days} is less than 0")


def _refuse_many(wanted: str, known: dict[str, Any], most: int, what: str) -> None:
    if wanted not in known and len(known) >= most:
        raise Rejected("saved.too_many", f"There are {most} {what} of this product already.")


def _refuse_bad_id(field: str, text: str) -> None:
    if not _ID.fullmatch(text):
        raise _bad(field, f"{text[:80]!r} is no id: 1 to 40 of a-z, 0-9 and -")


def _refuse_bad_name(field: str, text: str) -> None:
    if not 0 < len(text) <= NAME_MAX or not text.isprintable() or text != text.strip():
        raise _bad(field, f"{ascii(text)[:80]} has not 1 to {NAME_MAX} characters on one line")


def _refuse_big(field: str, value: dict[str, Any]) -> None:
    if len(canonical.canonical(value)) > JSON_BYTES_MAX:
        raise _bad(field, f"it has more than {JSON_BYTES_MAX:,} bytes as JSON")


def _bad(field: str, why: str) -> Rejected:
    return Rejected("saved.bad_input", f"The {field} does not fit: {why}.")
