"""Products, sources and what is saved of them, as they are told."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.kpis import Kpi, KpiQuestion, activation_of, asked, told
from missioncontrol.analytics.questions import EVERYBODY, AnyQuestion, Range, Segment
from missioncontrol.analytics.setting import is_comparable, weeks_between, zone_of
from missioncontrol.application.analytics.analyst import Analyst
from missioncontrol.domain.product.events import Kind, Weekday
from missioncontrol.domain.product.states import Product, Source
from missioncontrol.ports.warehouse import Used


class SourceView(msgspec.Struct, frozen=True):
    """Where events come from. Its key was shown once."""

    id: str
    name: str
    kind: Kind
    is_internal: bool  # its events count in no measure
    is_revoked: bool  # nothing more comes from there
    added: float  # seconds since the epoch


class ExclusionsView(msgspec.Struct, frozen=True):
    """What counts in no measure, besides internal sources."""

    bots: bool
    people: tuple[str, ...]  # ids, `*` for any letters, `?` for one
    properties: tuple[tuple[str, str], ...]  # of people, with the value that leaves them out


class KeyMeasuresView(msgspec.Struct, frozen=True):
    """By what it is told how the product does; by the definitions where it does not say itself."""

    activation: tuple[dict[str, Any], ...]  # steps of a funnel
    activated_at: int  # the step, from 1, by which somebody is activated
    actions: tuple[str, ...]  # events that the product is for
    active: str  # the event by which somebody is active; "" for any


class LimitsView(msgspec.Struct, frozen=True):
    """How much is taken in of a product; more is refused, and nothing that is there is lost."""

    events_per_second: int  # of each source
    events_max: int  # that are stored
    megabytes_max: int  # of what they and their people tell


class UseView(msgspec.Struct, frozen=True):
    """How much is stored of a product, beside how much may be."""

    product: str
    events: int
    events_max: int
    megabytes: float
    megabytes_max: int
    share: float  # of what may be stored: of the events or the megabytes, whichever is nearer
    is_nearly_full: bool  # from 80 % on


NEARLY_FULL = 0.8


class ProductView(msgspec.Struct, frozen=True):
    """A product whose use is measured."""

    slug: str
    name: str
    zone: str
    week_starts: Weekday
    retention_days: int  # 0: for ever
    is_own: bool  # its events are read from the log of this home
    exclusions: ExclusionsView
    key_measures: KeyMeasuresView
    limits: LimitsView
    sources: tuple[SourceView, ...]
    forgotten: int  # people who were removed
    added: float  # seconds since the epoch; 0 for the built-in one


def product_view(product: Product) -> ProductView:
    """Return a product as it is told."""
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
    """Return what is stored of a product beside what may be."""
    limits = product.limits
    megabytes = used.bytes / 1e6
    share = max(used.events / limits.events_max, megabytes / limits.megabytes_max)
    stored = (used.events, limits.events_max, round(megabytes, 3), limits.megabytes_max)
    return UseView(product.slug, *stored, share, share >= NEARLY_FULL)


def source_view(source: Source) -> SourceView:
    """Return a source as it is told: without the digest of its key."""
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

    They are as of now, or as of a moment before (UTC without an offset). They are compared only
    where all the days before are in the data of the product.

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
        found = told(each, answer, before, setting.begins)
        return msgspec.structs.replace(found, data_since=data_since)

    wanted = asked(known, range_, segment, compared=compared and is_within)
    return await asyncio.gather(*map(one, wanted))


async def answered_then(
    analyst: Analyst, before: AnyQuestion, answer: AnyAnswer, range_: Range
) -> AnyAnswer:
    """Return the answer to a question of the days before, as it was so many weeks ago.

    Who is compared had as much time then as those of now have had.

    Raises:
        MissionControlError: as `Analyst.answer`.
    """
    # By the calendar of the product: where clocks changed meanwhile, some days have 23 or 25 hours.
    then = datetime.fromisoformat(answer.as_of).astimezone(zone_of(answer.zone))
    then -= weeks_between(range_)
    return await analyst.answer(before, as_of=then.astimezone(UTC))


def _measures(product: Product) -> KeyMeasuresView:
    counts = activation_of(product)
    steps = tuple(msgspec.to_builtins(step) for step in counts.steps)
    return KeyMeasuresView(steps, counts.activated_at + 1, counts.actions, counts.active)
