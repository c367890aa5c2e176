"""Concepts that a thin goal does not name, and that products of its kind mostly have."""

from collections.abc import Collection, Sequence

from missioncontrol.specialists.greenfield.catalogue import Kind, concepts
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import Use

ENOUGH, COMPANIONS_MAX = 6, 4
"""Tasks of concepts that a plan has at least; concepts that may be assumed to reach them."""
THIN = 2
"""Statements of a goal so thin that something has to be assumed."""


def companions(
    kind: Kind, uses: Sequence[Use], reading: Reading, excluded: Collection[str]
) -> list[Use]:
    """Return concepts to assume until there are enough tasks.

    `excluded` are titles of concepts that a person does not want.
    """
    if len(reading.statements) > THIN:
        return []
    by_key = {each.key: each for each in concepts()}
    chosen = {use.concept.key for use in uses}
    tasks = sum(len(use.concept.tasks) for use in uses) + len(reading.statements)
    found: list[Use] = []
    for key in kind.usual:
        if tasks >= ENOUGH or len(found) == COMPANIONS_MAX:
            break
        concept = by_key[key]
        if key not in chosen and concept.title not in excluded:
            thing = reading.main_thing.name if reading.things else concept.thing
            actor = reading.main_actor.name
            found.append(Use(concept, (), (0,), thing, actor, 0.0, is_assumed=True))
            tasks += len(concept.tasks)
    return found
