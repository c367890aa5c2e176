"""Answers as pages show them: bars, cells and lines, each count with the list of its people."""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from missioncontrol.analytics.answers import (
    AnyAnswer,
    Cohort,
    FunnelAnswer,
    RetentionAnswer,
    StepCount,
)
from missioncontrol.analytics.calendar import days_before, period_after
from missioncontrol.analytics.definition import definition
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import AnyQuestion, Cell, Funnel, Range, Retention, Unit
from missioncontrol.domain.alert import Alert
from missioncontrol.interfaces.web import formats

FALL = 0.05
"""A share that fell by so much of itself is shown as a fall."""

STILL = 0.5
"""Per cent of itself, below which a figure is as it was."""

NAMES = {"trend": "trends"}
INCOMPLETE = "not complete"
MINUS = "\u2212"


def people_url(question: AnyQuestion | dict[str, Any], cell: Cell, as_of: str) -> str:
    """Return the address of the list of people behind a count."""
    asked = msgspec.json.encode(question).decode()
    query = {"q": asked, "cell": msgspec.json.encode(cell).decode(), "as_of": as_of}
    return f"/cockpit/people?{urlencode(query)}"


def people_before(kpi: Kpi, range_: Range) -> str:
    """Return the address of the people behind the earlier figure; "" where none are counted."""
    if kpi.cell is None or not kpi.before:
        return ""
    if kpi.cell.bucket:
        day = date.fromisoformat(kpi.cell.bucket[:10]) - timedelta(days=7)
        is_before = day < range_.since
        cell = msgspec.structs.replace(kpi.cell, bucket=day.isoformat(), before=is_before)
        return people_url(kpi.asked, cell, kpi.as_of)
    earlier = {**kpi.asked, "range": msgspec.to_builtins(days_before(range_))}
    return people_url(earlier, kpi.cell, kpi.as_of_before)


def explore_url(question: AnyQuestion | dict[str, Any], as_of: str = "") -> str:
    """Return the page that asks a question, with all of its parts: as of now or of a moment."""
    plain = msgspec.to_builtins(question)
    measure = str(plain["measure"])
    query = {"q": text_of(plain), **({"as_of": as_of} if as_of else {})}
    return f"/cockpit/{NAMES.get(measure, measure)}?{urlencode(query)}"


def text_of(question: AnyQuestion | dict[str, Any]) -> str:
    """Return a question as JSON."""
    return msgspec.json.encode(question).decode()


def days_shown(since: date, until: date) -> str:
    """Return `22 Oct to 20 Nov 2026`."""
    first = f"{since.day} {since:%b}" + (f" {since.year}" if since.year != until.year else "")
    return f"{first} to {until.day} {until:%b} {until.year}"


def before_shown(found: Range) -> str:
    """Return the days that a range is compared with, short: `29 Sep` and `26 Oct` with a dash."""
    before = days_before(found)
    year = "" if before.since.year == found.until.year else f" {before.until.year}"
    return f"{_day(before.since)}\N{EN DASH}{_day(before.until)}{year}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def bucket_shown(label: str, *, with_year: bool = False) -> str:
    """Return `8 Sep`, `8 Sep 2026`, or `8 Sep 14:00`, of the label of a period."""
    found = datetime.fromisoformat(label)
    year = f" {found.year}" if with_year else ""
    hour = f" {found:%H:%M}" if "T" in label else ""
    return f"{found.day} {found:%b}{year}{hour}"


def buckets_shown(labels: Sequence[str]) -> list[str]:
    """Return how periods are labelled: with their years where a day stands in more than one."""
    days = [date.fromisoformat(each[:10]) for each in labels]
    with_year = bool(days) and (days[-1] - days[0]).days >= 365
    return [bucket_shown(each, with_year=with_year) for each in labels]


def share_shown(share: float | None) -> str:
    """Return `41.8 %`; None is unknown."""
    return formats.UNKNOWN if share is None else f"{share * 100:.1f} %"


def time_shown(seconds: float | None) -> str:
    """Return `7 d`, `1 d 12 h` or `11 min`: a unit with the value 0 is left out."""
    if seconds is not None and seconds < 3_600:
        return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
    text = formats.duration(seconds)
    return text.removesuffix(" 0 h").removesuffix(" 00 min")


class Change(msgspec.Struct, frozen=True):
    """How a figure moved."""

    text: str
    is_up: bool
    tone: str  # "up", "dn" or "" where it is much the same


def change_of(
    now: float | None, before: float | None, *, is_share: bool, is_absolute: bool = False
) -> Change | None:
    """Return the change from one figure to the other.

    In per cent of what it was; or as a number, of shares in points.
    """
    if now is None or before is None or (not is_absolute and not before):
        return None
    moved = now - before
    part = moved / abs(before) * 100 if before else math.copysign(100.0, moved) if moved else 0.0
    tone = "" if abs(part) < STILL else "up" if moved > 0 else "dn"
    text = f"{part:+.1f} %"
    if is_absolute:
        sign = "+" if moved > 0 else MINUS if moved else ""
        text = f"{moved * 100:+.1f} points" if is_share else f"{sign}{plain_number(abs(moved))}"
    return Change(text.replace("-", MINUS), moved >= 0, tone)


def plain_number(value: float) -> str:
    """Return a count without decimals, and any other figure with two at most."""
    return formats.number(value, 0 if value == int(value) else 2)


class Before(msgspec.Struct, frozen=True):
    """What a figure was in the days before."""

    text: str
    people: str = ""  # address of the list; "" where no people are counted
    change: Change | None = None


class StepView(msgspec.Struct, frozen=True):
    """A step of a funnel."""

    label: str
    reached: int
    people: str  # address of the list
    share: float  # of the first step, 0 to 100
    waiting: float
    of_first: str
    of_before: str
    fell: bool
    said: str
    pending: int
    pending_people: str
    lost: int
    lost_people: str
    median: str  # since the first step
    median_step: str  # since the step before
    before: Before | None  # how many reached it in the days before
    share_before: Before | None  # their share of the step before


class Earlier(msgspec.Struct, frozen=True):
    """A funnel in the days before: what was asked, and what came of it."""

    question: Funnel
    answer: FunnelAnswer


def steps_of(
    question: Funnel,
    answer: FunnelAnswer,
    before: Earlier | None = None,
    *,
    is_absolute: bool = False,
) -> list[StepView]:
    """Return the steps of a funnel, beside what they were in the days before."""
    return [
        _step(question, answer, place, before, is_absolute=is_absolute)
        for place in range(len(answer.steps))
    ]


def _step(
    question: Funnel,
    answer: FunnelAnswer,
    place: int,
    earlier: Earlier | None,
    *,
    is_absolute: bool,
) -> StepView:
    step, top = answer.steps[place], answer.steps[0].reached
    was = earlier.answer.steps[place] if earlier is not None else None
    fell = _has_fallen(step.of_before, was.of_before if was else None) if place else False

    def people(state: Any) -> str:
        return people_url(question, Cell(step=place, state=state), answer.as_of)

    before = share = None
    if earlier is not None and was is not None:
        listed = people_url(earlier.question, Cell(step=place), earlier.answer.as_of)
        moved = change_of(step.reached, was.reached, is_share=False, is_absolute=is_absolute)
        before = Before(formats.number(was.reached), listed if was.reached else "", moved)
        moved = change_of(step.of_before, was.of_before, is_share=True, is_absolute=is_absolute)
        share = Before(share_shown(was.of_before), before.people, moved) if place else None
    return StepView(
        step.label,
        step.reached,
        people(""),
        round(100 * step.reached / top, 2) if top else 0.0,
        round(100 * step.pending / top, 2) if top else 0.0,
        share_shown(step.of_first),
        share_shown(step.of_before) if place else "",
        fell,
        _step_label(question, step, place) if place else "",
        step.pending,
        people("pending") if place else "",
        step.lost,
        people("lost") if place else "",
        time_shown(step.median) if step.median is not None and place else "",
        time_shown(step.median_step) if step.median_step is not None and place else "",
        before,
        share,
    )


def _has_fallen(now: float | None, was: float | None) -> bool:
    return now is not None and was is not None and now < was * (1 - FALL)


def _step_label(question: Funnel, step: StepCount, place: int) -> str:
    window = question.steps[place].within if question.order != "any" else None
    parts = [f"within {time_shown(window)}"] if window else []
    if step.median_step is not None:
        parts.append(f"median {time_shown(step.median_step)}")
    return " · ".join(parts)


def narrowed(question: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    """Return a question about many series as that about the one in which a number stands."""
    line = place.get("line", "")
    own = [each for each in question.get("series", ()) if line and each.get("key") == line]
    return {**question, "series": own} if own and not question.get("formula") else question


class Mark(msgspec.Struct, frozen=True):
    """An alert about those who began on some days, on a day after that."""

    text: str
    url: str
    since: date
    until: date
    day: int

    def is_of(self, bucket: str, unit: Unit) -> bool:
        """Whether people whom the alert is about are in the cohort of a period."""
        first = date.fromisoformat(bucket)
        return first <= self.until and self.since < period_after(first, unit)


RETENTION_METRIC = re.compile(r"retention\.day_([0-9]+)")
UNIT_DAYS = {"day": 1, "week": 7, "month": 30}


def marks_of(alerts: Iterable[Alert]) -> tuple[Mark, ...]:
    """Return what alerts that are not resolved say of cohorts."""
    found = []
    for alert in alerts:
        about = RETENTION_METRIC.fullmatch(alert.reading.metric)
        if about is None or alert.state == "resolved":
            continue
        reading = alert.reading
        verb = "fell" if reading.is_down else "rose"
        days = days_shown(reading.since, reading.until)
        text = f"{reading.title} {verb} for who began {days}"
        url = f"/cockpit/alerts/{quote(alert.id)}?{urlencode({'product': alert.product})}"
        found.append(Mark(text, url, reading.since, reading.until, int(about[1])))
    return tuple(found)


class HeatCell(msgspec.Struct, frozen=True):
    """A cell of a heat map."""

    text: str
    heat: str  # a class
    people: str  # address of the list; "" where the period is not complete
    said: str
    is_marked: bool = False  # an alert is about it


class HeatRow(msgspec.Struct, frozen=True):
    """A cohort."""

    label: str
    size: int
    people: str
    cells: list[HeatCell]
    marks: tuple[Mark, ...] = ()


class Heat(msgspec.Struct, frozen=True):
    """A heat map of a retention, with the rows of each value of its breakdown."""

    labels: tuple[str, ...]
    rows: list[HeatRow]
    overall: list[HeatCell]
    groups: list[tuple[str, list[HeatRow]]]

    @property
    def has_open(self) -> bool:
        """Whether a cell is not complete."""
        return any(cell.said == INCOMPLETE for row in self.rows for cell in row.cells)

    @property
    def is_marked(self) -> bool:
        """Whether an alert is about any of the cohorts."""
        return any(row.marks for row in self.rows)


def heat_of(question: Retention, answer: RetentionAnswer, marks: Sequence[Mark] = ()) -> Heat:
    """Return the heat map of a retention: darker is more, by what is highest after the start.

    Cohorts that an alert is about are marked, and the cells of the day that it tells of.
    """
    shares = [
        retained.share
        for cohort in answer.cohorts
        for place, retained in enumerate(cohort.kept)
        if retained.share is not None and (place or question.brackets)
    ]
    top = max(shares, default=0.0)

    def rows(cohorts: Sequence[Cohort], breakdown: str | None) -> list[HeatRow]:
        labels = buckets_shown([each.bucket for each in cohorts])
        return [
            _heat_row(question, answer, each, breakdown, top, label)
            for each, label in zip(cohorts, labels, strict=True)
        ]

    def marked(row: HeatRow, bucket: str) -> HeatRow:
        about = tuple(each for each in marks if each.is_of(bucket, question.unit))
        periods = {each.day // UNIT_DAYS[question.unit] for each in about} - {0}
        cells = [
            msgspec.structs.replace(cell, is_marked=bool(cell.people) and place in periods)
            for place, cell in enumerate(row.cells)
        ]
        return msgspec.structs.replace(row, cells=cells, marks=about)

    return Heat(
        answer.labels,
        [
            marked(row, cohort.bucket)
            for row, cohort in zip(rows(answer.cohorts, None), answer.cohorts, strict=True)
        ],
        [
            HeatCell(text, "w0" if not place and not question.brackets else heat, "", "overall")
            for place, (text, heat) in enumerate(_heat_text(each, top) for each in answer.overall)
        ],
        [(each.key, rows(each.cohorts, each.key)) for each in answer.groups],
    )


def _heat_row(
    question: Retention,
    answer: RetentionAnswer,
    cohort: Cohort,
    key: str | None,
    top: float,
    label: str,
) -> HeatRow:
    def people(period: int | None) -> str:
        cell = Cell(bucket=cohort.bucket, period=period, breakdown=key)
        return people_url(question, cell, answer.as_of)

    cells = []
    for place, retained in enumerate(cohort.kept):
        if retained.people is None:
            cells.append(HeatCell("", "none", "", INCOMPLETE))
            continue
        text, heat = _heat_text(retained.share, top)
        if place == 0 and not question.brackets:
            heat = "w0"
        cells.append(
            HeatCell(text, heat, people(place), formats.count(retained.people, "person", "people"))
        )
    return HeatRow(label, cohort.size, people(None), cells)


def _heat_text(share: float | None, top: float) -> tuple[str, str]:
    if share is None:
        return "", "none"
    step = round(8 * min(share / top, 1.0)) if top else 0
    return f"{share * 100:.0f}", f"h{step}"


def tip(name: str, word: str = "") -> str:
    """Return what a figure means, in the words of its definition and with its version."""
    found = definition(name)
    text = found.wording.get(word, found.says) if word else found.says
    return f"{text}\nDefinition {found.name} {found.version}."


def as_of_shown(answer: AnyAnswer) -> str:
    """Return the moment that an answer is of."""
    return f"{answer.as_of[:10]} {answer.as_of[11:16]} UTC"


def cell_url(question: AnyQuestion, answer: AnyAnswer, **cell: Any) -> str:
    """Return the address of the people behind the count that the parts of a cell name."""
    return people_url(question, Cell(**cell), answer.as_of)


def figure_shown(value: float, unit: str) -> str:
    """Return a figure of an alert: a share, or a count."""
    return share_shown(value) if unit == "share" else formats.number(value, int(value < 100))
