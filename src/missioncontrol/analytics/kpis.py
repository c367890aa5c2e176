"""The key figures of a product: which questions they are, and what the answers say."""

import hashlib
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.active import DAYS
from missioncontrol.analytics.answers import ActiveAnswer, AnyAnswer, FunnelAnswer, Line
from missioncontrol.analytics.definition import definition, stamp
from missioncontrol.analytics.questions import (
    EVERYBODY,
    Active,
    AnyQuestion,
    Cell,
    Funnel,
    Pattern,
    Range,
    Segment,
    Step,
    Unit,
    digest,
)
from missioncontrol.analytics.setting import days_before
from missioncontrol.domain.product.states import KeyMeasures, Product

Key = Literal["activated_users", "activation_rate", "dau", "wau"]

TITLES: dict[Key, str] = {
    "activated_users": "Activated users",
    "activation_rate": "Activation rate",
    "dau": "DAU",
    "wau": "WAU",
}


class Activation(msgspec.Struct, frozen=True):
    """What of a product's events it is for, and how people come to it."""

    steps: tuple[Step, ...]
    activated_at: int  # from 0: the step by which somebody is activated
    actions: tuple[str, ...]  # names of the events that the product is for
    active: str  # the event by which somebody is active; "" for any


class KpiQuestion(msgspec.Struct, frozen=True):
    """A key figure that is to be told, and where it comes from."""

    key: Key
    question: AnyQuestion
    before: AnyQuestion | None
    """The same of the days before, as of as many weeks before: then who began lately had
    as much time as they have now. None where they are not asked for, or not by a question."""
    step: int = 0  # of a funnel, from 0
    definition: str = ""  # by which it is told; "" for that of everybody
    parameters: str = ""
    is_compared: bool = False


class Kpi(msgspec.Struct, frozen=True):
    """A key figure."""

    key: Key
    title: str
    unit: Literal["people", "share"]
    value: float | None
    before: float | None  # None where it was not asked for, or can't be told
    change: float | None  # of value against before: 0.1 is a tenth more
    buckets: tuple[str, ...]  # of the line
    line: tuple[float | None, ...]
    says: str  # what it counts, in a sentence
    definition: str  # "kpis 1"
    question: str  # digest of the question it comes from
    asked: dict[str, Any]  # that question
    cell: Cell | None  # the count whose people can be listed
    as_of: str
    against: str = "the same weekdays before"  # what `before` is of, in words
    place: dict[str, Any] = {}  # where the value stands in the answer, as `detecting.finding.Place`
    asked_before: dict[str, Any] = {}  # in whose answer what it was stands
    place_before: dict[str, Any] = {}
    as_of_before: str = ""  # that is asked as of this moment
    parameters: str = ""  # how the product counts, where it says so itself
    data_since: str = ""  # the first day of the data, where that is why nothing is compared


def activation_of(product: Product) -> Activation:
    """Return what counts of a product, by the definitions where it does not say."""
    defaults = definition("kpis").defaults
    usual: dict[str, Any] = defaults[product.slug] if product.is_own else defaults
    own = product.measures
    steps = own.activation or tuple(usual["activation"])
    at = (own.activated_at or len(steps)) if own.activation else int(usual["activated_at"])
    return Activation(
        tuple(msgspec.convert(each, Step) for each in steps),
        at - 1,
        own.actions or tuple(usual["actions"]),
        own.active or str(usual["active"]),
    )


def activation(
    product: Product, range_: Range, segment: Segment = EVERYBODY, *, by: Unit | None = None
) -> Funnel:
    """Return the activation funnel of a product as a question."""
    steps = activation_of(product).steps
    return Funnel(product=product.slug, range=range_, segment=segment, steps=steps, by=by)


def active(
    product: Product, range_: Range, segment: Segment = EVERYBODY, *, compared: bool = False
) -> Active:
    """Return who is active in a product as a question."""
    pattern = Pattern(activation_of(product).active)
    return Active(
        product=product.slug, range=range_, segment=segment, pattern=pattern, compared=compared
    )


def kpi_questions(
    product: Product, range_: Range, segment: Segment = EVERYBODY, *, compared: bool = True
) -> tuple[KpiQuestion, ...]:
    """Return the key figures of a product and the questions that they come from."""
    funnel = activation(product, range_, segment, by="day")
    earlier = activation(product, days_before(range_), segment, by="day") if compared else None
    people = active(product, range_, segment, compared=compared)
    step = activation_of(product).activated_at
    by: dict[str, Any] = {
        "definition": stamp_of(product),
        "parameters": parameters_of(product),
        "is_compared": compared,
    }
    return (
        KpiQuestion("activated_users", funnel, earlier, step, **by),
        KpiQuestion("activation_rate", funnel, earlier, step, **by),
        KpiQuestion("dau", people, None, **by),
        KpiQuestion("wau", people, None, **by),
    )


def stamp_of(product: Product) -> str:
    """Return by which definition the key figures of a product are told: `kpis 1`.

    Where the product says itself what counts, a digest of that is a part of it:
    `kpis 1 of 9f86d081`.
    """
    if product.measures == KeyMeasures():
        return stamp("kpis")
    said = msgspec.json.encode(activation_of(product), order="deterministic")
    return f"{stamp('kpis')} of {hashlib.sha256(said).hexdigest()[:8]}"


def parameters_of(product: Product) -> str:
    """Return how a product counts in words, where it says so itself."""
    if product.measures == KeyMeasures():
        return ""
    own = activation_of(product)
    steps = " > ".join(each.pattern.event or "any event" for each in own.steps)
    return (
        f"{steps}; activated at step {own.activated_at + 1}; active by {own.active or 'any event'}"
    )


def kpi_of(
    wanted: KpiQuestion,
    answer: AnyAnswer,
    earlier: AnyAnswer | None = None,
    begins: date | None = None,
) -> Kpi:
    """Return a key figure out of the answers to its questions; the data `begins` on that day."""
    if isinstance(answer, FunnelAnswer):
        before = earlier if isinstance(earlier, FunnelAnswer) else None
        return _of_funnel(wanted, answer, before)
    assert isinstance(answer, ActiveAnswer)
    return _of_active(wanted, answer, begins)


def _of_funnel(wanted: KpiQuestion, answer: FunnelAnswer, earlier: FunnelAnswer | None) -> Kpi:
    def figure(steps: Any) -> float | None:
        step = steps[wanted.step]
        if wanted.key == "activation_rate":
            share: float | None = step.of_first
            return share
        return float(step.reached)

    found = _kpi(
        wanted,
        answer,
        figure(answer.steps),
        figure(earlier.steps) if earlier is not None else None,
        tuple(each.key for each in answer.trend),
        tuple(figure(each.steps) for each in answer.trend),
        Cell(step=wanted.step),
    )
    place: dict[str, Any] = {"step": wanted.step}
    if wanted.key == "activation_rate":
        place = {"told": "share", "step": wanted.step, "of": 0}
    if earlier is None:
        return msgspec.structs.replace(found, place=place)
    return msgspec.structs.replace(
        found,
        place=place,
        asked_before=msgspec.to_builtins(wanted.before),
        place_before=place,
        as_of_before=earlier.as_of,
    )


def _of_active(wanted: KpiQuestion, answer: ActiveAnswer, begins: date | None) -> Kpi:
    """Tell of the last day that is over, and of the same weekday before; while none is, of none."""
    line = next(each for each in answer.lines if each.key == wanted.key)
    days = [at for at, is_over in enumerate(answer.complete) if is_over]
    last = days[-1] if days else None
    value = line.values[last] if last is not None else None
    before = None
    if last is not None and wanted.is_compared:
        before = _a_week_before(answer, line, last, begins)
    cell = Cell(bucket=answer.buckets[last], series=wanted.key) if last is not None else None
    found = _kpi(wanted, answer, value, before, answer.buckets, line.values, cell)
    if last is None:
        return found
    return msgspec.structs.replace(
        found, **_places(wanted, date.fromisoformat(answer.buckets[last]))
    )


def _places(wanted: KpiQuestion, day: date) -> dict[str, Any]:
    """Return where the figure of a day stands, and that of 7 days before, which is asked alone."""
    earlier = day - timedelta(days=7)
    alone = msgspec.structs.replace(wanted.question, range=Range(earlier, earlier), compared=False)
    return {
        "place": {"line": wanted.key, "since": day.isoformat(), "until": day.isoformat()},
        "asked_before": msgspec.to_builtins(alone),
        "place_before": {
            "line": wanted.key,
            "since": earlier.isoformat(),
            "until": earlier.isoformat(),
        },
    }


def _a_week_before(answer: ActiveAnswer, line: Line, day: int, begins: date | None) -> float | None:
    """Return the value of 7 days before; None where its window begins before the data."""
    earlier = date.fromisoformat(answer.buckets[day]) - timedelta(days=7)
    if begins is not None and earlier - timedelta(days=DAYS[line.key] - 1) < begins:
        return None
    before = zip(answer.buckets_before, line.before, strict=True) if line.before else ()
    known = {**dict(before), **dict(zip(answer.buckets, line.values, strict=True))}
    return known.get(earlier.isoformat())


def _kpi(
    wanted: KpiQuestion,
    answer: AnyAnswer,
    value: float | None,
    before: float | None,
    buckets: tuple[str, ...],
    line: tuple[float | None, ...],
    cell: Cell | None,
) -> Kpi:
    change = (value - before) / before if value is not None and before else None
    return Kpi(
        wanted.key,
        TITLES[wanted.key],
        "share" if wanted.key == "activation_rate" else "people",
        value,
        before,
        change,
        buckets,
        line,
        definition("kpis").wording[wanted.key],
        wanted.definition or stamp("kpis"),
        digest(wanted.question),
        msgspec.to_builtins(wanted.question),
        cell,
        answer.as_of,
        "the week before" if isinstance(answer, ActiveAnswer) else "the same weekdays before",
        parameters=wanted.parameters,
    )
