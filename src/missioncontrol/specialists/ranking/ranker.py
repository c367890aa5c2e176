"""Ranks the files of a repository for a goal, best first, with reasons that a person can check."""

import re
from collections.abc import Collection, Mapping, Sequence
from math import log

import msgspec

from missioncontrol.domain.estimates import Spot
from missioncontrol.specialists.ranking import order_model
from missioncontrol.specialists.ranking.cited_commits import cited, shifts
from missioncontrol.specialists.ranking.evidence import Evidence, gathered
from missioncontrol.specialists.ranking.groups import adjusted, named_groups, shift
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.passages import spots_in
from missioncontrol.specialists.ranking.reasons import reasons_for
from missioncontrol.specialists.ranking.recent import read_recent
from missioncontrol.specialists.ranking.telling import homes, label_less
from missioncontrol.specialists.ranking.terms import title
from missioncontrol.specialists.ranking.tree_model import FILES, NAMES, ORDER, read_model, rows

DIGITS = 4
"""Chances that differ by less are ties, which the path decides."""
NAMED_MIN = 0.9
"""The chance, at least, of a file that the goal names: more than all of its words say."""
TITLE_NAMED_MIN = 0.6
"""The same of the one file that defines what the first line of the goal writes as code."""
SURE = (
    *("head", "named", "exact", "path", "names", "identifiers", "literal"),
    *("phrases", "messages", "similar", "group"),
)
"""Evidence that is more than a word somewhere in the text."""
ANSWERS_CACHED_MAX = 64
"""Answers that an index keeps; a plan asks the same more than once."""
ORDER_WEIGHT = 4.0
"""What the order that was learned as one counts for beside the logarithm of the odds."""
CHANCE_MIN = 1e-4
DOUBTFUL = 0.4
"""The chance of the likeliest file below which the names of the goal say more than its words."""
HOLDERS_MAX = 3
"""Files that hold a name, up to which each of them is likelier for it."""
WRITTEN = frozenset({"code", "test", "document"})
"""Kinds of files that gain by a name. Settings and data moved ten changes more of two thousand: one
plan began at a right file for it, and one no longer did."""
NAME_SHIFT, GONE_SHIFT = 1.2, 3.5
"""What the logarithm of the odds of such a file gains, and where the goal removes the name."""
_GOES = re.compile(r"(?i)(?:remove|drop|delete|get rid of|rename)[sd]?\b")
RECENT_FILES_MAX = 10
"""Files, the likeliest, in which the lines of the newest commits are looked for."""
ORDER_NAMES = (*NAMES, *order_model.NAMES)
_MARKED = re.compile(r"`([^`\n]{3,80})`")
OFTEN = 10
"""So many mentions of one word are no accident."""


class Ranked(msgspec.Struct, frozen=True):
    """A file that a goal will likely change, and why."""

    path: str
    chance: float  # how likely the change touches it, 0 to 1
    reasons: tuple[str, ...]  # what speaks most for it first
    spots: tuple[Spot, ...]  # the definitions in it that answer best
    is_sure: bool  # more speaks for it than a word that stands in its text a few times


class Ranking(msgspec.Struct, frozen=True):
    """What one goal leads to in one index."""

    evidence: Evidence
    table: Sequence[Sequence[float]]  # a row for each candidate
    chances: Sequence[float]  # likewise
    order: Sequence[int]  # places of candidates, the best first
    explained: dict[int, Ranked]  # by place, those with their reasons


def ranking(index: Index, text: str, kinds: Collection[str] = ()) -> Ranking:
    """Return how likely each file changes; the newest answers of an index are cached."""
    key = (text, tuple(sorted(kinds)))
    found = index.answers.get(key)
    if found is None:
        if len(index.answers) >= ANSWERS_CACHED_MAX:
            index.answers.clear()
        found = index.answers[key] = _ranking(index, text, kinds)
    assert isinstance(found, Ranking)
    return found


def ranked(index: Index, text: str, *, limit: int, kinds: Collection[str] = ()) -> list[Ranked]:
    """Return the files that `text` will most likely change, at most `limit`; of `kinds` if given.

    The same index and text give the same answer. A file for which nothing speaks that has to do
    with the text is not among them: how often a file changes says nothing by itself.
    """
    found = ranking(index, text, kinds)
    best = found.order[:limit]
    read_recent(index, [found.evidence.candidates[place] for place in best[:RECENT_FILES_MAX]])
    for place in best:
        if place not in found.explained:
            found.explained[place] = _explained(index, found, place)
    return [found.explained[place] for place in best]


def _explained(index: Index, found: Ranking, place: int) -> Ranked:
    number, evidence = found.evidence.candidates[place], found.evidence
    shares = read_model(FILES, NAMES).shares(found.table[place])
    return Ranked(
        index.paths[number],
        found.chances[place],
        tuple(reasons_for(index, evidence, number, shares)),
        tuple(spots_in(index, evidence, number)),
        _is_sure(index, evidence, number),
    )


def _ranking(index: Index, text: str, kinds: Collection[str]) -> Ranking:
    evidence = gathered(index, text, kinds)
    table = rows(evidence)
    gains = shifts(index.past, cited(index.past, evidence.goal))
    chances = _chances(index, evidence, table, gains)
    goes = _GOES.match(label_less(title(evidence.goal))) is not None
    is_doubtful = max(chances, default=1.0) < DOUBTFUL
    if (goes or is_doubtful) and (named := _of_names(index, evidence, goes=goes)):
        gains = {n: gains.get(n, 0.0) + named.get(n, 0.0) for n in {*gains, *named}}
        chances = _chances(index, evidence, table, gains)
    order = _ordered(index, evidence, table, chances, gains)
    return Ranking(evidence, table, chances, order, {})


def _of_names(index: Index, evidence: Evidence, *, goes: bool) -> dict[int, float]:
    """Return what the files gain that hold a name of the goal which few files hold.

    A document gains where no other file holds the name. What goes, goes from all that hold it;
    else settings and data only use what code defines, as the files that tests read do.
    A goal about tests names what is tested, and changes none of that.
    """
    if order_model.speaks_of_tests(title(evidence.goal)):
        return {}
    gains: dict[int, float] = {}
    for own in homes(index, evidence.goal).values():
        files = [n for n in own if index.files[n].kind != "document"] or own
        written = [n for n in files if goes or index.files[n].kind in WRITTEN]
        for number in written if len(files) <= HOLDERS_MAX else ():
            gains[number] = GONE_SHIFT if goes else NAME_SHIFT
    return gains


def _ordered(
    index: Index,
    evidence: Evidence,
    table: Sequence[Sequence[float]],
    chances: Sequence[float],
    gains: Mapping[int, float],
) -> list[int]:
    """Return the places of the candidates, those first that the goal names, then the best.

    Trees that learned which file comes first say more about that than those that learned how
    likely each one is by itself; where there is no past, they have little to go by.
    """
    weight = ORDER_WEIGHT if index.has_past else 0.0
    model = read_model(ORDER, ORDER_NAMES)
    named, groups = evidence.figures["named"], named_groups(evidence.goal)
    keys = []
    rows = zip(evidence.candidates, table, order_model.rows(index, evidence), chances, strict=True)
    for number, row, more, chance in rows:
        odds = log(max(chance, CHANCE_MIN) / (1 + CHANCE_MIN - chance))
        path = index.paths[number]
        score = model.sum([*row, *more]) + shift(path, groups) + gains.get(number, 0.0)
        keys.append((number not in named, -round(odds + weight * score, DIGITS), path))
    return sorted(range(len(keys)), key=keys.__getitem__)


def expected_set(chances: Sequence[float]) -> int:
    """Return how many of the likeliest files to name, so that the expected F1 is largest.

    `chances` come largest first. Naming the first k is right in 2·Σp of k + Σ of all p.
    """
    total, best, count, gained = sum(chances), 0.0, 0, 0.0
    for number, chance in enumerate(chances, 1):
        gained += chance
        value = 2 * gained / (number + total)
        if value > best:
            best, count = value, number
    return count


def _chances(
    index: Index,
    evidence: Evidence,
    table: Sequence[Sequence[float]],
    gains: Mapping[int, float],
) -> list[float]:
    named, groups = evidence.figures["named"], named_groups(evidence.goal)
    least = dict.fromkeys(_defined_by_title(index, evidence), TITLE_NAMED_MIN)
    least |= dict.fromkeys(named, NAMED_MIN)
    model = read_model(FILES, NAMES)
    found = []
    for number, row in zip(evidence.candidates, table, strict=True):
        by = shift(index.paths[number], groups) + gains.get(number, 0.0)
        chance = adjusted(model.chance(row), by)
        found.append(round(max(chance, least.get(number, 0.0)), DIGITS))
    return found


def _defined_by_title(index: Index, evidence: Evidence) -> list[int]:
    """Return the files that alone define what the first line of the goal writes in code marks."""
    marked = " ".join(_MARKED.findall(title(evidence.goal)))
    homes: dict[str, list[int]] = {}
    for number, names in evidence.exact.items():
        for name in names if index.files[number].kind == "code" else ():
            homes.setdefault(name, []).append(number)
    return [own[0] for name, own in homes.items() if len(own) == 1 and name in marked]


def _is_sure(index: Index, evidence: Evidence, number: int) -> bool:
    if any(evidence.figures[kind].get(number) for kind in SURE):
        return True
    counts = index.facts[number].counts
    matching = [counts[term] for term in evidence.terms if term in counts]
    return len(matching) > 1 or max(matching, default=0) >= OFTEN
