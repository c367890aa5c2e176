"""Ranks memory items by relevance to a text: by words, repository and age."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import Item, gives_orders
from missioncontrol.ports.memory_index import Hit, Matched, MemoryIndex, Wanted

WORDS_MAX = 60
LENGTH_MIN, LENGTH_MAX = 2, 40

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W\d_]+)?")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_ADDRESS = re.compile(r"https?://\S+")
_STOP_WORDS = """
    a about above add after again against all also an and any are as at be because been before being
    below between both but by can could did do does doing done down each else even every few for
    from further get give given had has have having he her here him his how i if in instead into is
    it its itself just keep let like made make makes many may me might more most much must my need
    needs never new no nor not now of off on once one only or other our out over own per please put
    same set several shall she should since so some such take than that the their them then there
    these they this those through to too under until up us use used uses using very via want was we
    were what when where whether which while who why will with within without work works would yet
    you your
"""
_SILENT = frozenset(_STOP_WORDS.split())
"""Words of any text, which don't discriminate."""


def keywords(text: str) -> list[str]:
    """Return the distinct content words of `text` in its order, at most `WORDS_MAX`.

    `SessionInterface` and `session_interface` are split into their words.
    """
    found: dict[str, str] = {}
    for word in _WORD.findall(_ADDRESS.sub(" ", text)):
        parts = _PARTS.findall(word) if not word.islower() and not word.isupper() else [word]
        for part in parts:
            low = part.lower()
            if low not in _SILENT and LENGTH_MIN <= len(low) <= LENGTH_MAX:
                found.setdefault(low, part)
        if len(found) >= WORDS_MAX:
            break
    return list(found)[:WORDS_MAX]


DAY = 86_400.0
HALF_LIFE_DAYS: Mapping[str, float] = {
    "command": 90,
    "estimate": 120,
    "lesson": 365,
    "risk": 365,
    "fact": 730,
    "decision": 1_460,
}
"""Days without confirmation after which an item of a kind has lost half of its weight for age."""

AGE_FLOOR = 0.6
"""The least factor for age: a search for an old item by its own words must find it."""

SAME_REPOSITORY = 3.0
"""The factor for items of the same repository, and for those without one."""

LINKS, LINKED_TO = 3.0, 5
"""The bonus of an item for sharing files with the best matches, and how many of these count.
Fitted, as the weights are, on the earlier half of `make bench ONLY=memory`."""

CANDIDATES = 150
"""Items that are ranked for one query, the most relevant by their words."""

LOOKED_AT = 60
RECALLED_MAX = 24
OTHERS_MAX = 4
COMMANDS_MAX = 4
TEXT_MAX = 600
"""Bounds of a planner's context: items, those of other repositories, characters of a text."""

ROOT_MIN = 3
WORDS_SHARED_MIN = 2
WORDS_SHARED_WITH_OTHERS_MIN = 4
"""The least number of shared content words for which an item is recalled by its words."""

SEARCHED_KINDS = frozenset({"lesson", "decision", "risk", "fact"})


class Part(msgspec.Struct, frozen=True):
    """One part of a score: three factors, and what is added to their product."""

    name: Literal["words", "repository", "age", "links"]
    value: float
    why: str


class Match(msgspec.Struct, frozen=True):
    """An item that is relevant to a query, with its score."""

    item: Item
    score: float  # words times repository times age, and links added
    parts: tuple[Part, ...]
    matched: Matched

    @property
    def shared(self) -> int:
        """How many different words it shares with the question."""
        return len({_root(word) for words in self.matched.values() for word in words})


def _root(word: str) -> str:
    """Return the same for the forms of one word that the index takes for the same."""
    ends = (end for end in ("ing", "ies", "ed", "es", "s", "y") if word.endswith(end))
    end = next((end for end in ends if len(word) - len(end) >= ROOT_MIN), "")
    return word.removesuffix(end) if end else word


def searched(
    index: MemoryIndex, text: str, *, repository: str = "", wanted: Wanted, now: float, limit: int
) -> list[Match]:
    """Return the items that bear on `text`, best first; those of `repository` count more."""
    words = keywords(text) or text.split()[:8]
    hits = index.search(words, wanted, now=now, limit=max(limit, CANDIDATES))
    scored = sorted(
        ((_product(_factors(hit, repository, now)), hit) for hit in hits),
        key=lambda each: (-each[0], each[1].item.id),
    )
    links = _links(scored)
    best = sorted(
        ((base + links.get(hit.item.id, 0.0), hit) for base, hit in scored),
        key=lambda each: (-each[0], each[1].item.id),
    )[:limit]
    matched = index.matched(words, [hit.item.id for _, hit in best])
    return [
        _match(
            hit, score, links.get(hit.item.id, 0.0), matched.get(hit.item.id, {}), repository, now
        )
        for score, hit in best
    ]


def _links(scored: Sequence[tuple[float, Hit]]) -> dict[str, float]:
    """Return the bonus of each item that shares files with the best matches, by id."""
    if not scored:
        return {}
    files: dict[tuple[str, str], float] = {}
    for base, hit in scored[:LINKED_TO]:
        for path in hit.item.files:
            key = (hit.item.repository, path)
            files[key] = files.get(key, 0.0) + base / len(hit.item.files) ** 0.5
    return {
        hit.item.id: LINKS
        / LINKED_TO
        * sum(files.get((hit.item.repository, path), 0.0) for path in hit.item.files)
        / len(hit.item.files) ** 0.5
        for _, hit in scored
        if hit.item.files
    }


def _factors(hit: Hit, repository: str, now: float) -> tuple[Part, ...]:
    return (
        Part("words", hit.relevance, ""),
        _repository_part(hit.item, repository),
        age_part(hit.item, now),
    )


def _product(factors: Sequence[Part]) -> float:
    score = 1.0
    for part in factors:
        score *= part.value
    return score


def _match(
    hit: Hit, score: float, links: float, matched: Matched, repository: str, now: float
) -> Match:
    words, *others = _factors(hit, repository, now)
    parts = [msgspec.structs.replace(words, why=_why_words(matched)), *others]
    if links:
        parts.append(Part("links", links, "about the same files as what says most of the words"))
    return Match(hit.item, score, tuple(parts), matched)


def _why_words(found: Mapping[str, Sequence[str]]) -> str:
    parts = (f"{field}: {', '.join(words[:8])}" for field, words in found.items())
    return "; ".join(parts)


def _repository_part(item: Item, repository: str) -> Part:
    if not repository:
        return Part("repository", 1.0, "no repository is given")
    if item.repository == repository:
        return Part("repository", SAME_REPOSITORY, "of the same repository")
    if not item.repository:
        return Part("repository", SAME_REPOSITORY, "it holds everywhere")
    return Part("repository", 1.0, f"of another repository, {item.repository}")


def age_part(item: Item, now: float) -> Part:
    """Return how much an item counts for its age: half after the half-life of its kind."""
    days = max(now - item.confirmed, 0.0) / DAY
    half = HALF_LIFE_DAYS[item.kind]
    value = AGE_FLOOR + (1 - AGE_FLOOR) * 0.5 ** (days / half)
    why = f"confirmed {days:.0f} days ago; half of what age takes is gone after {half:.0f}"
    return Part("age", value, why)


def recalled(index: MemoryIndex, goal: str, repository: str, *, now: float) -> tuple[Recalled, ...]:
    """Return the items for a planner: those of the repository, and those that share words.

    Only the planner knows which of them concern the places of its plan. Text that gives orders to
    its reader is left out unless a person has corrected it.
    """
    own = Wanted(repository=repository)
    words = searched(index, goal, repository=repository, wanted=Wanted(), now=now, limit=CANDIDATES)
    chosen: dict[str, Item] = {}
    if repository:
        for item in _listed(index, msgspec.structs.replace(own, kind="command"), now, COMMANDS_MAX):
            chosen[item.id] = item
    for item in _by_words(words, repository):
        chosen.setdefault(item.id, item)
    for kind in ("decision", "risk", "lesson", "fact") if repository else ():
        for item in _listed(index, msgspec.structs.replace(own, kind=kind), now, RECALLED_MAX):
            chosen.setdefault(item.id, item)
    fit = [item for item in chosen.values() if item.is_corrected or not _is_poisoned(item)]
    return tuple(_cut(item.recalled()) for item in fit[:RECALLED_MAX])


def _listed(index: MemoryIndex, wanted: Wanted, now: float, limit: int) -> list[Item]:
    return index.listed(wanted, now=now, before=None, limit=limit)


def _by_words(found: Sequence[Match], repository: str) -> list[Item]:
    """Return the items that share enough words with the goal, few of other repositories."""
    chosen, others = [], 0
    for match in found:
        is_near = match.item.repository in ("", repository)
        least = WORDS_SHARED_MIN if is_near else WORDS_SHARED_WITH_OTHERS_MIN
        if match.item.kind not in SEARCHED_KINDS or match.shared < least:
            continue
        others += not is_near
        if is_near or others <= OTHERS_MAX:
            chosen.append(match.item)
    return chosen


def _is_poisoned(item: Item) -> bool:
    return gives_orders(f"{item.title}\n{item.text}")


def _cut(item: Recalled) -> Recalled:
    if len(item.text) <= TEXT_MAX:
        return item
    return msgspec.structs.replace(item, text=item.text[:TEXT_MAX].rsplit(" ", 1)[0] + " …")
