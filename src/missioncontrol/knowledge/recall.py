"""Ranks memory items by relevance to a text, and recalls those that bear on a goal."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.memory import Item, gives_orders
from missioncontrol.knowledge.relevance import FIELDS, Question, question_of
from missioncontrol.ports.memory_index import ItemCandidate, MemoryIndex, Wanted

OTHER_REPOSITORY = 0.33
"""The factor for items of another repository than the one that is asked about."""

LINKS, LINKED_TO = 3.0, 5
"""The bonus of an item for sharing files with the best matches, and how many of these count.
Fitted, as the weights are, on the earlier half of `make bench ONLY=memory`."""

CANDIDATES = 150
"""Items that are ranked for one query, those that say the rarest of its words."""

RECALLED_MAX = 24
OTHERS_MAX = 4
COMMANDS_MAX = 4
TEXT_MAX = 600
"""Bounds of a planner's context: items, those of other repositories, characters of a text."""

RELEVANCE_MIN, RELEVANCE_OF_OTHERS_MIN = 0.15, 0.4
"""The least share of a goal that an item has to answer to be recalled, by whose it is.
Fitted on the tuning half of `make bench ONLY=knowledge`."""

SEARCHED_KINDS = frozenset({"lesson", "decision", "risk", "fact"})


class Part(msgspec.Struct, frozen=True):
    """One part of a score: two factors, and what is added to their product."""

    name: Literal["words", "repository", "links"]
    value: float
    why: str


class Match(msgspec.Struct, frozen=True):
    """An item that is relevant to a query, with its score."""

    item: Item
    score: float  # words times repository, and links added
    parts: tuple[Part, ...]
    matched: dict[str, tuple[str, ...]]  # field of the item → the words in it

    @property
    def relevance(self) -> float:
        """Return the share of the question that the item answers, from 0 to 1."""
        return self.parts[0].value


def searched(
    index: MemoryIndex, text: str, *, repository: str = "", wanted: Wanted, now: float, limit: int
) -> list[Match]:
    """Return the items that bear on `text`, best first; those of `repository` count more.

    Of items that bear on it alike, those confirmed last come first.
    """
    question = question_of(text, index)
    found = index.item_candidates(question.terms, wanted, now=now, limit=max(limit, CANDIDATES))
    factors = [(_factors(each, question, repository), each.item) for each in found]
    scored = [(_product(parts), parts, item) for parts, item in factors if parts[0].value > 0]
    scored.sort(key=_order)
    linked = _with_links(scored)
    linked.sort(key=_order)
    return [_match(score, parts, item, question) for score, parts, item in linked[:limit]]


Scored = tuple[float, tuple[Part, ...], Item]


def _order(each: Scored) -> tuple[float, float, str]:
    score, _, item = each
    return (-round(score, 4), -item.confirmed, item.id)


def _with_links(scored: Sequence[Scored]) -> list[Scored]:
    """Add the bonus of each item that shares files with the best matches."""
    files: dict[tuple[str, str], float] = {}
    for base, _, item in scored[:LINKED_TO]:
        for path in item.files:
            key = (item.repository, path)
            files[key] = files.get(key, 0.0) + base / len(item.files) ** 0.5
    return [_linked(each, files) for each in scored]


def _linked(each: Scored, files: dict[tuple[str, str], float]) -> Scored:
    base, parts, item = each
    shared = sum(files.get((item.repository, path), 0.0) for path in item.files)
    bonus = LINKS / LINKED_TO * shared / len(item.files) ** 0.5 if shared else 0.0
    why = "about the same files as what says most of the words"
    return (base + bonus, (*parts, Part("links", bonus, why)), item) if bonus else each


def _factors(found: ItemCandidate, question: Question, repository: str) -> tuple[Part, ...]:
    return (
        Part("words", question.score(found.fields), ""),
        _repository_part(found.item, repository),
    )


def _product(factors: Sequence[Part]) -> float:
    score = 1.0
    for part in factors:
        score *= part.value
    return score


def _match(score: float, parts: Sequence[Part], item: Item, question: Question) -> Match:
    texts = (item.title, item.text, "\n".join(item.files), "\n".join(item.tags))
    matched = {
        field: tuple(dict.fromkeys(text[word.start : word.end].lower() for word in found))
        for field, text in zip(FIELDS, texts, strict=True)
        if (found := question.words_in(text))
    }
    why = "; ".join(f"{field}: {', '.join(words[:8])}" for field, words in matched.items())
    first = msgspec.structs.replace(parts[0], why=why)
    return Match(item, score, (first, *parts[1:]), matched)


def _repository_part(item: Item, repository: str) -> Part:
    if not repository:
        return Part("repository", 1.0, "no repository is given")
    if item.repository == repository:
        return Part("repository", 1.0, "of the same repository")
    if not item.repository:
        return Part("repository", 1.0, "it holds everywhere")
    return Part("repository", OTHER_REPOSITORY, f"of another repository, {item.repository}")


def recalled(index: MemoryIndex, goal: str, repository: str, *, now: float) -> tuple[Recalled, ...]:
    """Return the items for a planner: those that bear on the goal, and how tests are run there.

    Nothing is recalled for being new or frequent: of two goals without a word in common, each has
    its own list. Text that gives orders to its reader is left out unless a person has corrected it.
    """
    found = searched(index, goal, repository=repository, wanted=Wanted(), now=now, limit=CANDIDATES)
    chosen = [*_commands(index, repository, now), *_relevant(found, repository)]
    fit = [item for item in chosen if item.is_corrected or not _is_poisoned(item)]
    return tuple(_cut(item.recalled()) for item in fit[:RECALLED_MAX])


def _commands(index: MemoryIndex, repository: str, now: float) -> list[Item]:
    """Return the commands that worked in a repository: every change to it is tested by them."""
    if not repository:
        return []
    wanted = Wanted(kind="command", repository=repository)
    return index.listed(wanted, now=now, before=None, limit=COMMANDS_MAX)


def _relevant(found: Sequence[Match], repository: str) -> list[Item]:
    """Return the items that answer enough of the goal, few of other repositories."""
    chosen, others = [], 0
    for match in found:
        is_near = match.item.repository in ("", repository)
        least = RELEVANCE_MIN if is_near else RELEVANCE_OF_OTHERS_MIN
        if match.item.kind not in SEARCHED_KINDS or match.relevance < least:
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
