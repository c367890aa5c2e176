"""What the history of a repository says about which files change for what, and together."""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import log, log1p

import msgspec

from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.terms import goal_stems

FILES_MAX = 30
"""A commit over more files says little about any of them: it counts towards how often alone."""
TOGETHER_MAX = 40
"""Files that changed with a file which are remembered, the most frequent first."""
NEAREST = 40
"""Commits most like an ask whose files count as likely."""
RECENT = 100
"""Newest commits among which a change of a file counts as recent."""
BEGINNING_MIN = 4
KNOWERS_MAX = 3
_PROGRAM = re.compile(
    r"(?i)\[bot\]|(?:^|[\s_-])bot$|^(?:dependabot|renovate|pre-commit-ci|github-actions|greenkeeper)"
)
"""Authors that are programs: they can't be asked."""
YEAR = 365.25 * 86_400
FADING_YEARS, SIMILAR_FADING_YEARS, TOGETHER_FADING_YEARS = 1.0, 5.0, 2.0
"""After so long, a change counts half: as a habit, as an example, and as a pair."""


class PastChange(msgspec.Struct, frozen=True):
    """One commit as the ranking sees it."""

    id: str
    seconds: float  # since the epoch
    message: str
    paths: tuple[str, ...]  # the names after the commit
    moved: tuple[tuple[str, str], ...] = ()  # (before, after)
    author: str = ""  # the name alone


class Example(msgspec.Struct, frozen=True):
    """A commit whose message is like an ask."""

    number: int  # among `Past.changes`
    strength: float


class Past:
    """The changes of the files that are still there, followed through their renames."""

    def __init__(self, changes: Iterable[PastChange], paths: Sequence[str]) -> None:
        """`changes` come newest first; `paths` are the files of today, by their numbers."""
        numbers = {path: number for number, path in enumerate(paths)}
        self.changes: list[PastChange] = []
        self.files: list[tuple[int, ...]] = []
        for change in changes:
            found = {numbers[path] for path in change.paths if path in numbers}
            for before, after in change.moved:
                # Older commits know the file by its old name, unless another one has it today.
                if after in numbers:
                    numbers.setdefault(before, numbers[after])
            if found:
                self.changes.append(change)
                self.files.append(tuple(sorted(found)))
        self.informative = [
            len(files) <= FILES_MAX and not self._is_beginning(number, len(paths))
            for number, files in enumerate(self.files)
        ]
        newest = max((change.seconds for change in self.changes), default=0.0)
        self.ages = [max(0.0, newest - change.seconds) / YEAR for change in self.changes]
        self.messages = [goal_stems(change.message) for change in self.changes]
        self._examples = Field(self.messages, length_share=0.6)
        self.said = Field(self._by_file(len(paths)), length_share=0.75)
        self.by_file: list[list[int]] = [[] for _ in paths]  # its changes, newest first
        self.recent = [0] * len(paths)  # changes among the newest commits
        self.rest = [len(self.changes)] * len(paths)  # commits since a file last changed
        habits = [0.0] * len(paths)
        for place, (files, age) in enumerate(zip(self.files, self.ages, strict=True)):
            for number in files:
                self.by_file[number].append(place)
                self.recent[number] += place < RECENT
                self.rest[number] = min(self.rest[number], place)
                habits[number] += _faded(age, FADING_YEARS)
        self.counts = [len(changes) for changes in self.by_file]
        self.habits = [log1p(habit) for habit in habits]
        self.together = self._together(len(paths))

    def _is_beginning(self, number: int, size: int) -> bool:
        """Whether a commit is the one that brought most files in: it ties none of them together."""
        count = len(self.files[number])
        return number == len(self.files) - 1 and count >= BEGINNING_MIN and 2 * count > size

    def ideal(self, terms: Iterable[str]) -> float:
        """Return about what a commit scores whose message says each of `terms` once."""
        return self._examples.ideal(terms)

    def examples(self, terms: Mapping[str, int]) -> list[Example]:
        """Return the commits most like an ask, best first, at most `NEAREST`."""
        scores = self._examples.scores(terms)
        best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:NEAREST]
        return [
            Example(number, score * _faded(self.ages[number], SIMILAR_FADING_YEARS))
            for number, score in best
        ]

    def knowers(self, number: int) -> list[tuple[str, int]]:
        """Return who changed a file in how many commits, most first, at most `KNOWERS_MAX`.

        A commit over very many files shows no knowledge of any, nor does one that brought a
        whole repository in.
        """
        counts: dict[str, int] = {}
        for place in self.by_file[number]:
            author = self.changes[place].author
            if self.informative[place] and _is_person(author):
                counts[author] = counts.get(author, 0) + 1
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:KNOWERS_MAX]

    def _by_file(self, size: int) -> list[dict[str, int]]:
        """Put together, for each file, the words of the commits that changed it."""
        found: list[dict[str, int]] = [{} for _ in range(size)]
        for files, message, tells in zip(self.files, self.messages, self.informative, strict=True):
            if tells:
                for number in files:
                    mine = found[number]
                    for term, count in message.items():
                        mine[term] = mine.get(term, 0) + count
        return found

    def _together(self, size: int) -> list[dict[int, float]]:
        """Return, for each file, the share of its changes that each other file was part of."""
        found: list[dict[int, float]] = [{} for _ in range(size)]
        for files, age, tells in zip(self.files, self.ages, self.informative, strict=True):
            if tells and len(files) > 1:
                weight = _faded(age, TOGETHER_FADING_YEARS) / log(2 + len(files))
                for one in files:
                    mine = found[one]
                    for other in files:
                        if other != one:
                            mine[other] = mine.get(other, 0.0) + weight
        return [_shares(pairs) for pairs in found]


def _is_person(author: str) -> bool:
    return bool(author) and not _PROGRAM.search(author)


def _faded(years: float, half: float) -> float:
    return float(2.0 ** (-years / half))


def _shares(pairs: Mapping[int, float]) -> dict[int, float]:
    total = 1.0 + sum(pairs.values())
    best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:TOGETHER_MAX]
    return {other: weight / total for other, weight in best}
