"""Items and questions out of what really happened: commits of four packages.

A commit before the release is an item: its message, its files, its time. A commit after it is a
question: its message. The answers are the items that changed the same files. No person
wrote a question or an answer for this.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from bench.ranking.history import PACKAGES, commits_of
from missioncontrol.domain.memory import TEXT_MAX, TITLE_MAX, Item, Source, item_id
from missioncontrol.knowledge.relevance import WORDS_MAX
from missioncontrol.knowledge.terms import telling_words

SAME_MIN = 0.5
"""Two commits changed the same where so much of all the files of both is common (Jaccard)."""

FILES_MAX = 12
"""A commit that changed more is no question, and no answer: it changed everything."""

WORDS_MIN = 2
_ANY = re.compile(
    r"(?:^|/)(?:changes|changelog|release-notes|history|version|news)\b", re.IGNORECASE
)
_MERGE = re.compile(r"(?i)^merge ")


class Question(NamedTuple):
    """What a person wants to do, when, in which repository, and the items that bear on it."""

    text: str
    repository: str
    at: float  # seconds since the epoch
    answers: frozenset[str]  # ids of items; never empty


class Corpus(NamedTuple):
    """All items of all packages together, as one home would hold them."""

    items: list[Item]
    tuned_on: list[Question]  # the earlier half of each package's
    held_out: list[Question]  # the later half


def corpus() -> Corpus:
    """Read all of it."""
    items: list[Item] = []
    tuned_on: list[Question] = []
    held_out: list[Question] = []
    for name in PACKAGES:
        commits = commits_of(name)
        before = [_item(name, each) for each in commits if each["side"] == "before"]
        items += before
        after = sorted(
            (each for each in commits if each["side"] == "after"), key=lambda each: each["time"]
        )
        asked = list(_questions(name, after, before))
        middle = len(asked) // 2
        tuned_on += asked[:middle]
        held_out += asked[middle:]
    return Corpus(items, tuned_on, held_out)


def _item(package: str, commit: dict[str, Any]) -> Item:
    title, _, text = commit["message"].strip().partition("\n")
    return Item(
        item_id("lesson", package, commit["commit"]),
        "lesson",
        title[:TITLE_MAX],
        (text.strip() or title)[:TEXT_MAX],
        package,
        tuple(_paths(commit)),
        source=Source(commit=commit["commit"]),
        created=float(commit["time"]),
        confirmed=float(commit["time"]),
    )


def _questions(
    package: str, after: Iterable[dict[str, Any]], before: list[Item]
) -> Iterable[Question]:
    """Yield those that say something, and that some item answers."""
    telling_files = [(item.id, _telling(item.files)) for item in before]
    for commit in after:
        files = _telling(_paths(commit))
        text = commit["message"]
        if not 0 < len(files) <= FILES_MAX or _MERGE.match(text) or not _has_words(text):
            continue
        answers = frozenset(
            name for name, theirs in telling_files if theirs and _same(files, theirs) >= SAME_MIN
        )
        if answers:
            yield Question(text, package, float(commit["time"]), answers)


def _same(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common) if common else 0.0


def _telling(paths: Iterable[str]) -> frozenset[str]:
    """Return the files that say what a commit was about: every other one changes the changelog."""
    return frozenset(path for path in paths if not _ANY.search(path))


def _paths(commit: dict[str, Any]) -> list[str]:
    return [file["path"] for file in commit["files"]]


def keywords(text: str) -> list[str]:
    """Return the telling words of a question in lower case."""
    words = telling_words(text, most=WORDS_MAX)
    return [text[word.start : word.end].lower() for word in words]


def _has_words(text: str) -> bool:
    return len(keywords(text)) >= WORDS_MIN
