"""Explore pages of the cockpit: a question, its answer, the people behind each count, as CSV."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency

from missioncontrol.analytics.answers import (
    ActiveAnswer,
    AnyAnswer,
    FunnelAnswer,
    LifecycleAnswer,
    Members,
    PathsAnswer,
    RetentionAnswer,
    TrendAnswer,
)
from missioncontrol.analytics.questions import (
    DAYS_USUAL,
    AnyQuestion,
    Cell,
    Funnel,
    Paths,
    Range,
    Retention,
    digest,
)
from missioncontrol.analytics.tables import csv_of, people, table
from missioncontrol.analytics.trend_rows import FORMULA
from missioncontrol.application.analytics.known_events import Events
from missioncontrol.domain.errors import MissionControlError, Rejected, Unavailable
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import cockpit_charts as charts
from missioncontrol.interfaces.web import cockpit_forms as forms
from missioncontrol.interfaces.web import cockpit_view as view
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_bar import AddressParameters, Bar, bar_of, bar_or_fault
from missioncontrol.interfaces.web.cockpit_conditions import deed_text, written
from missioncontrol.interfaces.web.pages.cockpit import funnel_before, known_events, panel_table
from missioncontrol.interfaces.web.rendering import page

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
TITLES = {
    "funnel": "Funnel",
    "retention": "Retention",
    "trends": "Trends",
    "active": "Active people",
    "lifecycle": "Lifecycle",
    "paths": "Paths",
}
ROWS = 50
CSV_PEOPLE_MAX = 10_000


@get([f"/cockpit/{measure}" for measure in TITLES], **PAGE, **needs("read"))
async def explore(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show what a question of one kind answers, and the form that asks it."""
    measure = request.url.path.rpartition("/")[2]
    query = _with_question(request)
    now = console.shelf.clock.now()
    bar, fault = await bar_or_fault(console.analytics.products, query, now)
    error: MissionControlError | None = fault
    is_retained = fault is not None
    events = await known_events(console, bar)
    question: AnyQuestion = forms.usual(measure, bar, events.opening)
    shown: dict[str, Any] = {}
    typed: dict[str, list[str]] = {}
    try:
        question, typed = _read(measure, bar, request.query_params, events)
        if fault is not None:
            raise fault
        question = forms.parse_question(measure, bar, request.query_params, events.opening)
        typed = {}
        then = None if query.get("asked") else _moment(request.query_params)
        shown = await answered(console, bar, question, then)
    except MissionControlError as found:
        error = found
    return page(
        request,
        "cockpit/explore.html",
        title=TITLES[measure],
        area="cockpit",
        status=_status(error),
        measure=measure,
        typed=typed,
        is_kept=is_retained,
        then=bool(request.query_params.get("as_of")) and not query.get("asked"),
        why=why_long(question, error),
        ways=shorter_ways(question, error),
        without=lambda name, value: forms.without(question, bar, name, value),
        name=TITLES[measure],
        bar=bar,
        question=question,
        digest=digest(question),
        error=error,
        verdict=_verdict(shown) if shown else f"{TITLES[measure]}: this can't be answered as asked",
        forms=forms,
        view=view,
        **(shown or {"answer": None, "shape": ""}),
        **await _offered(console, bar, events),
    )


async def _offered(console: Console, bar: Bar, events: Events) -> dict[str, Any]:
    """Return what the form offers to choose from."""
    stored = await console.analytics.products.dashboards(bar.product.slug)
    return {
        "names": events.names,
        "is_opening": bool(events.opening),
        "dashboards": stored,
        "shelf": [(each.id, each.name) for each in stored],
        "products": [(each.slug, each.name) for each in bar.products],
        "cohorts": [(each.id, each.name) for each in bar.saved],
    }


def _read(
    measure: str, bar: Bar, query: Any, events: Events
) -> tuple[AnyQuestion, dict[str, list[str]]]:
    """Return the question of a form, and what was typed into it, retained if it is invalid."""
    text = str(query.get("q", "") or "")
    known = forms.question_in(text) if text else forms.usual(measure, bar, events.opening)
    if not isinstance(known, forms.KINDS[measure]):
        known = forms.usual(measure, bar, events.opening)
    fields = dict.fromkeys(query) if query.get("asked") else {}
    typed = {name: [str(each)[:1_000] for each in query.getall(name, [])] for name in fields}
    return known, typed


async def answered(
    console: Console, bar: Bar, question: AnyQuestion, as_of: datetime | None = None
) -> dict[str, Any]:
    """Return the answer to a question as the templates show it, a funnel beside the days before.

    Raises:
        MissionControlError: as `Analyst.answer`.
    """
    analyst = await console.analytics.analyst()
    answer = await analyst.answer(question, as_of=as_of)
    before = None
    if bar.is_compared and isinstance(question, Funnel) and isinstance(answer, FunnelAnswer):
        before = await funnel_before(analyst, question, answer)
    return shown_of(question, answer, before, is_absolute=bar.is_absolute)


def _status(error: MissionControlError | None) -> int:
    return 200 if error is None else 503 if isinstance(error, Unavailable) else 422


def why_long(question: AnyQuestion, error: MissionControlError | None) -> str:
    """Return what makes a question slow, where the question shows it."""
    if error is None or error.code != "analytics.slow" or not isinstance(question, Paths):
        return ""
    if not question.anchor.event:
        return "Select an event: with any event, every event would start its own path."
    return f"Each {question.anchor.event} starts a path of up to {question.depth} levels."


def shorter_ways(question: AnyQuestion, error: MissionControlError | None) -> list[tuple[str, str]]:
    """Return what to ask in place of a question that took too long: words, and the address."""
    if error is None or error.code != "analytics.slow":
        return []
    ways = []
    days = (question.range.until - question.range.since).days + 1
    for fewer in (each for each in (DAYS_USUAL, 7, 1) if each < days):
        since = question.range.until - timedelta(days=fewer - 1)
        range_ = Range(since, question.range.until)
        asked = msgspec.structs.replace(question, range=range_)
        words = f"Query the last {fewer} days" if fewer > 1 else "Query the last day"
        ways.append((words, view.explore_url(asked)))
    if isinstance(question, Paths) and question.depth > 2:
        asked = msgspec.structs.replace(question, depth=2)
        ways.append(("Query 2 levels", view.explore_url(asked)))
    return ways[:3]


def _with_question(request: AnyRequest) -> Any:
    """Return what an address says of the bar: as its question does, where it says nothing else."""
    query = request.query_params
    text = query.get("q", "")
    if not text or query.get("asked"):
        return query
    question = forms.question_in(text)
    known = {"product": [question.product]}
    known |= {"since": [str(question.range.since)], "until": [str(question.range.until)]}
    known["where"] = [written(each) for each in question.segment.where]
    known["did"] = [deed_text(each) for each in question.segment.did]
    known["cohort"] = list(question.segment.cohorts)
    is_compared = getattr(question, "compared", query.get("compare", "") != "none")
    known["compare"] = ["" if is_compared else "none"]
    known["as"] = [str(query.get("as", ""))]
    return AddressParameters(known)


def shown_of(
    question: AnyQuestion,
    answer: AnyAnswer,
    before: view.Earlier | None = None,
    *,
    is_absolute: bool = False,
) -> dict[str, Any]:
    """Return an answer as the templates show it; `shape` says by which of their parts."""
    found: dict[str, Any] = {"answer": answer, "asked": question}
    match question, answer:
        case Funnel(), FunnelAnswer():
            steps = view.steps_of(question, answer, before, is_absolute=is_absolute)
            last = len(answer.steps) - 1
            title = f"{answer.steps[last].label} of {answer.steps[0].label}"
            chart = None
            if answer.trend:
                chart = charts.conversion_chart(question, answer, last, title)
            return {**found, "shape": "funnel", "steps": steps, "chart": chart}
        case Retention(), RetentionAnswer():
            return {**found, "shape": "heat", "heat": view.heat_of(question, answer)}
        case _, PathsAnswer():
            return {**found, "shape": "flows", "flows": charts.flows_of(question, answer)}
        case _:
            assert isinstance(answer, TrendAnswer | ActiveAnswer | LifecycleAnswer)
            chart = charts.chart_of(question, answer, _drawn(answer))
            return {
                **found,
                "shape": "lines",
                "chart": chart,
                "table": charts.table_of(question, answer, is_absolute=is_absolute),
            }


def _drawn(answer: Any) -> tuple[str, ...]:
    """Return which lines are drawn: no share beside counts, no formula beside its parts."""
    if any(each.key == FORMULA for each in answer.lines):
        return (FORMULA,)
    return ("dau", "wau", "mau") if any(each.key == "dau" for each in answer.lines) else ()


def _verdict(shown: dict[str, Any]) -> str:
    answer = shown["answer"]
    match shown["shape"]:
        case "funnel":
            first, last = answer.steps[0], answer.steps[-1]
            return (
                f"{formats.number(last.reached)} of {formats.number(first.reached)} reached "
                f"{last.label}, {view.share_shown(last.of_first)}"
            )
        case "heat":
            size = sum(each.size for each in answer.cohorts)
            at = min(1, len(answer.labels) - 1)
            share = answer.overall[at]
            result = "too early to say" if share is None else f"{view.share_shown(share)} came back"
            return f"{formats.count(size, 'person', 'people')} began; {answer.labels[at]}: {result}"
        case "flows":
            return str(shown["flows"].said).removesuffix(".")
        case _ if isinstance(answer, LifecycleAnswer):
            return charts.describe_lifecycle(answer)
        case _:
            return str(shown["chart"].said).removesuffix(".")


@get("/cockpit/people", **PAGE, **needs("read"))
async def show_people(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show who is behind a count; without a count, who was active in the last 30 days."""
    query = request.query_params
    if query.get("q"):
        question, cell, as_of = counted_in(query)
        bar_query: Any = _of_question(question)
    else:
        bar_query = query
    bar = await bar_of(console.analytics.products, bar_query, console.shelf.clock.now())
    if not query.get("q"):
        question = forms.usual("active", bar)
        cell, as_of = Cell(bucket=str(bar.range.until), series="mau"), None
    is_there = bar.product.is_own or await console.analytics.is_there()
    cursor = str(query.get("cursor", ""))[:20]
    found = Members(0, ())
    if is_there:
        analyst = await console.analytics.analyst()
        found = await analyst.members(question, cell, limit=ROWS, cursor=cursor, as_of=as_of)
    return page(
        request,
        "cockpit/people.html",
        title="People",
        area="cockpit",
        verdict=_people_verdict(question, cell, found, is_counted=bool(query.get("q"))),
        question=question,
        cell=cell,
        as_of=str(query.get("as_of", "")),
        found=found,
        is_counted=bool(query.get("q")),
        about=about(cell),
        explore=view.explore_url(question),
        bar=bar,
        view=view,
        next=found.cursor or "",
    )


def _people_verdict(question: AnyQuestion, cell: Cell, found: Members, *, is_counted: bool) -> str:
    if not is_counted:
        people = formats.count(found.total, "person was", "people were")
        return f"{people} active in the 30 days to {view.bucket_shown(cell.bucket)}."
    if _is_of_events(question):
        return f"{formats.count(found.total, 'time')} it happened, each with its person"
    return f"{formats.count(found.total, 'person is', 'people are')} behind this count"


def _of_question(question: AnyQuestion) -> AddressParameters:
    days = {"since": [str(question.range.since)], "until": [str(question.range.until)]}
    return AddressParameters({"product": [question.product], **days})


def _is_of_events(question: AnyQuestion) -> bool:
    kinds = {getattr(each, "count", "") for each in getattr(question, "series", ())}
    return "events" in kinds or getattr(question, "count", "") in ("entries", "sessions")


def about(cell: Cell) -> str:
    """Return which count of an answer a cell is, in words."""
    parts = []
    if cell.step is not None:
        parts.append(f"step {cell.step + 1}" + (f", {cell.state}" if cell.state else ""))
    if cell.bucket:
        parts.append(f"from {view.bucket_shown(cell.bucket)}")
    if cell.period is not None:
        parts.append(f"period {cell.period}")
    if cell.level is not None:
        target = cell.into or "other" if cell.into is not None else ""
        goes = f" then {target}" if target else ", ends there" if cell.state == "lost" else ""
        parts.append(f"level {cell.level}, {cell.series or 'other'}{goes}")
    elif cell.series:
        parts.append(cell.series)
    if cell.before:
        parts.append("in the days before")
    if cell.breakdown is not None:
        parts.append(f"value {cell.breakdown or 'none'}")
    return " · ".join(parts)


@get("/cockpit/csv", **PAGE, **needs("read"))
async def as_csv(request: AnyRequest, console: NamedDependency[Console]) -> Response[bytes]:
    """Return an answer, or the people behind one of its counts, for a spreadsheet."""
    query = request.query_params
    if name := str(query.get("panel", "")):
        bar = await bar_of(console.analytics.products, query, console.shelf.clock.now())
        return _file(csv_of(await panel_table(console, bar, name)), f"{bar.product.slug}-{name}")
    analyst = await console.analytics.analyst()
    if query.get("cell"):
        question, cell, as_of = counted_in(query)
        found = await analyst.members(question, cell, limit=CSV_PEOPLE_MAX, as_of=as_of)
        return _file(csv_of(people(found)), f"{question.product}-people")
    question = forms.question_in(str(query.get("q", "")))
    answer = await analyst.answer(question, as_of=_moment(query))
    return _file(csv_of(table(answer)), f"{question.product}-{answer.question}")


def counted_in(query: Any) -> tuple[AnyQuestion, Cell, datetime | None]:
    question = forms.question_in(str(query.get("q", "")))
    try:
        cell = msgspec.json.decode(str(query.get("cell", "{}"))[:2_000], type=Cell)
    except (msgspec.MsgspecError, ValueError) as error:
        reason = f"The address names no count of a result: {error}."
        raise Rejected("analytics.bad_cell", reason) from None
    return question, cell, _moment(query)


def _moment(query: Any) -> datetime | None:
    """Return the moment that an address asks of; None is now."""
    text = str(query.get("as_of", "") or "")[:40].removesuffix("Z")
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        reason = f"{text!r} is no moment such as 2026-11-23T00:00:00Z."
        raise Rejected("analytics.bad_cell", reason) from None


def _file(text: str, name: str) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(text.encode(), headers=headers, media_type="text/csv")


HANDLERS: list[Any] = [explore, show_people, as_csv]
