"""The promise of the log of model calls: what was asked and answered, when, for whom, for how much.

It is a diary and no account: what counts as spent is in the ledger.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from missioncontrol.domain.work import NO_USAGE, Usage

Outcome = Literal["answered", "refused", "cut", "abandoned", "failed"]
"""Refused by us; cut by us in the middle; abandoned by its caller; failed by the upstream."""


class ToolCall(msgspec.Struct, frozen=True):
    """A tool that the model wanted to be called."""

    name: str
    arguments: str  # as the model wrote them, which may be broken JSON


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a model. The last four are empty where the policy keeps no contents."""

    id: str
    time: int  # microseconds since the epoch, when it arrived
    caller: str  # the name of its key
    api: str  # responses, chat, messages
    outcome: Outcome
    status: int  # of the HTTP answer
    agent: str = ""
    run: str = ""
    step: str = ""
    asked: str = ""  # the model that was asked for
    model: str = ""  # the model that answered, as it says itself
    upstream: str = ""
    code: str = ""  # why it was refused or cut, or how it failed
    reason: str = ""
    is_stream: bool = False
    usage: Usage = NO_USAGE
    is_estimated: bool = False  # the upstream did not tell what was used, or not the truth
    seconds: float = 0.0
    first_seconds: float = 0.0  # until the first byte of the answer; 0 where none came
    offered: tuple[str, ...] = ()  # tools that the model could have called
    prompt: str = ""  # the request as JSON
    answer: str = ""
    called: tuple[ToolCall, ...] = ()


class CallQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which calls are looked for; what is empty does not matter."""

    run: str = ""
    step: str = ""
    agent: str = ""
    model: str = ""  # asked for, or the one that answered
    since: int = 0  # microseconds since the epoch, inclusive
    until: int = 0  # exclusive; 0 is now
    before: int = 0  # the number of a call: only older ones; see `Found`
    limit: int = 100


class Found(msgspec.Struct, frozen=True):
    """A call that was found, with its number in the log."""

    number: int
    call: Call


class Retention(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long calls are stored, and in how much room; the stricter bound applies."""

    days: float = 30.0
    bytes_max: int = 2 * 1024**3


class CallLog(Protocol):
    """Stores calls. All methods are called from one thread at a time."""

    def write(self, calls: Sequence[Call]) -> None:
        """Keep these, all or none. There are no secrets in them any more."""
        ...

    def find(self, query: CallQuery) -> list[Found]:
        """Return calls without prompt, answer and tools, newest first, at most `query.limit`."""
        ...

    def read(self, number: int) -> Call | None:
        """Return all of one call; None where it is not stored, or no longer."""
        ...

    def prune(self, retention: Retention, now: int) -> int:
        """Drop a limited number of the oldest expired calls; return how many.

        The caller repeats it until it returns 0, and gives way to other work in between.
        """
        ...

    def close(self) -> None:
        """Close the file."""
        ...
