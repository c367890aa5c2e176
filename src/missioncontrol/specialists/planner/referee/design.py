"""Checks the design of a new product in a model's plan against what was asked for."""

import re
from collections.abc import Iterator

import msgspec

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.plan import Fault, Plan
from missioncontrol.domain.product_design import Milestone, sources_of

_WORD = re.compile(r"\w+")


def design_refusals(plan: Plan, asked: Asked) -> Iterator[Fault]:
    """Yield parts that claim words of the goal which do not stand there."""
    if plan.design is None:
        return
    text = _line(" ".join(words for _, words in asked.passages()))
    for path, source in sources_of(plan.design):
        if source.basis == "goal" and not all(
            _line(each) in text for each in _claims(source.words)
        ):
            yield Fault(
                path,
                f"the goal does not say {source.words[:80]!r}; quote it, or call it an assumption",
            )


def _claims(words: str) -> list[str]:
    """Return the quotations in the words of a source; they may be listed with commas."""
    return [each for each in words.split(",") if each.strip()] or [""]


def _line(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def with_local_design(plan: Plan, local: Plan) -> Plan:
    """Return a model's plan with a design: its own, or the local one with milestones as its phases.

    A model may leave the design out; what was designed is not lost by that.
    """
    if local.design is None:
        return msgspec.structs.replace(plan, design=None)
    if plan.design is not None:
        return plan
    milestones = tuple(
        Milestone(phase.key, phase.title, phase.purpose, tuple(task.key for task in phase.tasks))
        for phase in plan.phases
    )
    return msgspec.structs.replace(
        plan, design=msgspec.structs.replace(local.design, milestones=milestones)
    )
