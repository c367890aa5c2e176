"""Products whose use is measured, as resources of the API: calendar, sources, what counts."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from missioncontrol.analytics.questions import Step
from missioncontrol.application.analytics import removal
from missioncontrol.application.analytics.product_service import ProductAsked, SourceAsked
from missioncontrol.application.analytics.removal import Removed
from missioncontrol.application.analytics.views import (
    ProductView,
    SourceView,
    UseView,
    product_view,
    source_view,
    use_of,
)
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.product.decide import (
    ACTIONS_MAX,
    EVENTS_PER_SECOND_MAX,
    EVENTS_STORED_MAX,
    MEGABYTES_MAX,
    NAME_MAX,
    PATTERN_MAX,
    PEOPLE_MAX,
    PROPERTIES_MAX,
    REASON_MAX,
    RETENTION_DAYS_MAX,
    STEPS_MAX,
    ZONE_MAX,
    unknown_source,
)
from missioncontrol.domain.product.events import Kind, Weekday
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.ports.event_files import FileKind
from missioncontrol.surfaces.conditional import (
    CHANGED,
    KNOWN,
    IfMatch,
    refuse_stale,
    tag_of,
    tagged,
)
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, page_of

AnyRequest = Request[Principal, Any, Any]
Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern="^[a-z0-9-]+$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=ZONE_MAX)]
Days = Annotated[int, msgspec.Meta(ge=0, le=RETENTION_DAYS_MAX)]
PerSecond = Annotated[int, msgspec.Meta(ge=1, le=EVENTS_PER_SECOND_MAX)]
Stored = Annotated[int, msgspec.Meta(ge=1, le=EVENTS_STORED_MAX)]
Megabytes = Annotated[int, msgspec.Meta(ge=1, le=MEGABYTES_MAX)]
Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=PATTERN_MAX)]
Reason = Annotated[str, msgspec.Meta(max_length=REASON_MAX)]
Because = Annotated[str, QueryParameter(max_length=REASON_MAX, description="Why, for the record.")]
SECRET = {"cache-control": "no-store"}
FILES: dict[FileKind, str] = {
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}


class NewProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product whose use is to be measured."""

    slug: Slug
    name: Name
    zone: Zone = "UTC"  # of which its days are, such as `Europe/Zurich`
    week_starts: Weekday = "monday"


class ProductChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different about a product; what is left out stays as it is."""

    name: Name | None = None
    zone: Zone | None = None
    week_starts: Weekday | None = None
    retention_days: Days | None = None  # how long events are stored; 0: for ever


class ExclusionsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to count in no measure; what is left out stays as it is."""

    bots: bool | None = None
    people: Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=PEOPLE_MAX)] | None = None
    properties: (
        Annotated[tuple[tuple[Pattern, Pattern], ...], msgspec.Meta(max_length=PROPERTIES_MAX)]
        | None
    ) = None  # of people, with the value that leaves them out


class LimitsChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much a product accepts; omitted fields stay as they are. A bound always holds."""

    events_per_second: PerSecond | None = None  # of each source
    events_max: Stored | None = None
    megabytes_max: Megabytes | None = None


class KeyMeasuresChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key measures of the product; omitted fields stay as they are."""

    activation: Annotated[tuple[Step, ...], msgspec.Meta(max_length=STEPS_MAX)] | None = None
    activated_at: Annotated[int, msgspec.Meta(ge=0, le=STEPS_MAX)] | None = None
    actions: Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=ACTIONS_MAX)] | None = None
    active: Annotated[str, msgspec.Meta(max_length=PATTERN_MAX)] | None = None


class NewSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where events are to come from."""

    id: Slug
    name: Name
    kind: Kind = "server"
    is_internal: bool = False  # its events count in no measure


class SourceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different about a source; what is left out stays as it is."""

    name: Name | None = None
    is_internal: bool | None = None


class SourceMade(msgspec.Struct, frozen=True):
    """A source with a new write key. The key is shown this once."""

    product: str
    source: str
    key: str  # the write key of Segment's libraries, the API key of PostHog's


class PersonNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person to remove, by any id of theirs."""

    person: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    reason: Reason = ""  # for the record; it must not name a person


class WhyCleared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the record."""

    reason: Reason = ""


@get("/products", summary="List products", **needs("read"))
async def list_products(
    console: NamedDependency[Console], cursor: Cursor = "", limit: Limit = LIMIT
) -> Page[ProductView]:
    """Return products by name; the last is this home's own log, read as events."""
    found = [product_view(each) for each in await console.analytics.products.all()]
    place = {each.slug: at for at, each in enumerate(found)}
    return page_of(found, cursor, limit, lambda it: (place[it.slug],), int)


@post(
    "/products",
    summary="Add a product",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="The product.")
    ],
    **needs("govern"),
)
async def add_product(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewProduct]
) -> Response[ProductView]:
    """Measure the use of a product from now on."""
    ask = ProductAsked("add", data.slug, data.name, data.zone, data.week_starts)
    await console.ask(request, ask)
    headers = {"location": f"/api/v1/products/{data.slug}"}
    return Response(await _product(console, data.slug), status_code=201, headers=headers)


@get("/products/{product:str}", summary="Get a product", responses=KNOWN, **needs("read"))
async def get_product(
    request: AnyRequest, console: NamedDependency[Console], product: FromPath[str]
) -> Response[ProductView]:
    """Return a product: its calendar, its sources, what counts, and its key measures."""
    found = await _product(console, product)
    return tagged(request, found, tag_of(found))


@patch("/products/{product:str}", summary="Change a product", responses=CHANGED, **needs("govern"))
async def change_product(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[ProductChange],
    if_match: IfMatch = "",
) -> ProductView:
    """Call a product so, measure it by this calendar, keep its events so long."""
    await _refuse_stale(console, product, if_match)
    fields = msgspec.structs.asdict(data)
    await console.ask(request, ProductAsked("change", product, **fields))
    return await _product(console, product)


@put(
    "/products/{product:str}/exclusions",
    summary="Say what does not count",
    responses=CHANGED,
    **needs("govern"),
)
async def change_exclusions(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[ExclusionsChange],
    if_match: IfMatch = "",
) -> ProductView:
    """Leave bots and test people out of every measure alike, whenever they were there."""
    await _refuse_stale(console, product, if_match)
    fields = msgspec.structs.asdict(data)
    await console.ask(request, ProductAsked("exclude", product, **fields))
    return await _product(console, product)


@put(
    "/products/{product:str}/limits",
    summary="Set the intake limits",
    responses=CHANGED,
    **needs("govern"),
)
async def change_limits(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[LimitsChange],
    if_match: IfMatch = "",
) -> ProductView:
    """Take so many events a second of each source, and store so many of the product."""
    await _refuse_stale(console, product, if_match)
    fields = msgspec.structs.asdict(data)
    await console.ask(request, ProductAsked("limit", product, **fields))
    return await _product(console, product)


@get("/products/{product:str}/use", summary="Say how much is stored", **needs("read"))
async def get_use(console: NamedDependency[Console], product: FromPath[str]) -> UseView:
    """Return how much is stored of a product, beside how much may be."""
    known = await console.analytics.products.find(product)
    return use_of(known, await console.analytics.used(known.slug))


@put(
    "/products/{product:str}/key-measures",
    summary="Say what a product is for",
    responses=CHANGED,
    **needs("govern"),
)
async def change_key_measures(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[KeyMeasuresChange],
    if_match: IfMatch = "",
) -> ProductView:
    """Say what the activation funnel is, what the product is for, and who is active.

    What is empty is as the definition `kpis` says.
    """
    await _refuse_stale(console, product, if_match)
    fields = msgspec.structs.asdict(data)
    if data.activation is not None:
        fields["activation"] = tuple(msgspec.to_builtins(step) for step in data.activation)
    await console.ask(request, ProductAsked("measure", product, **fields))
    return await _product(console, product)


@get("/products/{product:str}/sources", summary="List sources", **needs("read"))
async def list_sources(
    console: NamedDependency[Console],
    product: FromPath[str],
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[SourceView]:
    """Return where events of a product come from; keys are shown only when they are made."""
    found = (await _product(console, product)).sources
    return page_of(sorted(found, key=lambda it: it.id), cursor, limit, lambda it: (it.id,), str)


@post(
    "/products/{product:str}/sources",
    summary="Add a source",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="The source.")
    ],
    **needs("govern"),
)
async def add_source(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[NewSource],
) -> Response[SourceMade]:
    """Add a source of a product's events; its write key is shown this once."""
    ask = SourceAsked("add", product, data.id, data.name, data.kind, data.is_internal)
    made = await console.ask(request, ask)
    headers = {**SECRET, "location": f"/api/v1/products/{product}/sources/{data.id}"}
    return Response(_made(made), status_code=201, headers=headers)


@get("/products/{product:str}/sources/{source:str}", summary="Get a source", **needs("read"))
async def get_source(
    console: NamedDependency[Console], product: FromPath[str], source: FromPath[str]
) -> SourceView:
    """Return a source, without its key."""
    return await _source(console, product, source)


@patch("/products/{product:str}/sources/{source:str}", summary="Change a source", **needs("govern"))
async def change_source(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    source: FromPath[str],
    data: JSONBody[SourceChange],
) -> SourceView:
    """Rename a source; include or exclude its events, also those already received."""
    ask = SourceAsked("change", product, source, data.name, is_internal=data.is_internal)
    await console.ask(request, ask)
    return await _source(console, product, source)


@post(
    "/products/{product:str}/sources/{source:str}/key",
    status_code=200,
    summary="Make a write key",
    **needs("govern"),
)
async def renew_key(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    source: FromPath[str],
) -> Response[SourceMade]:
    """Give the source a new key, which is shown this once; the key before it is void."""
    made = await console.ask(request, SourceAsked("renew", product, source))
    return Response(_made(made), headers=SECRET)


@delete(
    "/products/{product:str}/sources/{source:str}",
    status_code=200,
    summary="Revoke a source",
    **needs("govern"),
)
async def revoke_source(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    source: FromPath[str],
    reason: Because = "",
) -> SourceView:
    """Revoke a source: it can send nothing more; its earlier events count as before."""
    await console.ask(request, SourceAsked("revoke", product, source, reason=reason))
    return await _source(console, product, source)


@get(
    "/products/{product:str}/events",
    summary="Export the events of a product",
    responses={200: ResponseSpec(bytes, media_type="application/jsonl", description="The file.")},
    **needs("audit"),
)
async def export_events(
    console: NamedDependency[Console],
    product: FromPath[str],
    form: Annotated[
        FileKind, QueryParameter(name="format", description="JSON Lines, CSV or Parquet.")
    ] = "jsonl",
) -> Stream:
    """Return all events of a product in the order received, also those that count nowhere."""
    pieces = await console.analytics.exported(product, form)
    headers = {**SECRET, "Content-Disposition": f'attachment; filename="{product}.{form}"'}
    return Stream(pieces, media_type=FILES[form], headers=headers)


@post(
    "/products/{product:str}/forget",
    status_code=200,
    summary="Remove a person",
    **needs("govern"),
)
async def forget_person(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[PersonNamed],
) -> Removed:
    """Remove a person everywhere, by any id of theirs; these ids are not accepted again.

    The log states that a person was removed, when and by whom, and never who it was.
    """
    analyst = await console.analytics.analyst()
    return await removal.forget(
        analyst,
        product,
        data.person,
        lambda ask: console.ask_afresh(request, ask),
        reason=data.reason,
    )


@post(
    "/products/{product:str}/clear",
    status_code=200,
    summary="Remove all events of a product",
    **needs("govern"),
)
async def clear_events(
    request: AnyRequest,
    console: NamedDependency[Console],
    product: FromPath[str],
    data: JSONBody[WhyCleared],
) -> Removed:
    """Clear a product: delete its events and people. Its settings and sources stay."""
    analyst = await console.analytics.analyst()
    return await removal.clear(
        analyst, product, lambda ask: console.ask_afresh(request, ask), reason=data.reason
    )


async def _product(console: Console, product: str) -> ProductView:
    return product_view(await console.analytics.products.find(product))


async def _source(console: Console, product: str, source: str) -> SourceView:
    found = (await console.analytics.products.find(product)).sources.get(source)
    if found is None:
        raise unknown_source(product, source)
    return source_view(found)


async def _refuse_stale(console: Console, product: str, if_match: str) -> None:
    if if_match:
        refuse_stale(if_match, tag_of(await _product(console, product)), "The product")


def _made(answer: dict[str, str]) -> SourceMade:
    return SourceMade(answer["product"], answer["source"], answer.get("key", ""))


HANDLERS: list[Any] = [
    list_products,
    add_product,
    get_product,
    change_product,
    change_exclusions,
    change_limits,
    get_use,
    change_key_measures,
    list_sources,
    add_source,
    get_source,
    change_source,
    renew_key,
    revoke_source,
    export_events,
    forget_person,
    clear_events,
]
