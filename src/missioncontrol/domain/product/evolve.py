"""What the events of products make true."""

from typing import assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.product.events import (
    EventsCleared,
    ExclusionsChanged,
    ForgettingBegun,
    KeyMeasuresChanged,
    LimitsChanged,
    PersonForgotten,
    ProductAdded,
    ProductChanged,
    ProductEvent,
    SourceAdded,
    SourceChanged,
    SourceKeyRenewed,
    SourceRevoked,
)
from missioncontrol.domain.product.states import (
    NO_PRODUCTS,
    Exclusions,
    KeyMeasures,
    Limits,
    Product,
    Products,
    Source,
)

SourceEvent = SourceAdded | SourceChanged | SourceKeyRenewed | SourceRevoked

_replaced = msgspec.structs.replace


def evolve(all_: Products | None, event: ProductEvent, at: float) -> Products:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    products = (all_ or NO_PRODUCTS).products
    if isinstance(event, ProductAdded):
        added = Product(event.product, event.name, event.zone, event.week_starts, added=at)
        return Products({**products, event.product: added})
    known = products.get(event.product)
    if known is None:
        raise Corrupt("product.not_added", f"Product {event.product!r} was never added.")
    return Products({**products, event.product: _changed(known, event, at)})


def _changed(product: Product, event: ProductEvent, at: float) -> Product:
    match event:
        case ProductChanged():
            return _replaced(
                product,
                name=event.name,
                zone=event.zone,
                week_starts=event.week_starts,
                retention_days=event.retention_days,
            )
        case ExclusionsChanged():
            found = Exclusions(event.bots, event.people, event.properties)
            return _replaced(product, exclusions=found)
        case KeyMeasuresChanged():
            steps = (event.activation, event.activated_at)
            measures = KeyMeasures(*steps, event.actions, event.active)
            return _replaced(product, measures=measures)
        case LimitsChanged():
            limits = Limits(event.events_per_second, event.events_max, event.megabytes_max)
            return _replaced(product, limits=limits)
        case ForgettingBegun():
            return _replaced(product, forgetting=(*product.forgetting, event.forgetting))
        case PersonForgotten():
            left = tuple(each for each in product.forgetting if each != event.forgetting)
            people = product.forgotten + bool(event.ids)
            return _replaced(product, forgetting=left, forgotten=people)
        case EventsCleared() | ProductAdded():
            return product  # Nothing of it shows in what a product is.
        case SourceAdded() | SourceChanged() | SourceKeyRenewed() | SourceRevoked():
            source = _source(product, event, at)
            return _replaced(product, sources={**product.sources, source.id: source})
        case _:
            assert_never(event)


def _source(product: Product, event: SourceEvent, at: float) -> Source:
    if isinstance(event, SourceAdded):
        about = (event.source, event.name, event.kind, event.digest, at)
        return Source(*about, is_internal=event.is_internal)
    source = product.sources.get(event.source)
    if source is None:
        raise Corrupt("source.not_added", f"Source {event.source!r} was never added.")
    match event:
        case SourceChanged():
            return _replaced(source, name=event.name, is_internal=event.is_internal)
        case SourceKeyRenewed():
            return _replaced(source, digest=event.digest)
        case SourceRevoked():
            return _replaced(source, is_revoked=True)
        case _:
            assert_never(event)
