"""The shape of the execution pack and of a pack for one task: what builders need, as data."""

from typing import Literal

import msgspec

from missioncontrol.domain.estimates import Knower, Spot
from missioncontrol.domain.plan import Decision, Requirement, Risk
from missioncontrol.specialists.writer.command import Command

TASK_SCHEMA = "missioncontrol.task-pack/1"
TaskPart = Literal["change", "test", "read"]


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of code to read first, and why."""

    id: str  # E1, E2 …
    path: str
    start: int
    end: int
    title: str  # the definition that it shows
    why: str
    tasks: tuple[str, ...]
    language: str = ""
    text: str = ""
    more: int = 0  # lines of the same definition that follow `end`
    left_out: tuple[str, ...] = ()  # definitions in these lines, as `name (first-last)`

    @property
    def place(self) -> str:
        """Where it stands, as `path:first-last`."""
        return f"{self.path}:{self.start}-{self.end}"


class Beside(msgspec.Struct, frozen=True):
    """A place to read that has no excerpt in the pack."""

    place: str  # `path`, or `path:first-last` of a definition
    why: str


class Packed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One handed-over task."""

    key: str
    title: str
    detail: str
    acceptance: tuple[str, ...]
    risk_checks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()  # handed-over tasks that come first
    requirements: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    read: tuple[str, ...] = ()  # ids of readings
    beside: tuple[Beside, ...] = ()


class KeepOut(msgspec.Struct, frozen=True):
    """Something not to touch, and why."""

    what: str
    why: str


class Budget(msgspec.Struct, frozen=True, omit_defaults=True):
    """How large the pack may be, how that is counted, and what did not fit."""

    tokens_max: int
    rule: str
    tokens: int
    dropped: tuple[str, ...] = ()  # places whose excerpts had no room
    cut: int = 0  # characters that a text may have where they were cut to fit; 0 where none was


class Pack(msgspec.Struct, frozen=True):
    """The execution pack; its Markdown is written from this and says the same."""

    goal: str
    title: str
    context: str
    requirements: tuple[Requirement, ...]
    tasks: tuple[Packed, ...]
    code: tuple[Reading, ...]
    commands: tuple[Command, ...]
    decisions: tuple[Decision, ...]
    risks: tuple[Risk, ...]
    keep_out: tuple[KeepOut, ...]
    done: tuple[str, ...]
    questions: tuple[str, ...]
    gaps: tuple[str, ...]
    obtained: tuple[str, ...]
    budget: Budget


class FileToKnow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the repository, what this task does with it, and why it is named."""

    path: str
    part: TaskPart
    why: tuple[str, ...]
    spots: tuple[Spot, ...] = ()  # definitions to look at
    excerpts: tuple[str, ...] = ()  # ids of what is shown of it
    knowers: tuple[Knower, ...] = ()  # whom to ask


class TaskPack(msgspec.Struct, frozen=True):
    """The pack; its Markdown is written from this and says the same."""

    schema: str
    goal: str
    mission: str  # the plan's title
    number: int  # among the tasks of the whole pack, from 1
    of: int
    task: Packed
    requirements: tuple[Requirement, ...]  # that it serves
    constraints: tuple[str, ...]
    files: tuple[FileToKnow, ...]
    commands: tuple[Command, ...]
    decisions: tuple[Decision, ...]
    risks: tuple[Risk, ...]
    keep_out: tuple[KeepOut, ...]
    done: tuple[str, ...]
    questions: tuple[str, ...]
    code: tuple[Reading, ...]
    obtained: tuple[str, ...]
    budget: Budget
    context: str = ""  # given with the goal
