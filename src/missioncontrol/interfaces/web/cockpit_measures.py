"""The form of a product's key measures: activation, the step that counts, its purpose."""

from collections.abc import Sequence
from typing import Any

import msgspec

from missioncontrol.analytics.kpis import Activation, activation_of
from missioncontrol.analytics.questions import STEPS_MAX, Step
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import KeyMeasures, Product
from missioncontrol.interfaces.web.cockpit_bar import Parameters
from missioncontrol.interfaces.web.cockpit_conditions import pattern_of, pattern_text
from missioncontrol.interfaces.web.cockpit_forms import window_text


class MeasuresForm(msgspec.Struct, frozen=True):
    """What stands in the form: of the product, or as it was typed."""

    steps: tuple[tuple[str, str], ...]  # event and time, as they are written
    activated_at: str  # the step, from 1
    actions: str  # one a line
    active: str  # "" is any event
    is_own: bool  # the product says so itself, not the definitions


def form_of(product: Product, opening: Sequence[Step] = ()) -> MeasuresForm:
    """Return the form with what counts of a product now; an `opening` is proposed in its place."""
    counts = activation_of(product)
    if opening:
        counts = msgspec.structs.replace(
            counts, steps=tuple(opening), activated_at=len(opening) - 1
        )
    steps = tuple((pattern_text(each.pattern), window_text(each.within)) for each in counts.steps)
    actions = "\n".join(counts.actions)
    is_own = product.measures != KeyMeasures()
    return MeasuresForm(steps, str(counts.activated_at + 1), actions, counts.active, is_own)


def typed_in(query: Parameters) -> MeasuresForm:
    """Return the form as the user filled it in."""
    names, windows = (list(map(str, query.getall(name, []))) for name in ("step", "within"))
    windows += [""] * len(names)
    steps = tuple(
        (name.strip(), window.strip())
        for name, window in list(zip(names, windows, strict=False))[:STEPS_MAX]
        if name.strip()
    )
    at, actions = str(query.get("activated_at", "")), str(query.get("actions", ""))[:4_000]
    return MeasuresForm(steps, at.strip(), actions, str(query.get("active", "")).strip(), True)


def parse_measures(product: Product, form: MeasuresForm) -> dict[str, Any]:
    """Return the key measures that a form asks for; what the definitions say too is empty.

    Raises:
        Rejected: `product.bad_input`, `analytics.bad_condition`.
    """
    usual = activation_of(msgspec.structs.replace(product, measures=KeyMeasures()))
    now = activation_of(product)
    steps = tuple(_step(now, at, *each) for at, each in enumerate(form.steps))
    at = _number(form.activated_at, len(steps)) if steps else 0
    if (steps, at - 1) == (usual.steps, usual.activated_at):
        steps, at = (), 0
    actions = tuple(dict.fromkeys(each.strip() for each in form.actions.splitlines()))
    actions = tuple(each for each in actions if each)
    return {
        "activation": steps,
        "activated_at": at,
        "actions": () if actions == usual.actions else actions,
        "active": "" if form.active == usual.active else form.active,
    }


def _step(now: Activation, place: int, name: str, window: str) -> Step:
    known = now.steps[place].pattern if place < len(now.steps) else None
    seconds = seconds_of(window) if window and place else None
    if isinstance(seconds, str):
        reason = f"{window[:20]!r} is no time such as 7d, 12h or 30m."
        raise Rejected("product.bad_input", f"Step {place + 1}: {reason}")
    return Step(pattern_of(name, known), seconds)


def _number(text: str, steps: int) -> int:
    if not (text.isdecimal() and 1 <= int(text[:3]) <= steps):
        raise Rejected("product.bad_input", f"Step {text[:10]!r} is none of the {steps} steps.")
    return int(text)
