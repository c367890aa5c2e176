"""Queries of products: their settings, sources, use, cohorts and dashboards."""

from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.application.analytics.products import ProductReader
from missioncontrol.application.analytics.views import (
    ProductView,
    SourceView,
    UseView,
    product_view,
    source_view,
    use_of,
)
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import (
    SERVED,
    ItemQuery,
    ListQuery,
    NoFilters,
    Query,
    Target,
    Terminal,
)
from missioncontrol.domain.cohorts import Cohort, Dashboard
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.product.decide import unknown_source
from missioncontrol.domain.product.states import OWN


class OfProduct(msgspec.Struct, frozen=True):
    """The product whose parts are listed."""

    product: str


async def products(present: Present, _: NoFilters) -> list[ProductView]:
    """Return products by name; the last is the event log of this data directory."""
    return [product_view(each) for each in await ProductReader(present.find).all()]


async def product(present: Present, slug: str) -> ProductView:
    """Return one product.

    Raises:
        NotFound: `product.unknown`.
    """
    return product_view(await ProductReader(present.find).find(slug))


async def use(reader: Reader, slug: str) -> UseView:
    """Return how much is stored of a product.

    Raises:
        NotFound: `product.unknown`.
        Unavailable: `analytics.unavailable`.
    """
    known = await reader.analytics.products.find(slug)
    return use_of(known, await reader.analytics.used(known.slug))


async def sources(present: Present, of: OfProduct) -> list[SourceView]:
    """Return the sources of a product by id.

    Raises:
        NotFound: `product.unknown`.
    """
    found = await product(present, of.product)
    return sorted(found.sources, key=lambda each: each.id)


async def source(present: Present, id_: str) -> SourceView:
    """Return a source by `PRODUCT/SOURCE`.

    Raises:
        NotFound: `product.unknown`, `source.unknown`.
    """
    slug, _, name = id_.partition("/")
    found = (await ProductReader(present.find).find(slug)).sources.get(name)
    if found is None:
        raise unknown_source(slug, name)
    return source_view(found)


async def cohorts(present: Present, of: OfProduct) -> list[Cohort]:
    """Return the saved cohorts of a product by id.

    Raises:
        NotFound: `product.unknown`.
    """
    found = await ProductReader(present.find).cohorts(of.product)
    return sorted(found, key=lambda each: each.id)


async def cohort(present: Present, id_: str) -> Cohort:
    """Return a cohort by `PRODUCT/COHORT`.

    Raises:
        NotFound: `product.unknown`, `cohort.unknown`.
    """
    slug, _, name = id_.partition("/")
    return await ProductReader(present.find).cohort(slug, name)


async def dashboards(present: Present, of: OfProduct) -> list[Dashboard]:
    """Return the dashboards of a product by id.

    Raises:
        NotFound: `product.unknown`.
    """
    found = await ProductReader(present.find).dashboards(of.product)
    return sorted(found, key=lambda each: each.id)


async def dashboard(present: Present, id_: str) -> Dashboard:
    """Return a dashboard by `PRODUCT/DASHBOARD`.

    Raises:
        NotFound: `product.unknown`, `dashboard.unknown`.
    """
    slug, _, name = id_.partition("/")
    return await ProductReader(present.find).dashboard(slug, name)


def product_lines(found: ProductView, _: int = 0) -> list[str]:
    """Return a product as lines of text."""
    return list(_product_lines(found))


def _product_lines(found: ProductView) -> Iterator[str]:
    yield f"{found.slug}  {found.name}"
    retention = f"{found.retention_days} days" if found.retention_days else "for ever"
    yield f"    days of {found.zone}, weeks from {found.week_starts}, retention {retention}"
    limits = found.limits
    yield (
        f"    at most {limits.events_max:,} events, {limits.megabytes_max:,} MB,"
        f" {limits.events_per_second:,} events a second from each source"
    )
    steps = " > ".join(map(_step, found.key_measures.activation))
    yield f"    activation: {steps}, activated at step {found.key_measures.activated_at}"
    yield from (f"    source {line}" for each in found.sources for line in source_lines(each))
    without = found.exclusions
    out = ["bots"] if without.bots else []
    out += [*without.people, *(f"{name}={value}" for name, value in without.properties)]
    yield f"    not counted: {', '.join(out) or 'none'}"
    if found.forgotten:
        yield f"    people removed: {found.forgotten}"


def _step(step: Any) -> str:
    name = step["pattern"].get("event") or "any event"
    window = step.get("within")
    return f"{name} within {duration_in_words(window)}" if window else name


def source_lines(found: SourceView, _: int = 0) -> list[str]:
    """Return a source as a line of text."""
    marks: list[str] = [found.kind]
    marks += ["internal"] if found.is_internal else []
    marks += ["revoked"] if found.is_revoked else []
    return [f"{found.id}: {found.name} ({', '.join(marks)})"]


def use_lines(found: UseView, _: int = 0) -> list[str]:
    """Return how much is stored of a product as lines of text."""
    share = f"{100 * found.share:.1f} %"
    lines = [
        f"{found.product}: {found.events:,} of {found.events_max:,} events are stored.",
        f"    {found.megabytes:,.1f} of {found.megabytes_max:,} MB, {share} in use",
    ]
    if found.is_nearly_full:
        lines.append("    Nearly full: what comes beyond that is refused. More room is given by")
        lines.append(
            f"    mission analytics settings {found.product} --max-events N --max-megabytes N"
        )
    return lines


def cohort_lines(found: Cohort, _: int) -> list[str]:
    """Return a cohort as a line of text."""
    return [f"{found.id}  {found.name}" + (f", as it was {found.as_of}" if found.is_fixed else "")]


PRODUCT = Target(
    noun="product",
    path="/products",
    help="a product",
    field="product",
    metavar="PRODUCT",
    command="analytics",
)
SOURCE = Target(
    noun="source",
    path="/sources",
    help="one of its sources",
    field="source",
    metavar="SOURCE",
    command="analytics",
    within=PRODUCT,
)
USE = Target(noun="use", path="/use", help="there is one", within=PRODUCT, is_single=True)
COHORT = Target(
    noun="cohort",
    path="/cohorts",
    help="one of its cohorts",
    field="cohort",
    metavar="COHORT",
    command="analytics",
    within=PRODUCT,
)
DASHBOARD = Target(
    noun="dashboard",
    path="/dashboards",
    help="one of its dashboards",
    field="dashboard",
    metavar="DASHBOARD",
    within=PRODUCT,
)

LIST = ListQuery(
    name="product.list",
    title="List products",
    text="Return products by name; the last is this home's own log, read as events.",
    target=PRODUCT,
    filters=NoFilters,
    find=products,
    row=ProductView,
    key=lambda row: (row.slug == OWN, row.name.casefold(), row.slug),
    kinds=(bool, str, str),
    terminal=Terminal(verb="products", lines=product_lines),
)

GET = ItemQuery(
    name="product.get",
    title="Get a product",
    text="Return a product: its calendar, its sources, what counts, and its key measures.",
    surfaces=SERVED | {"mcp"},
    target=PRODUCT,
    find=product,
    returns=ProductView,
)

GET_USE = ItemQuery(
    name="product.use",
    operation_id="get_use",
    title="Say how much is stored",
    text="Return how much of a product is stored, and its limits.",
    surfaces=SERVED | {"mcp"},  # A command asks for the only product where none is named.
    target=USE,
    source=opened,
    find=use,
    returns=UseView,
)

SOURCES = ListQuery(
    name="product.sources",
    operation_id="list_sources",
    title="List sources",
    text="Return where events of a product come from; keys are shown only when they are made.",
    target=SOURCE,
    filters=OfProduct,
    find=sources,
    row=SourceView,
    key=lambda row: (row.id,),
    kinds=(str,),
    terminal=Terminal(lines=source_lines, empty="The product has no source yet."),
)

GET_SOURCE = ItemQuery(
    name="product.source",
    operation_id="get_source",
    title="Get a source",
    text="Return a source, without its key.",
    surfaces=SERVED | {"mcp"},
    target=SOURCE,
    find=source,
    returns=SourceView,
)

COHORTS = ListQuery(
    name="product.cohorts",
    operation_id="list_cohorts",
    title="List saved cohorts",
    text="Return the saved cohorts of a product, each with what it is made of.",
    target=COHORT,
    filters=OfProduct,
    find=cohorts,
    row=Cohort,
    key=lambda row: (row.id,),
    kinds=(str,),
    terminal=Terminal(lines=cohort_lines, empty="No cohort is saved of this product."),
)

GET_COHORT = ItemQuery(
    name="product.cohort",
    operation_id="get_cohort",
    title="Get a saved cohort",
    text="Return a saved cohort with what it is made of.",
    surfaces=SERVED | {"mcp"},
    target=COHORT,
    find=cohort,
    returns=Cohort,
)

DASHBOARDS = ListQuery(
    name="product.dashboards",
    operation_id="list_dashboards",
    title="List dashboards",
    text="Return the dashboards of a product with their panels.",
    surfaces=SERVED | {"mcp"},
    target=DASHBOARD,
    filters=OfProduct,
    find=dashboards,
    row=Dashboard,
    key=lambda row: (row.id,),
    kinds=(str,),
)

GET_DASHBOARD = ItemQuery(
    name="product.dashboard",
    operation_id="get_dashboard",
    title="Get a dashboard",
    text="Return a dashboard with its panels.",
    surfaces=SERVED | {"mcp"},
    target=DASHBOARD,
    find=dashboard,
    returns=Dashboard,
)

QUERIES: tuple[Query, ...] = (
    LIST,
    GET,
    GET_USE,
    SOURCES,
    GET_SOURCE,
    COHORTS,
    GET_COHORT,
    DASHBOARDS,
    GET_DASHBOARD,
)
