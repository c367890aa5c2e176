"""Finds the definitions inside a likely file that an ask is about."""

from missioncontrol.domain.foresight import Spot
from missioncontrol.specialists.ranking.evidence import Evidence
from missioncontrol.specialists.ranking.facts import CHARACTERS_MAX
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.terms import counted

SPOTS_MAX = 3
LINES_MAX = 200
"""Lines of one definition that are looked at."""
NAMED, SAID, EXACT = 2.0, 1.0, 6.0
"""What a telling word counts in a name and in the lines below it, and a name that was named."""


def spots_in(index: Index, evidence: Evidence, number: int) -> list[Spot]:
    """Return the definitions of a file that answer best, at most `SPOTS_MAX`."""
    names = index.facts[number].names
    if not names:
        return []
    lines = (index.tree.text(index.paths[number]) or "")[:CHARACTERS_MAX].split("\n")
    ends = [line for _, line in names[1:]] + [len(lines) + 1]
    exact = {name.rpartition(".")[2].strip("()") for name in evidence.exact.get(number, ())}
    found: list[tuple[float, Spot]] = []
    for (name, line), end in zip(names, ends, strict=True):
        body = counted("\n".join(lines[line - 1 : min(end - 1, line - 1 + LINES_MAX)]))
        score = _score(index, evidence, counted(name), body) + EXACT * (name in exact)
        if score:
            found.append((score, Spot(name, line)))
    found.sort(key=lambda item: (-item[0], item[1].line))
    return [spot for _, spot in found[:SPOTS_MAX]]


def _score(index: Index, evidence: Evidence, name: dict[str, int], body: dict[str, int]) -> float:
    return sum(
        index.text.weight(term) * (NAMED * (term in name) + SAID * min(1.0, body[term] / 3))
        for term in evidence.terms
        if term in body
    )
