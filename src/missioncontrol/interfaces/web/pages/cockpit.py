"""The cockpit: what changed in a product, its figures, funnel, alerts, retention and trends."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.analytics import kpis as key_figures
from missioncontrol.analytics.answers import (
    ActiveAnswer,
    FunnelAnswer,
    RetentionAnswer,
    first_steps,
)
from missioncontrol.analytics.calendar import (
    days_before,
    is_comparable,
    period_after,
    period_of,
    zone_of,
)
from missioncontrol.analytics.kpis import Kpi
from missioncontrol.analytics.questions import (
    EVERYBODY,
    Funnel,
    Pattern,
    Range,
    Retention,
    Step,
)
from missioncontrol.analytics.summary import Point, Summary
from missioncontrol.analytics.tables import Table
from missioncontrol.application.analytics.alerts import AlertReader
from missioncontrol.application.analytics.analyst import LARGE_EVENTS, Analyst
from missioncontrol.application.analytics.inspector import end_of
from missioncontrol.application.analytics.known_events import Events
from missioncontrol.application.analytics.views import answered_then, kpis
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import cockpit_charts as charts
from missioncontrol.interfaces.web import cockpit_view as view
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_bar import Bar, bar_of, bar_or_fault
from missioncontrol.interfaces.web.cockpit_files import TABLES
from missioncontrol.interfaces.web.rendering import fragment, page, part_of

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
TEMPLATE, PANELS = "cockpit/page.html", "cockpit/panels.html"
VERDICT_SECONDS = 0.06
"""So long the page waits for its verdict; where it takes longer, the summary brings it."""

AHEAD = ("figures", "retention")
"""Panels whose questions take longest: what the others ask is asked by these too, or is quick."""

NO_FIGURES = "There are no figures of these days to tell of."
NOT_FOUND = "No finding of the rules is behind these figures."
NOT_LOOKED = "Not looked for in a segment of what people did; the reason is below."
LOOKING = "Being looked for in all that came in; it appears here by itself."
ALERTS_MAX = 6
WEEKS = 10
"""Cohorts that the cockpit shows at least: fewer do not show whether later ones do worse."""

DAYS_BY_DAY, DAYS_BY_WEEK = 14, 366

Values = dict[str, Any]


@get("/cockpit", **PAGE, **needs("read"))
async def show_cockpit(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the cockpit of a product; each panel loads by itself, or with the page for `whole`."""
    query, now = request.query_params, console.shelf.clock.now()
    bar, fault = await bar_or_fault(console.analytics.products, query, now)
    is_whole = bool(request.query_params.get("whole"))
    events = await events_of(console, bar)
    has_events = bar.product.is_own or events > 0  # The built-in one always has its log.
    if events >= LARGE_EVENTS and not is_whole:
        _begin(console, bar)
    parts: dict[str, str] = {}
    if is_whole and has_events:
        made = await asyncio.gather(*(_part(request, console, bar, name) for name in PARTS))
        parts = dict(zip(PARTS, made, strict=True))
    return page(
        request,
        TEMPLATE,
        title="Cockpit",
        area="cockpit",
        bar=bar,
        fault=fault,
        typed=[each for each in query.getall("where", []) if each] if fault else [],
        has_events=has_events,
        verdict=await _verdict(console, bar) if has_events else _nothing(bar),
        days=view.days_shown(bar.range.since, bar.range.until),
        parts=parts,
        updated=min(re.findall(r'data-as-of="([^"]+)"', "".join(parts.values())), default=""),
        is_whole=is_whole,
        titles=TITLES,
    )


@get("/cockpit/panels/{name:str}", **PAGE, **needs("read"))
async def show_panel(
    request: AnyRequest, console: NamedDependency[Console], name: FromPath[str]
) -> Response[str]:
    """Show one panel of the cockpit."""
    if name not in PARTS:
        raise NotFound("panel.unknown", f"The cockpit has no panel {name[:40]!r}.")
    bar = await bar_of(console.analytics.products, request.query_params, console.shelf.clock.now())
    at = moment_shown(console)  # What comes in meanwhile may not be in the figures.
    try:
        values = await PARTS[name](console, bar)
    except MissionControlError as error:
        return fragment(request, PANELS, "broken", error=error, again=bar.url(), name=TITLES[name])
    return fragment(request, PANELS, name, is_alone=True, at=at, **values)


async def _part(request: AnyRequest, console: Console, bar: Bar, name: str) -> str:
    at = moment_shown(console)
    try:
        values = await PARTS[name](console, bar)
    except MissionControlError as error:
        again = bar.url(whole="1")
        return part_of(PANELS, "broken", request, error=error, again=again, name=TITLES[name])
    return part_of(PANELS, name, request, is_alone=False, at=at, **values)


def moment_shown(console: Console) -> str:
    """Return the moment up to which the present figures contain all that came in."""
    return datetime.fromtimestamp(console.shelf.clock.now(), UTC).isoformat()[:19] + "Z"


async def events_of(console: Console, bar: Bar) -> int:
    """Return how many events an opened product has; the built-in one has its log."""
    if bar.product.is_own or not await console.analytics.is_there():
        return 0
    return await (await console.analytics.analyst()).opened(bar.product.slug)


def _begin(console: Console, bar: Bar) -> None:
    """Begin what takes longest while the page is on its way to who will ask for it."""
    for name in AHEAD:
        asyncio.ensure_future(PARTS[name](console, bar)).add_done_callback(_seen)


async def opening_of(console: Console, bar: Bar) -> tuple[Step, ...]:
    """Return what to ask of a product first; nothing where the usual can be, or none can tell."""
    if not await console.analytics.is_there():
        return ()
    try:
        return await (await console.analytics.analyst()).opening(bar.product.slug)
    except MissionControlError:
        return ()


async def known_events(console: Console, bar: Bar) -> Events:
    """Return which events a product has, to suggest while typing; none where unavailable."""
    if not await console.analytics.is_there():
        return Events()
    try:
        return await (await console.analytics.analyst()).events(bar.product.slug)
    except MissionControlError:
        return Events()


async def _verdict(console: Console, bar: Bar) -> str:
    """Return what the summary says first, or which days are read while it is not known."""
    asked = asyncio.ensure_future(_summary(console, bar))
    try:
        return (await asyncio.wait_for(asyncio.shield(asked), VERDICT_SECONDS)).verdict.text
    except TimeoutError:
        asked.add_done_callback(_seen)
    except MissionControlError:
        pass
    return f"{bar.product.name}, {view.days_shown(bar.range.since, bar.range.until)}"


def _seen(done: "asyncio.Future[Any]") -> None:
    """Retrieve the exception of a task: the request that loads the panel reports it."""
    if not done.cancelled():
        done.exception()


def _nothing(bar: Bar) -> str:
    return f"No events from {bar.product.name} yet"


async def _summary(console: Console, bar: Bar) -> Summary:
    inspector = await console.analytics.inspector()
    return await inspector.summary(
        bar.product.slug, bar.range, bar.segment, compared=bar.is_compared, waits=False
    )


async def _is_late(console: Console, bar: Bar) -> bool:
    """Whether something has come in since it was looked for what the summary tells."""
    inspector = await console.analytics.inspector()
    analyst = await console.analytics.analyst()
    known = await inspector.at_hand(bar.product.slug, bar.segment, bar.range.until)
    return known is not None and known.position != await analyst.position()


async def _brief(console: Console, bar: Bar) -> Values:
    found = await _summary(console, bar)
    is_late = await _is_late(console, bar)
    alerts = await alerts_of(console, bar)
    known = {(each.reading.metric, str(each.reading.since)): each.id for each in alerts}
    columns: tuple[tuple[str, tuple[Point, ...], str], ...] = (
        ("What changed", found.changed, "No significant changes."),
        ("Why it matters", found.matters, "No change affects more people than usual."),
        ("Suggested actions", found.actions, "No action needed."),
        ("Questions to investigate", found.questions, "No open questions."),
    )
    if not (found.changed or found.verdict.figures):
        columns = tuple((title, points, NO_FIGURES) for title, points, _ in columns)
    elif not found.is_looked_for:
        columns = tuple((title, points, NOT_LOOKED) for title, points, _ in columns)
    elif found.changed and not found.questions:
        # The key figures moved, and no finding says more of it.
        columns = tuple((title, points, NOT_FOUND) for title, points, _ in columns)
    if found.is_looking:
        columns = tuple((title, points, LOOKING) for title, points, _ in columns)
    return {
        "bar": bar,
        "summary": found,
        "is_late": is_late,
        "columns": columns,
        "alerts": known,
        "view": view,
    }


async def figures_of(console: Console, bar: Bar) -> Values:
    analyst = await console.analytics.analyst()
    days, as_of = await reported_days(analyst, bar)
    about = (bar.product.slug, days, bar.segment)
    found = await kpis(analyst, *about, compared=bar.is_compared, as_of=as_of)
    before = view.before_shown(days)
    is_opening = bool(await opening_of(console, bar))
    cards = []
    for each in found:
        is_share = each.unit == "share"
        shown = view.share_shown if is_share else formats.number
        people = ""
        if each.cell is not None and each.value:
            people = view.people_url(each.asked, each.cell, each.as_of)
        change = view.change_of(
            each.value, each.before, is_share=is_share, is_absolute=bar.is_absolute
        )
        is_unset = is_opening and each.asked["measure"] == "funnel"
        cards.append(
            {
                "kpi": each,
                "is_unset": is_unset,
                "value": formats.UNKNOWN if is_unset else shown(each.value),
                "change": change,
                "days_before": f"{before}: as many days, on the same weekdays",
                "before": None if each.before is None else shown(each.before),
                "before_people": view.people_before(each, days),
                "spark": charts.spark_of(_over(each, bar.product.zone)),
                "people": people,
                "explore": view.explore_url(each.asked, each.as_of if as_of else ""),
                "data_since": _day_shown(each.data_since),
                "tip": f"{each.says}\nDefinition {each.definition}.",
            }
        )
    return {"bar": bar, "cards": cards}


def _day_shown(day: str) -> str:
    found = date.fromisoformat(day) if day else None
    return f"{found.day} {found:%b %Y}" if found else ""


async def reported_days(analyst: Analyst, bar: Bar) -> tuple[Range, datetime | None]:
    """Return the days of the key figures, and as of which moment; None is now.

    They are the days of the bar that are over, as of the end of the last: those that the summary
    covers, so that a page has one activation rate. Until a person began on such a day they are
    all days, as of now: the sender of the first event looks for it.
    """
    last = bar.today - timedelta(days=1)
    if bar.range.since > last:
        return bar.range, None
    days = Range(bar.range.since, min(bar.range.until, last))
    as_of = end_of(await analyst.setting(bar.product.slug), None)
    asked = key_figures.activation(bar.product, days, bar.segment, by="day")
    answer = await analyst.answer(asked, as_of=as_of)
    assert isinstance(answer, FunnelAnswer)
    return (days, as_of) if answer.steps[0].reached else (bar.range, None)


def _over(kpi: Kpi, zone: str) -> tuple[float | None, ...]:
    """Return the line of a key figure up to the last day that is over: a part of one looks low."""
    today = datetime.fromisoformat(kpi.as_of).astimezone(zone_of(zone)).date().isoformat()
    return tuple(
        value for day, value in zip(kpi.buckets, kpi.line, strict=True) if day[:10] < today
    )


async def _funnel(console: Console, bar: Bar) -> Values:
    analyst = await console.analytics.analyst()
    asked, as_of, is_opening = await _first_funnel(console, bar)
    answer = await analyst.answer(asked, as_of=as_of)
    assert isinstance(answer, FunnelAnswer)
    before = await funnel_before(analyst, asked, answer) if bar.is_compared else None
    return {
        "bar": bar,
        "question": asked,
        "answer": answer,
        "is_opening": is_opening,
        "title": OPENING if is_opening else TITLES["funnel"],
        "is_whole_days": as_of is not None,
        "steps": view.steps_of(asked, answer, before, is_absolute=bar.is_absolute),
        "view": view,
    }


async def _first_funnel(console: Console, bar: Bar) -> tuple[Funnel, datetime | None, bool]:
    """Return the funnel that the page shows, as of when, and whether it is of an opening.

    It is the activation; of a product in which no step of that ever came, it is what most of its
    people do, so that there is something to see until a user names the steps that count.
    """
    days, as_of = await reported_days(await console.analytics.analyst(), bar)
    asked = key_figures.activation(bar.product, days, bar.segment, by="day")
    opening = await opening_of(console, bar)
    if not opening:
        return asked, as_of, False
    return msgspec.structs.replace(asked, steps=opening), as_of, True


async def funnel_before(
    analyst: Analyst, asked: Funnel, answer: FunnelAnswer
) -> view.Earlier | None:
    """Return a funnel of the days before, as it was so many weeks ago; None without their data.

    Raises:
        MissionControlError: as `Analyst.answer`.
    """
    if not is_comparable(asked.range, await analyst.setting(asked.product)):
        return None
    earlier = msgspec.structs.replace(asked, range=days_before(asked.range))
    was = await answered_then(analyst, earlier, answer, asked.range)
    assert isinstance(was, FunnelAnswer)
    return view.Earlier(earlier, was)


async def alerts_of(console: Console, bar: Bar) -> list[Any]:
    return await AlertReader(console.present.find).all(bar.product.slug)


async def _alerts(console: Console, bar: Bar) -> Values:
    found = await alerts_of(console, bar)
    return {
        "bar": bar,
        "alerts": found[:ALERTS_MAX],
        "all": found,
        "open": sum(each.state != "resolved" for each in found),
        "is_segment": bar.segment != EVERYBODY,  # Nothing is watched but everybody.
    }


async def _retention(console: Console, bar: Bar) -> Values:
    analyst = await console.analytics.analyst()
    asked = retention_of(bar, await opening_of(console, bar))
    answer = await analyst.answer(asked)
    assert isinstance(answer, RetentionAnswer)
    is_watched = bar.segment == EVERYBODY  # Nothing is watched but everybody.
    marks = view.marks_of(await alerts_of(console, bar)) if is_watched else ()
    heat = view.heat_of(asked, answer, marks)
    return {"bar": bar, "question": asked, "answer": answer, "heat": heat, "view": view}


def unit_of(days: int) -> Literal["day", "week", "month"]:
    """Return the periods that group cohorts of so many days: at most some dozens of them."""
    if days > DAYS_BY_WEEK:
        return "month"
    return "week" if days > DAYS_BY_DAY else "day"


def retention_of(bar: Bar, opening: Sequence[Step] = ()) -> Retention:
    """Return the weekly retention of those who took the first step: of the activation as a rule."""
    counts = key_figures.activation_of(bar.product)
    unit = unit_of(bar.length)
    periods = bar.length if unit == "day" else WEEKS
    first = period_after(bar.range.until, unit, 1 - periods)
    since = period_of(min(first, bar.range.since), unit, bar.product.week_starts)
    return Retention(
        product=bar.product.slug,
        range=Range(since, bar.range.until),
        segment=bar.segment,
        start=(tuple(opening) or counts.steps)[0].pattern,
        back=Pattern(counts.active),
        mode="on_or_after",
        unit=unit,
        periods=periods - 1,
    )


async def _active(console: Console, bar: Bar) -> Values:
    analyst = await console.analytics.analyst()
    # The question of the key figures: it is answered once for both.
    days, as_of = await reported_days(analyst, bar)
    asked = key_figures.active(bar.product, days, bar.segment, compared=bar.is_compared)
    answer = await analyst.answer(asked, as_of=as_of)
    assert isinstance(answer, ActiveAnswer)
    lines = tuple(each for each in answer.lines if each.key == "dau")
    shown = msgspec.structs.replace(answer, lines=lines)
    return {
        "bar": bar,
        "question": asked,
        "answer": answer,
        "has_any": any(any((*each.values, *each.before)) for each in lines),
        "chart": charts.chart_of(asked, answer, ("dau",), title="Daily active users"),
        "table": charts.table_of(asked, shown, is_absolute=bar.is_absolute),
        "is_whole_days": as_of is not None,
        "view": view,
    }


async def _conversion(console: Console, bar: Bar) -> Values:
    analyst: Analyst = await console.analytics.analyst()
    whole, as_of, _ = await _first_funnel(console, bar)
    found = await analyst.answer(whole, as_of=as_of)
    assert isinstance(found, FunnelAnswer)
    # Of its first two steps alone: a day is over once their window is, whatever comes after.
    asked, answer = first_steps(whole, found, 2, week_starts=bar.product.week_starts)
    title = answer.steps[min(1, len(answer.steps) - 1)].label
    step = min(1, len(answer.steps) - 1)
    chart = charts.conversion_chart(asked, answer, step, title)
    return {
        "bar": bar,
        "question": asked,
        "answer": answer,
        "step": step,
        "title": title,
        "chart": chart,
        "has_any": bool(answer.steps[0].reached),
        "is_whole_days": as_of is not None,
        "view": view,
    }


PARTS: dict[str, Callable[[Console, Bar], Awaitable[Values]]] = {
    "summary": _brief,
    "figures": figures_of,
    "funnel": _funnel,
    "alerts": _alerts,
    "retention": _retention,
    "active": _active,
    "conversion": _conversion,
}
"""What each panel is made of, by its name."""

TITLES = {
    "summary": "Executive summary",
    "figures": "Key figures",
    "funnel": "Activation funnel",
    "alerts": "Alerts",
    "retention": "Retention",
    "active": "Daily active users",
    "conversion": "Conversion by day",
}


OPENING = "Most common events"
"""Title of a funnel of the most frequent events."""


async def panel_table(console: Console, bar: Bar, name: str) -> Table:
    """Return a panel that answers no single question as a table.

    Raises:
        NotFound: `panel.unknown`.
        MissionControlError: as `Analyst.answer`.
    """
    if name not in TABLES:
        raise NotFound("panel.unknown", f"No panel {name[:40]!r} is a table.")
    return TABLES[name](await PARTS[name](console, bar))


HANDLERS: list[Any] = [show_cockpit, show_panel]
