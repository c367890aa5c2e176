"""Products: sources and keys, calendar, what counts, and the removal of a person."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.analytics.questions import AnyQuestion, Cell, Segment
from missioncontrol.application.analytics import removal
from missioncontrol.application.analytics.views import UseView, product_view, use_of
from missioncontrol.domain.cohorts import Cohort
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.product.states import Product
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.cockpit_bar import AddressParameters, bar_of
from missioncontrol.interfaces.web.cockpit_conditions import deed_shown, deed_text, written
from missioncontrol.interfaces.web.cockpit_measures import (
    MeasuresForm,
    form_of,
    parse_measures,
    typed_in,
)
from missioncontrol.interfaces.web.pages.cockpit import events_of, known_events
from missioncontrol.interfaces.web.pages.cockpit_explore import about
from missioncontrol.interfaces.web.rendering import moved, page
from missioncontrol.operations.product import (
    ADD,
    ADD_SOURCE,
    CHANGE,
    EXCLUDE,
    LIMIT,
    MEASURE,
    RENEW_KEY,
    REVOKE_SOURCE,
    AnyOperation,
    record,
)
from missioncontrol.queries.product import SOURCE

AnyRequest = Request[Principal, Any, Any]
PAGE: dict[str, Any] = {"include_in_schema": False}
DONE: dict[str, Any] = {"include_in_schema": False, "status_code": 200}
TEXT_MAX = 4_000


@get("/cockpit/products", **PAGE, **needs("read"))
async def show_products(request: AnyRequest, console: NamedDependency[Console]) -> Response[str]:
    """Show the products whose use is measured."""
    return await _products(request, console)


async def _products(
    request: AnyRequest, console: Console, *, typed: Any = None, error: Any = None
) -> Response[str]:
    now = console.shelf.clock.now()
    bar = await bar_of(console.analytics.products, AddressParameters({}), now)
    own = [each for each in bar.products if not each.is_own]
    number = formats.count(len(own), "product")
    return page(
        request,
        "cockpit/products.html",
        title="Products",
        area="cockpit",
        status=200 if error is None else 422,
        bar=bar,
        products=bar.products,
        typed=typed or {},
        error=error,
        verdict=f"{number} measured beside Mission Control itself" if own else "No products yet",
    )


@post("/cockpit/products", **DONE, **needs("govern"))
async def add_product(request: AnyRequest, console: NamedDependency[Console]) -> Response[Any]:
    """Add a product."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("product", "name", "zone")}
    slug = typed["product"]
    about = {"slug": slug, "name": typed["name"], "zone": typed["zone"] or "UTC"}
    try:
        await console.run(request, ADD, "", **about)
    except MissionControlError as error:
        return await _products(request, console, typed=typed, error=error)
    return moved(request, f"/cockpit/products/{quote(slug)}")


@get("/cockpit/products/{product:str}", **PAGE, **needs("read"))
async def show_product(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[str]:
    """Show what is set of a product, and where its events come from."""
    return await _product(request, console, product)


async def _product(
    request: AnyRequest,
    console: Console,
    slug: str,
    *,
    key: Any = None,
    error: Any = None,
    typed: MeasuresForm | None = None,
    gone: removal.Removed | None = None,
) -> Response[str]:
    now = console.shelf.clock.now()
    bar = await bar_of(console.analytics.products, AddressParameters({"product": [slug]}), now)
    events = await known_events(console, bar)
    found = product_view(bar.product)
    live = [each for each in found.sources if not each.is_revoked]
    number = formats.count(len(live), "source")
    verdict = f"{number} may send events of {found.name}"
    if not live:
        when = "now" if await events_of(console, bar) else "yet"
        verdict = f"No source of events for {found.name} {when}"
    if found.is_own:
        verdict = "Mission Control reads its own event log; no source is needed"
    return page(
        request,
        "cockpit/product.html",
        title=found.name,
        area="cockpit",
        status=200 if error is None else 422,
        bar=bar,
        product=found,
        key=key,
        gone=gone,
        error=error,
        host=str(request.base_url).rstrip("/"),
        properties="\n".join(f"{name}={value}" for name, value in found.exclusions.properties),
        measures=typed or form_of(bar.product, events.opening),
        is_opening=bool(events.opening) and typed is None,
        names=events.names,
        cohorts=[(each, _whom(each)) for each in bar.saved],
        use=await _use(console, bar.product),
        verdict=verdict,
    )


async def _use(console: Console, product: Product) -> UseView | None:
    """Return how much is stored of a product; None where that is not available now."""
    try:
        return use_of(product, await console.analytics.used(product.slug))
    except MissionControlError:
        return None


def _whom(cohort: Cohort) -> str:
    """Return in words whom a cohort holds."""
    if cohort.is_fixed:
        question = msgspec.convert(cohort.question, AnyQuestion)
        cell = about(msgspec.convert(cohort.cell, Cell))
        words = (type(question).__name__.lower(), cell, f"as of {cohort.as_of[:16]} UTC")
        return ", ".join(each for each in words if each).replace("T", " ")
    found = msgspec.convert(cohort.segment, Segment)
    deeds = (f"people who {deed_shown(deed_text(each), each.days)}" for each in found.did)
    return ", ".join([*map(written, found.where), *deeds]) or "everybody"


@post("/cockpit/products/{product:str}/measures", **DONE, **needs("govern"))
async def change_measures(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[Any]:
    """Set the funnel, its step and the events that measure a product."""
    typed = typed_in(await request.form())
    try:
        known = await console.analytics.products.find(product)
        await console.run(request, MEASURE, product, **parse_measures(known, typed))
    except MissionControlError as error:
        return await _product(request, console, product, error=error, typed=typed)
    return moved(request, f"/cockpit/products/{quote(product)}")


@post("/cockpit/products/{product:str}/sources", **DONE, **needs("govern"))
async def add_source(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[Any]:
    """Add a source; its key is on the page that comes back, and never again."""
    form = await request.form()
    kind: Any = str(form.get("kind", "browser"))
    about = {
        "id": str(form.get("source", "")).strip(),
        "name": str(form.get("name", "")).strip(),
        "kind": kind if kind in ("browser", "server", "file") else "server",
        "is_internal": bool(form.get("internal")),
    }
    return await _keyed(request, console, product, ADD_SOURCE, product, about)


@post("/cockpit/products/{product:str}/sources/{source:str}/{verb:str}", **DONE, **needs("govern"))
async def change_source(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    source: FromPath[str],
    verb: FromPath[str],
) -> Response[Any]:
    """Give a source a new key, or revoke it."""
    if verb == "renew":
        id_ = SOURCE.join([product, source])
        return await _keyed(request, console, product, RENEW_KEY, id_, {})
    if verb != "revoke":
        raise NotFound("source.unknown_verb", f"Nothing is called {verb[:40]!r} of a source.")
    await console.run(request, REVOKE_SOURCE, SOURCE.join([product, source]))
    return moved(request, f"/cockpit/products/{quote(product)}")


async def _keyed(
    request: AnyRequest,
    console: Console,
    product: str,
    operation: AnyOperation,
    target: str,
    given: Mapping[str, Any],
) -> Response[Any]:
    try:
        answer = await console.run(request, operation, target, **given)
    except MissionControlError as error:
        return await _product(request, console, product, error=error)
    return await _product(request, console, product, key=answer)


@post("/cockpit/products/{product:str}/settings", **DONE, **needs("govern"))
async def change_product(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[Any]:
    """Change a product's calendar, its retention of events, and what counts in no measure."""
    form = await request.form()
    starts: Any = str(form.get("week_starts", "monday"))
    try:
        calendar = {
            "name": str(form.get("name", "")).strip(),
            "zone": str(form.get("zone", "")).strip(),
            "week_starts": starts if starts in ("monday", "sunday", "saturday") else "monday",
            "retention_days": _days(str(form.get("retention_days", "0"))),
        }
        without = {
            "bots": bool(form.get("bots")),
            "people": tuple(_lines(form.get("people", ""))),
            "properties": tuple(map(_pair, _lines(form.get("properties", "")))),
        }
        limits = {
            name: _number(form, name)
            for name in ("events_per_second", "events_max", "megabytes_max")
        }
        await console.run(request, CHANGE, product, **calendar)
        await console.run_afresh(request, EXCLUDE, product, **without)
        await console.run_afresh(request, LIMIT, product, **limits)
    except MissionControlError as error:
        return await _product(request, console, product, error=error)
    return moved(request, f"/cockpit/products/{quote(product)}")


@post("/cockpit/products/{product:str}/forget", **DONE, **needs("govern"))
async def forget_person(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[Any]:
    """Remove a person everywhere, by any id of theirs."""
    form = await request.form()
    person = str(form.get("person", "")).strip()
    reason = str(form.get("reason", "")).strip()[:TEXT_MAX]
    try:
        if not person:
            raise Rejected("analytics.unknown_person", "No id of a person was given.")
        analyst = await console.analytics.analyst()
        run = partial(console.run_afresh, request)
        gone = await removal.forget(
            analyst, product, person, lambda command: record(run, command), reason=reason
        )
    except MissionControlError as error:
        return await _product(request, console, product, error=error)
    if gone.named_in or gone.in_log:
        return await _product(request, console, product, gone=gone)
    return moved(request, f"/cockpit/products/{quote(product)}")


def _days(text: str) -> int:
    if not (text.strip().isdecimal() and len(text.strip()) <= 5):
        raise Rejected("product.bad_input", f"{text[:20]!r} is no number of days; 0 is for ever.")
    return int(text)


def _number(form: Any, field: str) -> int | None:
    """Return a whole number that was typed in; None where the form has no such field."""
    text = str(form.get(field, "")).strip()
    if field not in form:
        return None
    if not (text.isdecimal() and len(text) <= 12):
        raise Rejected("product.bad_input", f"Invalid {field}: {text[:20]!r} is not a number.")
    return int(text)


def _lines(text: Any) -> list[str]:
    return [each.strip() for each in str(text)[:TEXT_MAX].splitlines() if each.strip()]


def _pair(line: str) -> tuple[str, str]:
    name, sign, value = line.partition("=")
    if not sign or not name.strip():
        hint = "Write one PROPERTY=VALUE per line, such as plan=internal."
        raise Rejected("product.bad_input", f"{line[:60]!r} has no '='.", hint=hint)
    return name.strip(), value.strip()


HANDLERS: list[Any] = [
    show_products,
    add_product,
    show_product,
    change_measures,
    add_source,
    change_source,
    change_product,
    forget_person,
]
