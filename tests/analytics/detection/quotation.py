"""Numbers of a text, computed again: by their question, or from their parts."""

from collections.abc import Awaitable, Callable

import msgspec

from missioncontrol.analytics.answers import AnyAnswer
from missioncontrol.analytics.detection.answer_values import value
from missioncontrol.analytics.detection.attribution import contribution
from missioncontrol.analytics.detection.findings import Figure, Place, arithmetic, worked_out
from missioncontrol.analytics.questions import AnyQuestion
from missioncontrol.domain.alert import Part, Quoted

Ask = Callable[[AnyQuestion, str], Awaitable[AnyAnswer]]
"""Answers a question as of a moment such as `2026-11-23T00:00:00Z`."""


async def value_of(quoted: Quoted, ask: Ask, as_of: str) -> float | None:
    """Return a number of a text as its question answers it now; None where that is unknown.

    `as_of` is that of the text.
    """
    if not quoted.formula:
        answer, place = await _asked(Part(quoted.question, quoted.place, quoted.as_of), ask, as_of)
        return value(answer, place)
    found = [await _asked(each, ask, as_of) for each in quoted.parts]
    if quoted.formula == "contribution":
        (now, place), (before, _) = found
        return contribution(now, before, place)
    numbers = [value(answer, place) or 0.0 for answer, place in found]
    return worked_out(arithmetic(quoted.formula), numbers)


async def _asked(part: Part, ask: Ask, as_of: str) -> tuple[AnyAnswer, Place]:
    question: AnyQuestion = msgspec.convert(part.question, AnyQuestion)
    return await ask(question, part.as_of or as_of), msgspec.convert(part.place, Place)


def is_right(figure: Figure, answer: AnyAnswer) -> bool:
    """Whether a figure is what the answer to its question says."""
    found = value(answer, figure.place) or 0.0  # A slice without people has no value.
    return abs(found - figure.value) <= 1e-9 * max(1.0, abs(found))
