"""What sessions of agent programs do now: rows that come and go, and what was charged of each."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from missioncontrol.domain.agent_session import Place, Program, SessionId, Standing, Text
from missioncontrol.domain.work import NO_USAGE, Usage

RECENT_MAX = 20
"""Actions of one session that its row has, the newest last."""


class Doing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tool that a session used, and on what."""

    at: float  # seconds since the epoch
    tool: Text
    target: Text = ""


class Activity(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A session as it is now. Times are seconds since the epoch; 0 where not known."""

    session: SessionId
    program: Program
    machine: Text
    directory: Place
    started: float
    last: float  # when it last did anything
    standing: Standing = Standing()
    version: Text = ""
    branch: Text = ""
    title: Text = ""  # its first prompt
    model: Text = ""
    pid: int = 0
    pid_started: float = 0.0
    turns: int = 0  # prompts of its person
    usage: Usage = NO_USAGE  # as its own record counts it
    recent: Annotated[tuple[Doing, ...], Meta(max_length=RECENT_MAX)] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """A session at one moment: what an agent needs to continue it."""

    base: str  # the commit that its checkout was at when it began; "" where there was none
    patch: bytes  # what differs from that in its checkout
    record: bytes  # its own file


class Checkout(msgspec.Struct, frozen=True):
    """The directory of a session, as a task of a repository sees it."""

    is_same: bool  # whether it is a checkout of that repository
    has_base: bool  # whether the branch has the commit at which its session began


class ActivityStore(Protocol):
    """Keeps the rows; one process writes, any number reads."""

    def all(self) -> list[Activity]:
        """Return the rows, the last active one first."""
        ...

    def newest(self) -> float:
        """Return when any of them last did anything, in seconds since the epoch; 0 for none."""
        ...

    def save(self, rows: Sequence[Activity]) -> None:
        """Put these in the place of what was known of their sessions; old rows are removed."""
        ...

    def charged(self, session: str) -> Usage:
        """Return what of a session's usage was charged to a run."""
        ...

    def keep_charged(self, session: str, usage: Usage) -> None:
        """Note that so much was charged in all."""
        ...
