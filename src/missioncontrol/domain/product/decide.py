"""What may happen to products: each command is answered with the events it makes true."""

import re
from typing import Any, assert_never

import msgspec

from missioncontrol.domain import canonical
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.product.commands import (
    NAME_MAX,
    PATTERN_MAX,
    ZONE_MAX,
    AddProduct,
    AddSource,
    BeginForgetting,
    ChangeExclusions,
    ChangeKeyMeasures,
    ChangeLimits,
    ChangeProduct,
    ChangeSource,
    ClearEvents,
    ConfirmForgotten,
    ProductCommand,
    RemovalCommand,
    RenewSourceKey,
    RevokeSource,
    SettingCommand,
    SourceCommand,
)
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
from missioncontrol.domain.product.states import NO_PRODUCTS, Product, Products, Source

PRODUCTS_MAX = 50
SOURCES_MAX = 50
"""Of one product, those that are revoked with them."""

JSON_BYTES_MAX = 16_384
FORGETTING_MAX = 1_000
"""Removals that are begun and not confirmed."""

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

SettingEvent = ProductChanged | ExclusionsChanged | KeyMeasuresChanged | LimitsChanged


def decide(command: ProductCommand, all_: Products | None, now: float) -> list[ProductEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `product.bad_slug`, `.bad_input` naming the field, `.exists`, `.too_many`,
            `.built_in`, `source.exists`, `.too_many` or `.revoked`.
        NotFound: `product.unknown`, `source.unknown`, `product.no_forgetting`.
    """
    del now
    products = (all_ or NO_PRODUCTS).products
    if isinstance(command, AddProduct):
        return [_added(command, products)]
    product = products.get(command.product)
    if product is None:
        raise unknown(command.product)
    match command:
        case ChangeProduct() | ChangeExclusions() | ChangeKeyMeasures() | ChangeLimits():
            return _changed(command, product)
        case AddSource() | ChangeSource() | RenewSourceKey() | RevokeSource():
            return _sourced(command, product)
        case BeginForgetting() | ConfirmForgotten() | ClearEvents():
            return _removed(command, product)
        case _:
            assert_never(command)


def unknown(product: str) -> NotFound:
    """Say that there is no such product."""
    return NotFound(
        "product.unknown",
        f"There is no product {product[:80]!r} here.",
        hint="`mission analytics products` names those there are.",
    )


def unknown_source(product: str, source: str) -> NotFound:
    """Say that there is no such source."""
    return NotFound(
        "source.unknown",
        f"Product {product[:80]!r} has no source {source[:80]!r}.",
        hint=f"`mission analytics sources {product[:80]}` names those there are.",
    )


def _added(command: AddProduct, products: dict[str, Product]) -> ProductAdded:
    name = command.name or command.slug
    _refuse_bad_slug(command.slug)
    _refuse_bad_name("name", name, NAME_MAX)
    _refuse_bad_name("zone", command.zone, ZONE_MAX)
    if command.slug in products:
        raise Rejected(
            "product.exists",
            f"There is a product {command.slug!r} already.",
            hint="Choose another slug, or change that one.",
        )
    if len(products) >= PRODUCTS_MAX:
        raise Rejected("product.too_many", f"There are {PRODUCTS_MAX} products already.")
    return ProductAdded(command.slug, name, command.zone, command.week_starts)


def _changed(command: SettingCommand, product: Product) -> list[ProductEvent]:
    known = _as_changed(command, product)
    stated = {k: v for k, v in msgspec.structs.asdict(command).items() if v is not None}
    wanted = msgspec.structs.replace(known, **stated)
    match wanted:
        case ProductChanged():
            _refuse_bad_calendar(wanted)
        case ExclusionsChanged():
            _refuse_bad_exclusions(wanted)
        case KeyMeasuresChanged():
            _refuse_bad_measures(wanted)
        case LimitsChanged():
            pass
        case _:
            assert_never(wanted)
    return [] if wanted == known else [wanted]


def _as_changed(command: SettingCommand, product: Product) -> SettingEvent:
    """Return the event that would say what is true already."""
    match command:
        case ChangeProduct():
            calendar = (product.zone, product.week_starts, product.retention_days)
            return ProductChanged(product.slug, product.name, *calendar)
        case ChangeExclusions():
            without = product.exclusions
            exclusions = (without.bots, without.people, without.properties)
            return ExclusionsChanged(product.slug, *exclusions)
        case ChangeKeyMeasures():
            by = product.measures
            steps = (by.activation, by.activated_at)
            return KeyMeasuresChanged(product.slug, *steps, by.actions, by.active)
        case ChangeLimits():
            return LimitsChanged(product.slug, **msgspec.structs.asdict(product.limits))
        case _:
            assert_never(command)


def _sourced(command: SourceCommand, product: Product) -> list[ProductEvent]:
    if product.is_own:
        raise Rejected(
            "product.built_in",
            f"The events of {product.slug!r} are read from the log of this home.",
            hint="Add a product of your own, and sources to it.",
        )
    if isinstance(command, AddSource):
        return [_source_added(command, product)]
    source = product.sources.get(command.source)
    if source is None:
        raise unknown_source(command.product, command.source)
    match command:
        case ChangeSource():
            known = SourceChanged(product.slug, source.id, source.name, source.is_internal)
            stated = {k: v for k, v in msgspec.structs.asdict(command).items() if v is not None}
            wanted = msgspec.structs.replace(known, **stated)
            _refuse_bad_name("name", wanted.name, NAME_MAX)
            return [] if wanted == known else [wanted]
        case RenewSourceKey():
            _refuse_revoked(product, source)
            return [SourceKeyRenewed(product.slug, source.id, command.digest)]
        case RevokeSource():
            gone = SourceRevoked(product.slug, source.id, command.reason)
            return [] if source.is_revoked else [gone]
        case _:
            assert_never(command)


def _source_added(command: AddSource, product: Product) -> SourceAdded:
    name = command.name or command.id
    _refuse_bad_slug(command.id)
    _refuse_bad_name("name", name, NAME_MAX)
    _refuse_known_source(command.id, product)
    about = (command.kind, command.digest, command.is_internal)
    return SourceAdded(command.product, command.id, name, *about)


def _removed(command: RemovalCommand, product: Product) -> list[ProductEvent]:
    if product.is_own and not isinstance(command, ConfirmForgotten):
        raise Rejected(
            "product.built_in",
            f"Nothing is removed from {product.slug!r}: its events are the log of this home, which"
            " keeps what was done and by whom.",
            hint=f"`mission analytics settings {product.slug} --exclude ID` excludes a person.",
        )
    match command:
        case BeginForgetting():
            if len(product.forgetting) >= FORGETTING_MAX:
                raise Rejected(
                    "product.too_many",
                    f"{FORGETTING_MAX} removals of {product.slug!r} were begun and not finished.",
                )
            return [ForgettingBegun(product.slug, command.forgetting, command.reason)]
        case ConfirmForgotten():
            if command.forgetting not in product.forgetting:
                raise NotFound(
                    "product.no_forgetting",
                    f"No removal {command.forgetting[:80]!r} of {product.slug!r} was begun.",
                )
            return [PersonForgotten(**msgspec.structs.asdict(command))]
        case ClearEvents():
            return [EventsCleared(product.slug, command.reason)]
        case _:
            assert_never(command)


def _refuse_known_source(source: str, product: Product) -> None:
    if source in product.sources:
        raise Rejected(
            "source.exists",
            f"Product {product.slug!r} has a source {source!r} already.",
            hint="Choose another id, or give that one a new key.",
        )
    if len(product.sources) >= SOURCES_MAX:
        raise Rejected(
            "source.too_many", f"Product {product.slug!r} has {SOURCES_MAX} sources already."
        )


def _refuse_revoked(product: Product, source: Source) -> None:
    if source.is_revoked:
        raise Rejected(
            "source.revoked",
            f"Source {source.id!r} of {product.slug!r} was revoked.",
            hint="Add another one.",
        )


def _refuse_bad_calendar(wanted: ProductChanged) -> None:
    _refuse_bad_name("name", wanted.name, NAME_MAX)
    _refuse_bad_name("zone", wanted.zone, ZONE_MAX)


def _refuse_bad_exclusions(wanted: ExclusionsChanged) -> None:
    _refuse_bad_names("people", wanted.people)
    if any(not each.strip("*?") for each in wanted.people):
        raise _bad("people", "a pattern of nothing but `*` and `?` would exclude everyone")
    for name, value in wanted.properties:
        _refuse_bad_name("properties", name, PATTERN_MAX)
        _refuse_bad_name("properties", value, PATTERN_MAX)


def _refuse_bad_measures(wanted: KeyMeasuresChanged) -> None:
    _refuse_bad_json("activation", wanted.activation)
    if not 0 <= wanted.activated_at <= len(wanted.activation):
        steps = len(wanted.activation)
        raise _bad("activated_at", f"{wanted.activated_at} is none of its {steps} steps")
    _refuse_bad_names("actions", wanted.actions)
    if wanted.active:
        _refuse_bad_name("active", wanted.active, PATTERN_MAX)


def _refuse_bad_slug(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise Rejected(
            "product.bad_slug",
            f"{slug[:80]!r} can't be an id here.",
            hint="It has 1 to 40 of a-z, 0-9 and -, such as `web-shop`.",
        )


def _refuse_bad_names(field: str, names: tuple[str, ...]) -> None:
    for name in names:
        _refuse_bad_name(field, name, PATTERN_MAX)


def _refuse_bad_name(field: str, name: str, most: int) -> None:
    if not 0 < len(name) <= most or not name.isprintable() or name != name.strip():
        raise _bad(field, f"{ascii(name)[:80]} has not 1 to {most} characters on one line")


def _refuse_bad_json(field: str, values: tuple[dict[str, Any], ...]) -> None:
    if len(canonical.canonical(list(values))) > JSON_BYTES_MAX:
        raise _bad(field, f"together they have more than {JSON_BYTES_MAX:,} bytes")


def _bad(field: str, why: str) -> Rejected:
    return Rejected("product.bad_input", f"The {field} does not fit: {why}.")
