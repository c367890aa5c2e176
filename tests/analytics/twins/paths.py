"""Paths by walking each of them, event by event.

Where words leave a choice, this is what is meant:

- Hidden events are as if they had not happened: no anchors, and a pause is measured over them.
- Events of the anchor's own name that follow it are one with it.
- The names of level 0 are broken down as those of every other level are.
"""

from collections import Counter
from datetime import timedelta

from missioncontrol.analytics.answers import Flow, Node
from missioncontrol.analytics.questions import Cell, Paths
from tests.analytics.twins.filtering import counted, matches, range_of
from tests.analytics.worlds import World

Path = tuple[str, ...]


def told(question: Paths, world: World) -> tuple[set[Node], set[Flow]]:
    """Return the nodes and the flows between them."""
    paths = [path for _, path in walked(question, world)]
    nodes, flows = set(), set()
    for level in range(question.depth + 1):
        here = Counter(path[level] for path in paths if len(path) > level)
        ends = Counter(path[level] for path in paths if len(path) == level + 1)
        on = Counter(path[level : level + 2] for path in paths if len(path) > level + 1)
        nodes |= {Node(level, name, count, ends[name]) for name, count in here.items()}
        flows |= {Flow(level, source, into, count) for (source, into), count in on.items()}
    return nodes, flows


def members(question: Paths, cell: Cell, world: World) -> list[int]:
    """Return the person of each path that goes through a node, or on from it into another."""
    level = cell.level or 0
    return sorted(
        person
        for person, path in walked(question, world)
        if path[level : level + 1] == (cell.series,)
    )


def flowing(question: Paths, flow: Flow, world: World) -> list[int]:
    """Return the person of each path of a flow."""
    return sorted(
        person
        for person, path in walked(question, world)
        if path[flow.level : flow.level + 2] == (flow.source, flow.target)
    )


def walked(question: Paths, world: World) -> list[tuple[int, Path]]:
    """Return each path with its person; names that a level does not break down are ""."""
    bare = _bare(question, world)
    apart = [
        _most(Counter(path[level] for _, path in bare if len(path) > level), question.width)
        for level in range(question.depth + 1)
    ]
    return [
        (
            person,
            tuple(name if name in apart[level] else "" for level, name in enumerate(path)),
        )
        for person, path in bare
    ]


def _most(counts: Counter[str], width: int) -> set[str]:
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:width])


def _bare(question: Paths, world: World) -> list[tuple[int, Path]]:
    since, until = range_of(question, world)
    events = [each for each in counted(question, world) if each.name not in question.hidden]
    if question.direction == "before":
        events.reverse()
    found = []
    for place, anchor in enumerate(events):
        if not (since <= anchor.happened < until and matches(question.anchor, anchor, world)):
            continue
        last, path = anchor, [anchor.name]
        for each in events[place + 1 :]:
            if each.person != anchor.person:
                continue
            if abs(each.happened - last.happened) > timedelta(seconds=question.within):
                break
            last = each
            if each.name != path[-1]:
                path.append(each.name)
        found.append((anchor.person, tuple(path[: question.depth + 1])))
    return found
