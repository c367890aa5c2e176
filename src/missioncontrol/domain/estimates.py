"""What a plan foresees: where the work will be, what it needs, and what was known before it.

Each is stated with its grounds, and each is judged afterwards by what really happened.
"""

from typing import Literal

import msgspec

Measure = Literal["files", "lines", "hours", "seconds", "tokens", "cost"]
"""What is estimated. `lines` are added and deleted ones together, `hours` those of a person,
`seconds` those of an attempt, `cost` micro-dollars."""


class Spot(msgspec.Struct, frozen=True, omit_defaults=True):
    """Lines of a file that belong together."""

    name: str  # what is defined there; "" where nothing is
    line: int  # the first one, from 1
    last: int = 0  # included; 0 where the end is not known

    @property
    def lines(self) -> str:
        """The first and the last line: `12-40`, or `12` for one line."""
        return f"{self.line}-{self.last}" if self.last > self.line else str(self.line)

    @property
    def label(self) -> str:
        """The lines for a sentence: `lines 12-40`."""
        return f"line{'s' if self.last > self.line else ''} {self.lines}"


class Knower(msgspec.Struct, frozen=True):
    """A person who changed a file before, as the history names them."""

    name: str
    commits: int


class LikelyFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that a requirement will most likely change, and why."""

    path: str  # relative to the repository
    share: float  # of the chance of the likeliest file, above 0 and at most 1
    reasons: tuple[str, ...]  # what speaks most for it first
    spots: tuple[Spot, ...] = ()
    tests: tuple[str, ...] = ()  # files that test it
    knowers: tuple[Knower, ...] = ()  # who changed it most first
    chance: float = 0.0  # how likely the work changes it, 0 to 1; 0 where that is not known
    is_expected: bool = False  # whether the work is expected to change this file


class FollowUp(msgspec.Struct, frozen=True):
    """A repair that a merged change needed soon afterwards."""

    commit: str  # the short id
    title: str
    days: int  # after the change, rounded up


class Precedent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A change that was merged before and is like what is asked for."""

    commit: str  # the short id
    title: str
    files: tuple[str, ...]  # those it changed that are still there
    repairs: tuple[FollowUp, ...] = ()  # what it had forgotten, the earliest first


class Likely(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the work for one requirement will be, the likeliest file first."""

    requirement: str
    files: tuple[LikelyFile, ...]
    obtained: str = ""  # by which ranking, from what
    precedents: tuple[Precedent, ...] = ()  # the most similar ones first


class Estimate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What something will take: in eight of ten comparable cases, from `low` to `high`.

    With a `label` it is a class that most likely holds, such as a few lines.
    """

    task: str  # its key, or "" for the plan as a whole
    measure: Measure
    low: float
    likely: float
    high: float  # 0 for a class without an upper end
    basis: tuple[str, ...] = ()  # the comparable changes or runs, the most comparable first
    comparables: int = 0
    held: float | None = None  # share of past cases that fell into the range foreseen for them
    cases: int = 0  # how many were looked at for `held`
    label: str = ""  # a class in words, with its numbers; "" for a range

    @property
    def span(self) -> str:
        """The class, or the range in plain numbers: `1 to 4`."""
        return self.label or f"{self.low:,g} to {self.high:,g}"

    @property
    def calibration(self) -> str:
        """How often such an estimate held, in words; "" where that is not known."""
        if self.held is None:
            return ""
        wording = "such a class was right in" if self.label else "such ranges held"
        return f"{wording} {self.held:.0%} of {self.cases} past cases"

    def holds(self, value: float) -> bool:
        """Whether a value falls into it."""
        return self.low <= value and (value <= self.high or bool(self.label and not self.high))


class Recalled(msgspec.Struct, frozen=True, omit_defaults=True):
    """A remembered item that a planner receives."""

    item: str  # its id
    kind: str  # lesson, decision, risk, command, estimate
    title: str
    text: str
    source: str  # in words: which mission or document, and where in it
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # such as `planned`: from a plan, and no person confirmed it


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something recalled that the plan used, and for what."""

    item: str
    title: str
    quote: str  # the words of it that were used
    source: str
    used_for: tuple[str, ...]  # ids of risks, decisions and requirements; keys of tasks


class Actual(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an earlier run took; records of old runs tell of single tasks as well."""

    run: str
    task: str  # "" for the run as a whole
    role: str
    agent: str
    goal: str
    seconds: float
    tokens: int = 0
    cost: int | None = 0  # micro-dollars; None where a price was not known
