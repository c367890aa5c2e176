"""The key figures of a product: their questions, and their values from the answers."""

import hashlib
from datetime import date, timedelta
from typing import Any, Literal

import msgspec

from missioncontrol.analytics.active import DAYS
from missioncontrol.analytics.answers import ActiveAnswer, AnyAnswer, FunnelAnswer, Line
from missioncontrol.analytics.calendar import days_before
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
from missioncontrol.domain.product.states import KeyMeasures, Product

Key = Literal["activated_users", "activation_rate", "dau", "wau"]

TITLES: dict[Key, str] = {
    "activated_users": "Activated users",
    "activation_rate": "Activation rate",
    "dau": "DAU",
    "wau": "WAU",
}


class Activation(msgspec.Struct, frozen=True):
    """How a product defines activation and activity."""

    steps: tuple[Step, ...]
    activated_at: int  # from 0: the step that activates a person
    actions: tuple[str, ...]  # names of the events that the product is for
    active: str  # the event that makes a person active; "" for any


class KpiQuestion(msgspec.Struct, frozen=True):
    """A key figure and the questions that it comes from."""

    key: Key
    question: AnyQuestion
    before: AnyQuestion | None
    """The same question about the days before, to be answered as of as many weeks before, so that
    people had the same time to convert. None without a comparison, or where `question` has it."""
    step: int = 0  # of a funnel, from 0
    definition: str = ""  # "" for the default definition
    parameters: str = ""
    is_compared: bool = False


class Kpi(msgspec.Struct, frozen=True):
    """A key figure."""

    key: Key
    title: str
    unit: Literal["people", "share"]
    value: float | None
    before: float | None  # None without a comparison, or where it is undefined
    change: float | None  # relative change of value against before: 0.1 is a tenth more
    buckets: tuple[str, ...]  # of the line
    line: tuple[float | None, ...]
    says: str  # a sentence that explains what it counts
    definition: str  # "kpis 1"
    question: str  # digest of the question it comes from
    asked: dict[str, Any]  # that question
    cell: Cell | None  # the count, to list its people
    as_of: str
    against: str = "the same weekdays before"  # the period of `before`, in words
    place: dict[str, Any] = {}  # the place of the value in the answer: `detection.finding.Place`
    asked_before: dict[str, Any] = {}  # the question whose answer has `before`
    place_before: dict[str, Any] = {}
    as_of_before: str = ""  # the `as_of` of that question
    parameters: str = ""  # the product's own definition of activation, in words
    data_since: str = ""  # first day of the data, where a comparison would need earlier days


def activation_of(product: Product) -> Activation:
    """Return the activation of a product: its own settings, else those of the definitions."""
    defaults = definition("kpis").defaults
    usual: dict[str, Any] = defaults[product.slug] if product.is_own else defaults
    settings = product.measures
    steps = settings.activation or tuple(usual["activation"])
    at = (
        (settings.activated_at or len(steps)) if settings.activation else int(usual["activated_at"])
    )
    return Activation(
        tuple(msgspec.convert(each, Step) for each in steps),
        at - 1,
        settings.actions or tuple(usual["actions"]),
        settings.active or str(usual["active"]),
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
    """Return the question of active people of a product."""
    pattern = Pattern(activation_of(product).active)
    return Active(
        product=product.slug, range=range_, segment=segment, pattern=pattern, compared=compared
    )


def kpi_questions(
    product: Product, range_: Range, segment: Segment = EVERYBODY, *, compared: bool = True
) -> tuple[KpiQuestion, ...]:
    """Return the key figures of a product with their questions."""
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
    """Return the definition of a product's key figures: `kpis 1`.

    A product with its own activation has a digest of it added: `kpis 1 of 9f86d081`.
    """
    if product.measures == KeyMeasures():
        return stamp("kpis")
    encoded = msgspec.json.encode(activation_of(product), order="deterministic")
    return f"{stamp('kpis')} of {hashlib.sha256(encoded).hexdigest()[:8]}"


def parameters_of(product: Product) -> str:
    """Return the product's own definition of activation in words; "" for the default one."""
    if product.measures == KeyMeasures():
        return ""
    own = activation_of(product)
    steps = " > ".join(each.pattern.event or "any event" for each in own.steps)
    return (
        f"{steps}; activated at step {own.activated_at + 1}; active by {own.active or 'any event'}"
    )


def kpi_of(
    kpi: KpiQuestion,
    answer: AnyAnswer,
    earlier: AnyAnswer | None = None,
    begins: date | None = None,
) -> Kpi:
    """Return a key figure from the answers to its questions; the data `begins` on that day."""
    if isinstance(answer, FunnelAnswer):
        before = earlier if isinstance(earlier, FunnelAnswer) else None
        return _of_funnel(kpi, answer, before)
    assert isinstance(answer, ActiveAnswer)
    return _of_active(kpi, answer, begins)


def _of_funnel(kpi: KpiQuestion, answer: FunnelAnswer, earlier: FunnelAnswer | None) -> Kpi:
    def figure(steps: Any) -> float | None:
        step = steps[kpi.step]
        if kpi.key == "activation_rate":
            share: float | None = step.of_first
            return share
        return float(step.reached)

    found = _kpi(
        kpi,
        answer,
        figure(answer.steps),
        figure(earlier.steps) if earlier is not None else None,
        tuple(each.key for each in answer.trend),
        tuple(figure(each.steps) for each in answer.trend),
        Cell(step=kpi.step),
    )
    place: dict[str, Any] = {"step": kpi.step}
    if kpi.key == "activation_rate":
        place = {"told": "share", "step": kpi.step, "of": 0}
    if earlier is None:
        return msgspec.structs.replace(found, place=place)
    return msgspec.structs.replace(
        found,
        place=place,
        asked_before=msgspec.to_builtins(kpi.before),
        place_before=place,
        as_of_before=earlier.as_of,
    )


def _of_active(kpi: KpiQuestion, answer: ActiveAnswer, begins: date | None) -> Kpi:
    """Return the value of the last complete day, compared with the same weekday before."""
    line = next(each for each in answer.lines if each.key == kpi.key)
    days = [at for at, is_over in enumerate(answer.complete) if is_over]
    last = days[-1] if days else None
    value = line.values[last] if last is not None else None
    before = None
    if last is not None and kpi.is_compared:
        before = _a_week_before(answer, line, last, begins)
    cell = Cell(bucket=answer.buckets[last], series=kpi.key) if last is not None else None
    found = _kpi(kpi, answer, value, before, answer.buckets, line.values, cell)
    if last is None:
        return found
    return msgspec.structs.replace(found, **_places(kpi, date.fromisoformat(answer.buckets[last])))


def _places(kpi: KpiQuestion, day: date) -> dict[str, Any]:
    """Return the places of a day's figure and of that 7 days before, which has its own question."""
    earlier = day - timedelta(days=7)
    alone = msgspec.structs.replace(kpi.question, range=Range(earlier, earlier), compared=False)
    return {
        "place": {"line": kpi.key, "since": day.isoformat(), "until": day.isoformat()},
        "asked_before": msgspec.to_builtins(alone),
        "place_before": {
            "line": kpi.key,
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
    kpi: KpiQuestion,
    answer: AnyAnswer,
    value: float | None,
    before: float | None,
    buckets: tuple[str, ...],
    line: tuple[float | None, ...],
    cell: Cell | None,
) -> Kpi:
    change = (value - before) / before if value is not None and before else None
    return Kpi(
        kpi.key,
        TITLES[kpi.key],
        "share" if kpi.key == "activation_rate" else "people",
        value,
        before,
        change,
        buckets,
        line,
        definition("kpis").wording[kpi.key],
        kpi.definition or stamp("kpis"),
        digest(kpi.question),
        msgspec.to_builtins(kpi.question),
        cell,
        answer.as_of,
        "the week before" if isinstance(answer, ActiveAnswer) else "the same weekdays before",
        parameters=kpi.parameters,
    )
