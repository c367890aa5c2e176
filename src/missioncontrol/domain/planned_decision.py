"""The decisions of a plan as the log of decisions knows them: with names that hold everywhere."""

from collections.abc import Mapping

import msgspec

from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.decision_text import DecisionOption, DecisionText, canonical_text
from missioncontrol.domain.plan import Decision, Plan


class PlannedDecision(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision that a plan brought, and what in the plan it shaped."""

    id: str  # <mission>/D1
    text: DecisionText
    tasks: tuple[str, ...] = ()  # <mission>/<key>
    files: tuple[str, ...] = ()


def planned_decisions(mission: str, plan: Plan) -> tuple[PlannedDecision, ...]:
    """Return the decisions of a plan, in its order."""
    return tuple(_planned(mission, plan, decision) for decision in plan.decisions)


def as_logged(planned: PlannedDecision, known: Mapping[str, LoggedDecision]) -> PlannedDecision:
    """Return a decision of a plan by the name that it has in the log, or would get there.

    Each plan counts from D1. What a later plan of the same mission decides under a name that the
    log has for something else is D1-2 there, and so on.
    """
    name, number = planned.id, 1
    while name in known and not _is_same(known[name], planned):
        number += 1
        name = f"{planned.id}-{number}"
    return msgspec.structs.replace(planned, id=name)


def _is_same(logged: LoggedDecision, planned: PlannedDecision) -> bool:
    """Whether the log has this very decision; a file may have other words for it since."""
    text = planned.text
    return logged.text.title == text.title and bool(
        logged.source or logged.text.choice == text.choice
    )


def _planned(mission: str, plan: Plan, decision: Decision) -> PlannedDecision:
    tasks = [task for task in plan.tasks() if decision.id in task.decisions]
    # Tasks that carry all decisions, such as the specification, say nothing about this one.
    shaped = [task for task in tasks if len(task.decisions) < len(plan.decisions)] or tasks
    behind = {name for task in shaped for name in task.requirements}
    asked = [each for each in plan.requirements if each.id in behind]
    context = "\n".join(f"- {each.id}: {each.text}" for each in asked)
    options = [
        DecisionOption(each.title, bad=(each.tradeoff,) if each.tradeoff else ())
        for each in decision.alternatives
    ]
    choice = decision.choice.strip().rstrip(".")  # It is a name here, and stands in quotes.
    text = DecisionText(
        decision.title,
        context=context,
        options=tuple(_distinct([DecisionOption(choice), *options])),
        choice=choice,
        reason=decision.reason,
        bad=(decision.tradeoff,) if decision.tradeoff else (),
    )
    named = tuple(f"{mission}/{task.key}" for task in shaped)
    return PlannedDecision(f"{mission}/{decision.id}", canonical_text(text), named, decision.files)


def _distinct(options: list[DecisionOption]) -> list[DecisionOption]:
    return list({option.title: option for option in reversed(options) if option.title}.values())[
        ::-1
    ]
