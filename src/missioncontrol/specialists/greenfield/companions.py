"""Behaviours that a goal does not name, and that products of its kind mostly have."""

from collections.abc import Collection, Sequence

from missioncontrol.specialists.greenfield.behaviours import ASSUMED, Act, behaviours
from missioncontrol.specialists.greenfield.catalogue import Kind
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.statement_tasks import wanted_statements

ENOUGH, MOST = 6, 3
"""Tasks for what a goal states from which nothing is assumed; behaviours that may be."""


def companions(
    kind: Kind, acts: Sequence[Act], reading: Reading, product: str, excluded: Collection[str]
) -> list[Act]:
    """Return behaviours to assume: the core of the kind, and more where a goal states little.

    `excluded` are names of behaviours that a person does not want.
    """
    follows = sum(len(act.behaviour.then) for act in acts)
    lacking = ENOUGH - len(wanted_statements(reading)) - follows
    known = {act.behaviour.key for act in acts}
    by_key = {each.key: each for each in behaviours()}
    values = {
        "thing": reading.main_thing.name,
        "actor": reading.main_actor.name,
        "product": product,
    }
    replaced = {key for act in acts for key in act.behaviour.instead}
    found: list[Act] = []
    for key in (*kind.core, *kind.usual):
        act = Act(by_key[key], ASSUMED, "", values)
        record = act.fill(act.behaviour.record).lower()
        act = Act(act.behaviour, ASSUMED, "", values | {"record": record})
        is_asked_for = key in kind.core or len(found) < min(MOST, lacking)
        if key not in known | replaced and act.name not in excluded and is_asked_for:
            found.append(act)
    return found
