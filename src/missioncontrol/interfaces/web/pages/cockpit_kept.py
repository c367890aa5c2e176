"""Dashboards of saved panels, and alerts: what people keep of a product and what they see to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.analytics.calendar import DAYS_MAX
from missioncontrol.analytics.narrative import awaited
from missioncontrol.analytics.questions import AnyQuestion, Range
from missioncontrol.application.analytics.alerts import AlertAsked, AlertReader
from missioncontrol.domain.alert import Reading
from missioncontrol.domain.cohorts import Dashboard, Panel, id_of
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.alerts import AlertMission, begin
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import cockpit_charts as charts
from missioncontrol.interfaces.web import cockpit_view as view
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_bar import Bar, bar_of
from missioncontrol.interfaces.web.cockpit_forms import question_in
from missioncontrol.interfaces.web.pages.cockpit import moment_shown
from missioncontrol.interfaces.web.pages.cockpit_explore import answered, counted_in, shown_of
from missioncontrol.interfaces.web.rendering import fragment, moved, page
from missioncontrol.operations.product import (
    REMOVE_COHORT,
    REMOVE_DASHBOARD,
    SAVE_COHORT,
    SAVE_DASHBOARD,
)
from missioncontrol.queries.product import COHORT, DASHBOARD

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}


@get("/cockpit/dashboards", **PAGE, **needs("read"))
async def show_dashboards(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the dashboards of a product."""
    bar = await _bar(request, console)
    found = await console.analytics.products.dashboards(bar.product.slug)
    number = formats.count(len(found), "dashboard", "dashboards")
    return page(
        request,
        "cockpit/dashboards.html",
        title="Dashboards",
        area="cockpit",
        bar=bar,
        found=found,
        verdict=f"{number} of {bar.product.name}" if found else "No dashboards yet",
    )


@get("/cockpit/dashboards/{dashboard:str}", **PAGE, **needs("read"))
async def show_dashboard(
    request: AnyRequest, console: NamedDependency[Console], dashboard: FromPath[str]
) -> Response[str]:
    """Show a dashboard; each panel loads by itself."""
    bar = await _bar(request, console)
    found = await console.analytics.products.dashboard(bar.product.slug, dashboard)
    return page(
        request,
        "cockpit/dashboard.html",
        title=found.name,
        area="cockpit",
        bar=bar,
        found=found,
        widths={"third": "w4", "half": "w6", "full": ""},
    )


@get("/cockpit/dashboards/{dashboard:str}/panels/{place:int}", **PAGE, **needs("read"))
async def show_saved_panel(
    request: AnyRequest,
    console: NamedDependency[Console],
    dashboard: FromPath[str],
    place: FromPath[int],
) -> Response[str]:
    """Show one panel of a dashboard, by its question as of now."""
    bar = await _bar(request, console)
    found = await console.analytics.products.dashboard(bar.product.slug, dashboard)
    panel = _panel(found, place)
    shown: dict[str, Any] = {}
    error: MissionControlError | None = None
    at = moment_shown(console)
    try:
        question = panel_question(panel, bar)
        shown = await answered(console, bar, question)
    except MissionControlError as raised:
        error = raised
    return fragment(
        request,
        "cockpit/dashboard.html",
        "saved_panel",
        found=found,
        panel=panel,
        place=place,
        bar=bar,
        at=at,
        error=error,
        view=view,
        **(shown or {"answer": None, "shape": "", "asked": None}),
    )


def panel_question(panel: Panel, bar: Bar) -> AnyQuestion:
    """Return what a panel asks today: of its own days, or of so many up to now.

    Raises:
        Rejected: `analytics.bad_question`.
    """
    question = question_in(view.text_of(panel.question))
    if not panel.last_days:
        return question
    days = min(panel.last_days, DAYS_MAX)
    range_ = Range(bar.today - timedelta(days=days - 1), bar.today)
    return msgspec.structs.replace(question, range=range_)


@post("/cockpit/dashboards/panels", **DONE, **needs("operate"))
async def add_panel(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Save a question as a panel of a dashboard, a new one where none is chosen."""
    form = await request.form()
    question = question_in(str(form.get("q", "")))
    slug, chosen = question.product, str(form.get("dashboard", ""))
    name = str(form.get("name", "")).strip()
    panels: tuple[Panel, ...] = ()
    if chosen:
        known = await console.analytics.products.dashboard(slug, chosen)
        name, panels = known.name, known.panels
    days = str(form.get("last_days", "0"))
    panel = Panel(
        str(form.get("title", "")).strip(),
        msgspec.to_builtins(question),
        width="full" if question.__class__.__name__ == "Paths" else "half",
        last_days=int(days) if days.isdecimal() and len(days) <= 5 else 0,
    )
    id_ = chosen or id_of(name)
    await _save_dashboard(request, console, slug, id_, name, (*panels, panel))
    return moved(request, _url(slug, id_))


async def _save_dashboard(
    request: AnyRequest, console: Console, slug: str, id_: str, name: str, panels: Sequence[Panel]
) -> None:
    target = DASHBOARD.join([slug, id_])
    await console.run(request, SAVE_DASHBOARD, target, name=name, panels=panels)


@post("/cockpit/dashboards/{dashboard:str}/panels/{place:int}/remove", **DONE, **needs("operate"))
async def remove_panel(
    request: AnyRequest,
    console: NamedDependency[Console],
    dashboard: FromPath[str],
    place: FromPath[int],
) -> Response[Any]:
    """Take a panel off a dashboard."""
    slug = str((await request.form()).get("product", ""))
    known = await console.analytics.products.dashboard(slug, dashboard)
    gone = _panel(known, place)
    left = tuple(each for at, each in enumerate(known.panels) if at != place or each is not gone)
    await _save_dashboard(request, console, slug, known.id, known.name, left)
    return moved(request, _url(slug, known.id))


@post("/cockpit/dashboards/{dashboard:str}/remove", **DONE, **needs("operate"))
async def remove_dashboard(
    request: AnyRequest, console: NamedDependency[Console], dashboard: FromPath[str]
) -> Response[Any]:
    """Delete a dashboard."""
    slug = str((await request.form()).get("product", ""))
    await console.run(request, REMOVE_DASHBOARD, DASHBOARD.join([slug, dashboard]))
    return moved(request, f"/cockpit/dashboards?{urlencode({'product': slug})}")


@post("/cockpit/people/cohort", **DONE, **needs("operate"))
async def keep_cohort(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Save a cohort, by which segments can ask: who is behind a count, or whom a segment means."""
    form = await request.form()
    name = str(form.get("name", "")).strip()
    if form.get("cell"):
        question, cell, _ = counted_in(form)
        whom: dict[str, Any] = {"question": question, "cell": cell}
        whom["as_of"] = str(form.get("as_of", ""))
    else:
        question = question_in(str(form.get("q", "")))
        whom = {"segment": question.segment}
    target = COHORT.join([question.product, id_of(name)])
    await console.run(request, SAVE_COHORT, target, name=name, **whom)
    query = urlencode({"product": question.product, "cohort": id_of(name)})
    return moved(request, f"/cockpit?{query}")


@post("/cockpit/people/cohort/remove", **DONE, **needs("operate"))
async def remove_cohort(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Delete a saved cohort."""
    form = await request.form()
    slug = str(form.get("product", ""))
    await console.run(request, REMOVE_COHORT, COHORT.join([slug, str(form.get("cohort", ""))]))
    return moved(request, f"/cockpit/products/{quote(slug)}")


@get("/cockpit/alerts", **PAGE, **needs("read"))
async def show_alerts(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the alerts of a product: what is not resolved first."""
    bar = await _bar(request, console)
    found = await AlertReader(console.present.find).all(bar.product.slug)
    state = str(request.query_params.get("state", ""))
    shown = [each for each in found if state in ("", each.state)]
    waiting = sum(each.state == "open" for each in found)
    calm = "No open alerts" if found else "No alerts yet"
    return page(
        request,
        "cockpit/alerts.html",
        title="Alerts",
        area="cockpit",
        bar=bar,
        alerts=shown[:200],
        state=state,
        verdict=f"{formats.count(waiting, 'alert waits', 'alerts wait')} for attention"
        if waiting
        else calm,
    )


@get("/cockpit/alerts/{alert:str}", **PAGE, **needs("read"))
async def show_alert(
    request: AnyRequest, console: NamedDependency[Console], alert: FromPath[str]
) -> Response[str]:
    """Show an alert: what changed, against what was expected, who explains it."""
    bar = await _bar(request, console)
    found = await AlertReader(console.present.find).find(bar.product.slug, alert)
    shown: dict[str, Any] = {"answer": None, "shape": "", "asked": None}
    error: MissionControlError | None = None
    try:
        question = question_in(view.text_of(_of_metric(found.reading)))
        analyst = await console.analytics.analyst()
        answer = await analyst.answer(question)
        shown = _with_expected(shown_of(question, answer), found.reading)
    except MissionControlError as raised:
        error = raised
    return page(
        request,
        "cockpit/alert.html",
        title=found.reading.title,
        area="cockpit",
        bar=bar,
        alert=found,
        reading=found.reading,
        headline=_headline(found.reading),
        figure=view.figure_shown,
        view=view,
        error=error,
        **shown,
    )


def _of_metric(reading: Reading) -> dict[str, Any]:
    """Return the question of a change; of one about many series, the one in the text."""
    place = reading.figures[0].place if reading.figures else {}
    return view.narrowed(reading.question, place)


def _with_expected(shown: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Return an answer with what was expected of the days of a change drawn behind its line."""
    chart, answer = shown.get("chart"), shown["answer"]
    if chart is None or len([each for each in chart.lines if not each.is_before]) != 1:
        return shown
    buckets = getattr(answer, "buckets", None) or [each.key for each in answer.trend]
    about = (str(reading.since), str(reading.until), reading.low, reading.high)
    return {**shown, "chart": charts.expected_in(chart, buckets, *about, is_sum=_is_sum(reading))}


def _is_sum(reading: Reading) -> bool:
    """Whether what was observed is of all days of a change together."""
    place = reading.figures[0].place if reading.figures else {}
    return reading.unit != "share" and place.get("told", "sum") == "sum"


def _headline(reading: Reading) -> str:
    """Return what changed in a line; nothing ever was what is expected of some days."""
    verb = "fell" if reading.is_down else "rose"
    was, now = (
        view.figure_shown(each, reading.unit) for each in (reading.expected, reading.observed)
    )
    if _is_sum(reading):
        return f"{reading.title} {verb} to {now}, {awaited(was)}"
    return f"{reading.title} {verb} from {was} to {now}"


@post("/cockpit/alerts/{alert:str}/{verb:str}", **DONE, **needs("operate"))
async def see_to_alert(
    request: AnyRequest,
    console: NamedDependency[Console],
    alert: FromPath[str],
    verb: FromPath[str],
) -> Response[Any]:
    """Acknowledge an alert, resolve it, or begin a mission from it."""
    form = await request.form()
    slug, note = str(form.get("product", "")), str(form.get("note", "")).strip()[:1_000]
    match verb:
        case "acknowledge":
            await console.ask(request, AlertAsked("acknowledge", slug, alert, note))
        case "resolve":
            await console.ask(request, AlertAsked("resolve", slug, alert, note))
        case "mission":
            repository = str(form.get("repository", "")).strip()
            begun = await begin(request, console, slug, alert, AlertMission(repository))
            return moved(request, f"/missions/{quote(begun.mission)}")
        case _:
            raise Rejected("alert.unknown_verb", f"Nothing is called {verb[:40]!r} of an alert.")
    return moved(request, f"/cockpit/alerts/{quote(alert)}?{urlencode({'product': slug})}")


async def _bar(request: AnyRequest, console: Console) -> Bar:
    now = console.shelf.clock.now()
    return await bar_of(console.analytics.products, request.query_params, now)


def _panel(dashboard: Dashboard, place: int) -> Panel:
    if not 0 <= place < len(dashboard.panels):
        raise NotFound("panel.unknown", f"Dashboard {dashboard.id!r} has no panel {place}.")
    return dashboard.panels[place]


def _url(product: str, dashboard: str) -> str:
    return f"/cockpit/dashboards/{quote(dashboard)}?{urlencode({'product': product})}"


HANDLERS: list[Any] = [
    show_dashboards,
    show_dashboard,
    show_saved_panel,
    add_panel,
    remove_panel,
    remove_dashboard,
    keep_cohort,
    remove_cohort,
    show_alerts,
    show_alert,
    see_to_alert,
]
