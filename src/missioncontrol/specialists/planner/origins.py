"""Ties each requirement to the passages it comes from, and retains the others as background.

So every passage of what was asked for stands in the plan, and what is lost from it is missed.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.plan import Origin, Plan, Requirement
from missioncontrol.specialists.planner.ask import Ask

Place = tuple[str, str]
"""Where a passage stands, and its words."""

_WORD = re.compile(r"\w+")


def with_origins(plan: Plan, asks: Sequence[Ask], asked: Asked) -> Plan:
    """Return `plan` with the origins of its requirements, one for each ask, and its background."""
    every = list(asked.passages())
    claimed = [_source_passages(ask, every) for ask in asks]
    _take_twins(claimed, every)
    users: dict[Place, list[int]] = {}
    for number, places in enumerate(claimed):
        for place in places:
            users.setdefault(place, []).append(number)
    requirements = tuple(
        _from(each, number, [place for place in every if place in claimed[number]], users)
        for number, each in enumerate(plan.requirements)
    )
    background = tuple(
        dict.fromkeys(words for where, words in every if (where, words) not in users)
    )
    return msgspec.structs.replace(plan, requirements=requirements, background=background)


def with_local_origins(plan: Plan, local: Plan) -> Plan:
    """Return `plan` with what `local` says about where its requirements come from.

    A model may word a requirement better; what was asked for is not its to say.
    """
    known = {each.id: each for each in local.requirements}
    requirements = tuple(
        msgspec.structs.replace(each, source=known[each.id].source, origins=known[each.id].origins)
        if each.id in known
        else msgspec.structs.replace(each, origins=())
        for each in plan.requirements
    )
    return msgspec.structs.replace(plan, requirements=requirements, background=local.background)


def _from(
    requirement: Requirement, number: int, places: Iterable[Place], users: dict[Place, list[int]]
) -> Requirement:
    origins = tuple(
        Origin(where, words, users[where, words].index(number) + 1, len(users[where, words]))
        for where, words in places
    )
    return msgspec.structs.replace(requirement, origins=origins)


def _source_passages(ask: Ask, every: Sequence[Place]) -> set[Place]:
    """Return the passages that an ask comes from; at least one where there is any."""
    found: set[Place] = set()
    for where, words in ask.sources:
        name = "constraint 1" if where == "constraint" else where
        found |= _matching(words, [place for place in every if place[0] == name])
    return found


def _matching(words: str, places: Sequence[Place]) -> set[Place]:
    """Return the passages that make up the sentence `words`, which may be laid out otherwise."""
    line = " ".join(words.split())
    if same := {place for place in places if place[1] == line}:
        return same
    tokens = _words(line)
    whole = {place for place in places if (inside := _words(place[1])) and inside <= tokens}
    if whole:
        return whole
    best = max(places, key=lambda place: _likeness(_words(place[1]), tokens), default=None)
    return {best} if best is not None else set()


def _take_twins(claimed: Sequence[set[Place]], every: Sequence[Place]) -> None:
    """Add to the passages of an ask those with the same words elsewhere that no ask has."""
    known = {place for places in claimed for place in places}
    for place in every:
        if place not in known:
            for places in claimed:
                if any(words == place[1] for _, words in places):
                    places.add(place)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)
