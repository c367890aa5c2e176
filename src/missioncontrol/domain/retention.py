"""The bound of the output of agents: people set it, and what goes beyond it is removed."""

from typing import Annotated, assert_never

import msgspec
from msgspec import Meta

BYTES_DEFAULT = 10_000_000_000
"""Stored by default: some hundred million lines."""

BYTES_MIN = 1_000_000
REASON_MAX = 2_000
RUNS_MAX = 100
"""Runs of which one event tells that their output is removed."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class OutputBounded(Event, frozen=True):
    """From now on, so many bytes of output are stored."""

    bytes: int | None  # None: all of it
    reason: str = ""


class OutputRemoved(Event, frozen=True):
    """The output of these runs, which have ended, is removed because of the bound."""

    runs: tuple[str, ...]  # the oldest
    lines: int
    bytes: int


RetentionEvent = OutputBounded | OutputRemoved

EVENTS: dict[type, tuple[str, int]] = {
    OutputBounded: ("output_bounded", 1),
    OutputRemoved: ("output_removed", 1),
}
"""The lasting name and version of every event."""


class BoundOutput(msgspec.Struct, frozen=True):
    """Keep so many bytes of output."""

    bytes: Annotated[int, Meta(ge=BYTES_MIN, le=2**53)] | None  # of text; null: all of it
    reason: Annotated[str, Meta(max_length=REASON_MAX)] = ""


class RemoveOutput(msgspec.Struct, frozen=True):
    """Remove the output of these runs."""

    runs: tuple[str, ...]
    lines: int
    bytes: int


RetentionCommand = BoundOutput | RemoveOutput


class Retention(msgspec.Struct, frozen=True):
    """What is stored, and what was removed."""

    bytes: int | None = BYTES_DEFAULT  # of output in all; None: no bound
    removed_runs: int = 0  # without any output left
    removed_bytes: int = 0
    removed_last: float = 0.0  # seconds since the epoch; 0 where nothing was


BY_DEFAULT = Retention()


def decide(
    command: RetentionCommand, retention: Retention | None, now: float
) -> list[RetentionEvent]:
    """Answer `command` with the events it makes true."""
    del now
    match command:
        case BoundOutput():
            if command.bytes == (retention or BY_DEFAULT).bytes:
                return []
            return [OutputBounded(command.bytes, command.reason)]
        case RemoveOutput():
            assert 0 < len(command.runs) <= RUNS_MAX
            return [OutputRemoved(command.runs, command.lines, command.bytes)]
        case _:
            assert_never(command)


def evolve(retention: Retention | None, event: RetentionEvent, at: float) -> Retention:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    known = retention or BY_DEFAULT
    match event:
        case OutputBounded():
            return msgspec.structs.replace(known, bytes=event.bytes)
        case OutputRemoved():
            return msgspec.structs.replace(
                known,
                removed_runs=known.removed_runs + len(event.runs),
                removed_bytes=known.removed_bytes + event.bytes,
                removed_last=at,
            )
        case _:
            assert_never(event)
