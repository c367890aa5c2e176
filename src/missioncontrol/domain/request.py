"""A request of a signed-in user: accepted, answered, refused; the same one counts once."""

from typing import Any, assert_never

import msgspec

from missioncontrol.domain.errors import Corrupt, Rejected
from missioncontrol.domain.principal import Way

ANSWER_BYTES_MAX = 64 * 1024
"""A longer answer is not stored; a repeated request receives a note instead."""


FORMER_VERBS = {
    "Asked": "schedule",
    "AgentAsked": "agent",
    "AllDocumentsAsked": "document",
    "KeyAsked": "gateway_key",
    "DecisionAsked": "decision",
    "DecisionsImported": "decision.import",
    "DocumentAsked": "document",
    "MemoryAsked": "memory",
    "ProductAsked": "product",
    "RemovalAsked": "product",
    "RemovalFinished": "product.finish_removal",
    "SavedAsked": "product",
    "PriceChange": "price.set",
    "SecondLookAsked": "user.second_look",
    "SourceAsked": "product",
    "TokenAsked": "token.issue",
    "TokenRevoked": "token.revoke",
    "UserArrived": "user.arrive",
    "UserAsked": "user",
    "WebhookAsked": "webhook",
    "WorkspaceAsked": "user.name_workspace",
    "ShareAsked": "share",
    "BeginRun": "run.start",
    "CancelRun": "run.cancel",
    "ForkRun": "run.fork",
    "RaiseCaps": "run.raise_caps",
    "ResumeRun": "run.resume",
    "RetryRun": "run.retry",
    "OutputBound": "retention.bound_output",
}
"""Verbs that earlier releases wrote down, and what they are called now: the name of an operation,
or the noun alone where one verb stood for several operations."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class RequestTaken(Event, frozen=True):
    """A user asks for a change; whatever comes of it names this event as its cause."""

    verb: str
    way: Way  # how they signed in
    credential: str  # their session or token, without its secret
    address: str
    agent: str = ""  # what their client calls itself
    digest: str = ""  # SHA-256 of what is asked, where the client named the request itself


class RequestAnswered(Event, frozen=True):
    """It was done."""

    answer: Any = None  # as it was sent, without what is shown only once
    is_kept: bool = True  # False: it was too long
    shown_once: tuple[str, ...] = ()  # fields that were sent and are not stored


class RequestRefused(Event, frozen=True):
    """It was not done, and may be asked again."""

    code: str
    reason: str


RequestEvent = RequestTaken | RequestAnswered | RequestRefused

EVENTS: dict[type, tuple[str, int]] = {
    RequestTaken: ("request_taken", 1),
    RequestAnswered: ("request_answered", 1),
    RequestRefused: ("request_refused", 1),
}
"""The lasting name and version of every event."""


class TakeRequest(msgspec.Struct, frozen=True):
    """Begin to do what a user asks for.

    Where it was accepted before and has no answer, its work has stopped, and `came` is the
    position of the last event that it made true; 0 where nothing came of it. `former` are the verb
    and the digest that an earlier release would have written down for it.
    """

    taken: RequestTaken
    came: int = 0
    former: tuple[str, str] = ("", "")


class AnswerRequest(msgspec.Struct, frozen=True):
    """Say that it is done."""

    answered: RequestAnswered


class RefuseRequest(msgspec.Struct, frozen=True):
    """Say that it is not done."""

    code: str
    reason: str


RequestCommand = TakeRequest | AnswerRequest | RefuseRequest


class Asked(msgspec.Struct, frozen=True):
    """A request, and what became of it."""

    taken: RequestTaken
    end: RequestAnswered | RequestRefused | None = None  # None: being done, or broken off


def decide(command: RequestCommand, asked: Asked | None, now: float) -> list[RequestEvent]:
    """Answer `command` with the events it makes true; none where it was answered already.

    Raises:
        Rejected: `request.another` or `request.half_done`.
    """
    del now
    match command:
        case TakeRequest():
            return _accept(command, asked)
        case AnswerRequest(answered=answered):
            _refuse_twice(asked)
            return [answered]
        case RefuseRequest():
            _refuse_twice(asked)
            return [RequestRefused(command.code, command.reason)]
        case _:
            assert_never(command)


def verb_now(verb: str) -> str:
    """Return what a verb of the log is called now."""
    return FORMER_VERBS.get(verb, verb)


def _refuse_twice(asked: Asked | None) -> None:
    assert asked is not None, "only an accepted request has an end"
    assert asked.end is None, "a request has one end"


def _accept(command: TakeRequest, asked: Asked | None) -> list[RequestEvent]:
    request = command.taken
    if asked is None:
        return [request]
    before = (asked.taken.verb, asked.taken.digest)
    is_same = before in ((request.verb, request.digest), command.former)
    if not is_same or not request.digest:
        raise Rejected(
            "request.another",
            f"Another request ({verb_now(asked.taken.verb)}) was made under this key.",
            hint="A key stands for one request; choose a new one.",
        )
    match asked.end:
        case RequestAnswered():
            return []
        case RequestRefused():
            return [request]
        case None:
            return _accept_again(request, command.came)


def _accept_again(request: RequestTaken, came: int) -> list[RequestEvent]:
    """Do again what nothing came of; what something came of would be done twice."""
    if came:
        raise Rejected(
            "request.half_done",
            f"This request ({request.verb}) broke off when a part of it was done, up to event "
            f"{came}; nothing more comes of it.",
            hint="Look at what was done, and ask for what is missing under a new key.",
        )
    return [request]


def still_open(verb: str) -> Rejected:
    """Say that a request is being done, so that it can't begin again."""
    return Rejected(
        "request.open",
        f"This request ({verb}) was accepted, and is still in progress.",
        hint="Wait and ask again.",
    )


def evolve(asked: Asked | None, event: RequestEvent, at: float) -> Asked:
    """Apply `event`, which became true at `at` (seconds since the epoch).

    Raises:
        Corrupt: `request.not_taken`.
    """
    del at
    if isinstance(event, RequestTaken):
        return Asked(event)
    if asked is None:
        raise Corrupt("request.not_taken", "A request was answered that was never accepted.")
    return Asked(asked.taken, event)
