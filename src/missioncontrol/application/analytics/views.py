"""Public views of products and sources, and the key figures of a product."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.calendar import is_comparable, weeks_between, zone_of
from missioncontrol.analytics.kpis import Kpi, KpiQuestion, activation_of, kpi_of, kpi_questions
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Range, Segment
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.domain.product.events import Kind, Weekday
from missioncontrol.domain.product.states import Product, Source
from missioncontrol.ports.warehouse import Used


class SourceView(msgspec.Struct, frozen=True):
    """A source of events, without its key, which is shown once."""

    id: str
    name: str
    kind: Kind
    is_internal: bool  # excluded from all measures
    is_revoked: bool  # its events are refused
    added: float  # seconds since the epoch


class ExclusionsView(msgspec.Struct, frozen=True):
    """What is excluded from all measures, besides internal sources."""

    bots: bool
    people: tuple[str, ...]  # ids, `*` for any letters, `?` for one
    properties: tuple[tuple[str, str], ...]  # of people, with the value that leaves them out


class KeyMeasuresView(msgspec.Struct, frozen=True):
    """The events behind the key figures, those of the definitions by default."""

    activation: tuple[dict[str, Any], ...]  # steps of a funnel
    activated_at: int  # the step, from 1, that activates a person
    actions: tuple[str, ...]  # events that the product is for
    active: str  # the event that makes a person active; "" for any


class LimitsView(msgspec.Struct, frozen=True):
    """How much of a product is accepted; more is refused, stored events stay."""

    events_per_second: int  # of each source
    events_max: int  # that are stored
    megabytes_max: int  # of properties of events and people


class UseView(msgspec.Struct, frozen=True):
    """How much is stored of a product, with its limits."""

    product: str
    events: int
    events_max: int
    megabytes: float
    megabytes_max: int
    share: float  # of the limit of events or of megabytes, whichever is nearer
    is_nearly_full: bool  # from 80 % on


NEARLY_FULL = 0.8


class ProductView(msgspec.Struct, frozen=True):
    """A product whose use is measured."""

    slug: str
    name: str
    zone: str
    week_starts: Weekday
    retention_days: int  # 0: for ever
    is_own: bool  # its events come from the log of this data directory
    exclusions: ExclusionsView
    key_measures: KeyMeasuresView
    limits: LimitsView
    sources: tuple[SourceView, ...]
    forgotten: int  # people who were removed
    added: float  # seconds since the epoch; 0 for the built-in one


def product_view(product: Product) -> ProductView:
    """Return the public view of a product."""
    return ProductView(
        product.slug,
        product.name,
        product.zone,
        product.week_starts,
        product.retention_days,
        product.is_own,
        ExclusionsView(**msgspec.structs.asdict(product.exclusions)),
        _measures(product),
        LimitsView(**msgspec.structs.asdict(product.limits)),
        tuple(map(source_view, product.sources.values())),
        product.forgotten,
        product.added,
    )


def use_of(product: Product, used: Used) -> UseView:
    """Return how much is stored of a product, with its limits."""
    limits = product.limits
    megabytes = used.bytes / 1e6
    share = max(used.events / limits.events_max, megabytes / limits.megabytes_max)
    stored = (used.events, limits.events_max, round(megabytes, 3), limits.megabytes_max)
    return UseView(product.slug, *stored, share, share >= NEARLY_FULL)


def source_view(source: Source) -> SourceView:
    """Return the public view of a source, without the digest of its key."""
    known = msgspec.structs.asdict(source)
    del known["digest"]
    return SourceView(**known)


async def kpis(
    analyst: Analyst,
    product: str,
    range_: Range,
    segment: Segment = EVERYBODY,
    *,
    compared: bool = True,
    as_of: datetime | None = None,
) -> list[Kpi]:
    """Return the key figures of a product, each with the question that it comes from.

    They are as of now, or of an earlier moment (UTC without an offset). They are compared only
    where the product has data for all of the days before.

    Raises:
        MissionControlError: as `Analyst.answer`.
    """
    known = await analyst.products.find(product)
    setting = await analyst.setting(product)
    is_within = is_comparable(range_, setting)
    data_since = ""
    if compared and not is_within and setting.begins is not None:
        data_since = setting.begins.isoformat()

    async def one(each: KpiQuestion) -> Kpi:
        answer = await analyst.answer(each.question, as_of=as_of)
        before = None
        if each.before is not None:
            before = await answered_then(analyst, each.before, answer, range_)
        found = kpi_of(each, answer, before, setting.begins)
        return msgspec.structs.replace(found, data_since=data_since)

    wanted = kpi_questions(known, range_, segment, compared=compared and is_within)
    return await asyncio.gather(*map(one, wanted))


async def answered_then(
    analyst: Analyst, before: AnyQuestion, answer: AnyAnswer, range_: Range
) -> AnyAnswer:
    """Return the answer to a question about the days before, as of the same number of weeks ago.

    People of both ranges then had the same time to convert.

    Raises:
        MissionControlError: as `Analyst.answer`.
    """
    # In the product's zone: around a clock change some days have 23 or 25 hours.
    then = datetime.fromisoformat(answer.as_of).astimezone(zone_of(answer.zone))
    then -= weeks_between(range_)
    return await analyst.answer(before, as_of=then.astimezone(UTC))


def _measures(product: Product) -> KeyMeasuresView:
    counts = activation_of(product)
    steps = tuple(msgspec.to_builtins(step) for step in counts.steps)
    return KeyMeasuresView(steps, counts.activated_at + 1, counts.actions, counts.active)
