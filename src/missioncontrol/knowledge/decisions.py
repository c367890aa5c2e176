"""Memory items of the decisions that people judged."""

from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.decision_text import DecisionText
from missioncontrol.domain.memory import (
    NAMES_MAX,
    PLANNED,
    TEXT_MAX,
    TITLE_MAX,
    Item,
    Source,
    item_id,
    without_quotations,
)

NOT_IN_FORCE = frozenset({"rejected", "deprecated", "superseded"})


def remembered_decision(decision: LoggedDecision, position: int) -> Item:
    """Return a decision as an item; one that is no longer in force expires at that moment.

    One of a plan has the id under which it was harvested from there. `position` is that of the
    event that changed it.
    """
    in_force = decision.status not in NOT_IN_FORCE
    tag = PLANNED if decision.mission and decision.status == "proposed" else decision.status
    source = Source(decision.mission, decision.run, "", position, decision.source)
    return Item(
        item_id("decision", "" if decision.mission else decision.repository, decision.id),
        "decision",
        " ".join(decision.text.title.split())[:TITLE_MAX],
        (_decision_text(decision.text) or decision.text.title)[:TEXT_MAX],
        decision.repository,
        decision.files[:NAMES_MAX],
        (tag,),
        source,
        created=decision.recorded,
        confirmed=decision.updated,
        expires=0.0 if in_force else decision.updated,
    )


def _decision_text(text: DecisionText) -> str:
    parts = [text.choice, text.outcome]
    parts += [f"Because: {without_quotations(text.reason)}"] if text.reason else []
    parts += [f"Gives up: {' '.join(text.bad)}"] if text.bad else []
    return " ".join(" ".join(part.split()) for part in parts if part.strip())
