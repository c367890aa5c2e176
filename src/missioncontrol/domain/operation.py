"""How far the workspace may work: everything, or only what has begun, or nothing at all."""

from typing import Literal, assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

Stage = Literal["stopped", "paused", "drain", "all"]
LIMITED = ("agent", "actor", "workspace")
LIMITS_MAX = 1_000
SECONDS_MAX = 31 * 86_400.0
REASON_MAX = 2_000
NAME_MAX = 300


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class EmergencyStopped(Event, frozen=True):
    """Nothing starts any more, from whatever source, and what worked was ended."""

    reason: str


class StageEntered(Event, frozen=True):
    """Work may go on as far as this stage allows."""

    stage: Stage
    reason: str = ""


class RateLimitSet(Event, frozen=True):
    """So many starts in so many seconds, and no more."""

    kind: Literal["agent", "actor", "workspace"]  # starts of its attempts, or of their runs
    name: str  # empty for the workspace
    starts: int
    seconds: float
    reason: str


class RateLimitRemoved(Event, frozen=True):
    """That limit holds no longer."""

    kind: Literal["agent", "actor", "workspace"]
    name: str
    reason: str


OperationEvent = EmergencyStopped | StageEntered | RateLimitSet | RateLimitRemoved
EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    EmergencyStopped: ("emergency_stopped", 1),
    StageEntered: ("stage_entered", 1),
    RateLimitSet: ("rate_limit_set", 1),
    RateLimitRemoved: ("rate_limit_removed", 1),
}


class StopEverything(msgspec.Struct, frozen=True):
    """The emergency stop."""

    reason: str


class EnterStage(msgspec.Struct, frozen=True):
    """Resume work, in stages."""

    stage: Stage
    reason: str = ""


class SetRateLimit(msgspec.Struct, frozen=True):
    """Bound how often something starts."""

    kind: Literal["agent", "actor", "workspace"]
    name: str
    starts: int
    seconds: float
    reason: str


class RemoveRateLimit(msgspec.Struct, frozen=True):
    """Take such a bound away."""

    kind: Literal["agent", "actor", "workspace"]
    name: str
    reason: str


OperationCommand = StopEverything | EnterStage | SetRateLimit | RemoveRateLimit


class RateLimit(msgspec.Struct, frozen=True):
    """At most `starts` in any `seconds`."""

    starts: int
    seconds: float


class Operation(msgspec.Struct):
    """What holds now."""

    stage: Stage = "all"
    since: float = 0.0
    reason: str = ""
    limits: dict[tuple[str, str], RateLimit] = {}

    @property
    def may_dispatch(self) -> bool:
        """Whether a step of a run that exists may start."""
        return self.stage in ("drain", "all")

    @property
    def may_begin(self) -> bool:
        """Whether a new run may come into being and wait for its turn."""
        return self.stage in ("paused", "all")


OPEN = Operation()
"""The state before the first change."""


def decide(
    command: OperationCommand, operation: Operation | None, now: float
) -> list[OperationEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `operation.no_reason`, `operation.long_reason`, `operation.bad_stage` or
            `operation.bad_limit`.
        NotFound: `operation.unknown_limit`.
    """
    present = operation or OPEN
    match command:
        case StopEverything():
            _refuse_no_reason(command.reason, "an emergency stop")
            return [EmergencyStopped(command.reason)]
        case EnterStage():
            _refuse_long_reason(command.reason)
            if command.stage == "stopped":
                raise Rejected(
                    "operation.bad_stage",
                    "To stop is no stage to start from.",
                    hint="`mission engine halt --reason TEXT` stops everything.",
                )
            if command.stage == present.stage:
                return []
            return [StageEntered(command.stage, command.reason)]
        case SetRateLimit():
            _refuse_no_reason(command.reason, "a rate limit")
            _refuse_bad_limit(command, present)
            return [
                RateLimitSet(
                    command.kind, command.name, command.starts, command.seconds, command.reason
                )
            ]
        case RemoveRateLimit():
            if (command.kind, command.name) not in present.limits:
                raise NotFound(
                    "operation.unknown_limit",
                    f"There is no rate limit of {f'{command.kind} {command.name}'.strip()!r}.",
                    hint="`mission engine rate-limit list` names them.",
                )
            _refuse_long_reason(command.reason)
            return [RateLimitRemoved(command.kind, command.name, command.reason)]
        case _:
            assert_never(command)


def evolve(operation: Operation | None, event: OperationEvent, at: float) -> Operation:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    was = operation or OPEN
    match event:
        case EmergencyStopped():
            return Operation("stopped", at, event.reason, was.limits)
        case StageEntered():
            return Operation(event.stage, at, event.reason, was.limits)
        case RateLimitSet():
            limit = RateLimit(event.starts, event.seconds)
            limits = {**was.limits, (event.kind, event.name): limit}
            return Operation(was.stage, was.since, was.reason, limits)
        case RateLimitRemoved():
            if (event.kind, event.name) not in was.limits:
                raise Corrupt("operation.no_limit", f"{event.kind} {event.name!r} has no limit.")
            limits = {k: v for k, v in was.limits.items() if k != (event.kind, event.name)}
            return Operation(was.stage, was.since, was.reason, limits)
        case _:
            assert_never(event)


def _refuse_no_reason(reason: str, what: str) -> None:
    if not reason.strip():
        raise Rejected(
            "operation.no_reason", f"The reason for {what} is empty.", hint="Say why, in words."
        )
    _refuse_long_reason(reason)


def _refuse_long_reason(reason: str) -> None:
    """Refuse a reason that is long: every attempt that a stop ends writes it down."""
    if len(reason) > REASON_MAX:
        raise Rejected(
            "operation.long_reason",
            f"The reason has {len(reason):,} characters; at most {REASON_MAX:,} fit.",
            hint="Shorten it.",
        )


def _refuse_bad_limit(command: SetRateLimit, operation: Operation) -> None:
    if not 0 <= command.starts <= 1_000_000 or not 1 <= command.seconds <= SECONDS_MAX:
        raise Rejected(
            "operation.bad_limit",
            f"A limit of {command.starts} starts in {command.seconds:g} s is out of range.",
            hint="Starts are 0 to 1,000,000; the time is a second to 31 days.",
        )
    if bool(command.name) == (command.kind == "workspace"):
        raise Rejected(
            "operation.bad_limit",
            f"A limit of {command.kind} is for {command.name or 'no name'!r}.",
            hint="Name the agent or actor; the workspace has no name.",
        )
    if len(command.name) > NAME_MAX or not command.name.isprintable():
        raise Rejected(
            "operation.bad_limit", f"{command.name[:60]!r} is no name of an agent or actor."
        )
    is_new = (command.kind, command.name) not in operation.limits
    if is_new and len(operation.limits) >= LIMITS_MAX:
        raise Rejected("operation.bad_limit", f"There are {LIMITS_MAX} rate limits already.")
