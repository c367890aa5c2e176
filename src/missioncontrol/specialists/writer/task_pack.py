"""The shape of a pack for one task: all that who does it needs to know, and nothing else."""

from typing import Literal

import msgspec

from missioncontrol.domain.estimates import Knower, Spot
from missioncontrol.domain.plan import Decision, Requirement, Risk
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.pack import Budget, KeepOut, Packed, Reading

SCHEMA = "missioncontrol.task-pack/1"
Part = Literal["change", "test", "read"]


class FileToKnow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the repository, what this task does with it, and why it is named."""

    path: str
    part: Part
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
