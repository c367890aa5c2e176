"""Finds the merged changes that are most like an ask, and the repairs that they needed.

Their files say what belongs to such a change; a repair within a fortnight, what is forgotten.
"""

from missioncontrol.domain.estimates import FollowUp, Precedent
from missioncontrol.specialists.historian.log import FIX
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.places import text_of_main
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import ranking
from missioncontrol.specialists.ranking.terms import counted, title

PRECEDENTS_MAX, FILES_MAX, SHORT_ID = 3, 12, 7
ALIKE_MIN = 0.25
"""Share of what a commit would score that says all of the ask, from which on it is like it."""
REPAIRS_MAX = 2
REPAIR_SECONDS = 14 * 86_400
SHARED_MIN = 2
"""Words of its title that a repair shares with the change that it repairs."""


def precedents_of(ground: Ground, ask: Ask) -> tuple[Precedent, ...]:
    """Return the merged changes that are most like the main ask; none of another one."""
    if ground.index is None or ask is not ground.goal.main:
        return ()
    return precedents(ground.index, text_of_main(ground))


def precedents(index: Index, text: str) -> tuple[Precedent, ...]:
    """Return the merged changes that are most like an ask, and touched few enough files to tell."""
    evidence = ranking(index, text).evidence
    ideal = index.past.ideal(evidence.terms) or 1.0
    alike = [
        example.number
        for example in evidence.examples
        if example.strength >= ALIKE_MIN * ideal
        and len(index.past.files[example.number]) <= FILES_MAX
    ]
    return tuple(_precedent(index, number) for number in alike[:PRECEDENTS_MAX])


def _precedent(index: Index, number: int) -> Precedent:
    change = index.past.changes[number]
    files = index.past.files[number]
    return Precedent(
        change.id[:SHORT_ID],
        _title(index, number),
        tuple(index.paths[file] for file in files),
        tuple(_repairs(index, number)),
    )


def _title(index: Index, number: int) -> str:
    return title(index.past.changes[number].message).replace("`", "'")


def _repairs(index: Index, number: int) -> list[FollowUp]:
    """Return the fixes that followed a change within a fortnight, in its files, about its words."""
    past = index.past
    change, files = past.changes[number], set(past.files[number])
    words = counted(FIX.sub(" ", _title(index, number))).keys()
    found = []
    for later in range(number - 1, -1, -1):  # Newest changes come first.
        after = past.changes[later].seconds - change.seconds
        if after > REPAIR_SECONDS:
            break
        name = _title(index, later)
        is_about = change.id[:SHORT_ID] in past.changes[later].message or (
            len(words & counted(name).keys()) >= SHARED_MIN
        )
        if after >= 0 and FIX.search(name) and is_about and files.intersection(past.files[later]):
            days = max(1, -int(-after // 86_400))
            found.append(FollowUp(past.changes[later].id[:SHORT_ID], name, days))
    return found[:REPAIRS_MAX]
