"""Operations on tokens."""

from types import NoneType
from typing import Any

import msgspec

from missioncontrol.application.access import IssueTokenForCaller, TokenShown
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.documents.figures import moment
from missioncontrol.domain.access.commands import UNKNOWN, RevokeToken
from missioncontrol.domain.access.refusals import TOKEN_SECONDS_MAX
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.queries.token import TOKEN


def time_of(text: str) -> float:
    """Return the seconds for which a token holds.

    Raises:
        Rejected: `token.bad_time`.
    """
    seconds = seconds_of(text)
    if isinstance(seconds, str) or seconds > TOKEN_SECONDS_MAX:
        hint = seconds if isinstance(seconds, str) else "A token holds for at most 366 days."
        raise Rejected("token.bad_time", f"--expires is {text[:60]!r}.", hint=hint)
    return seconds


ISSUE = Operation(
    name="token.issue",
    title="Issue a token",
    text="Return a token that acts for the caller, as far as its scopes go, until it ends.\n\n"
    "It can never do more than its owner may at the time, nor more than what asks for it.",
    command=IssueTokenForCaller,
    returns=TokenShown,
    permission="sign_in",
    surfaces=BY_PEOPLE,
    handle=lambda office, command, actor: office.access.issue(command, actor=actor),
    creates=TOKEN,
    body=Body("NewToken", "A token that a person wants."),
    shown_once=("token",),
    former="TokenAsked",
    terminal=Terminal(
        verb="new",
        positional=("name",),
        names={"scopes": "scope", "seconds": "expires"},
        metavars={"seconds": "TIME"},
        parse={"seconds": time_of},
        done=lambda made: (
            f"This is the token {made.name!r} ({made.id}); it holds until {moment(made.until)}. "
            "It is not shown again."
        ),
    ),
)

REVOKE = Operation(
    name="token.revoke",
    title="Revoke a token",
    text="Make a token void at once: one's own, or anybody's for an admin.",
    command=RevokeToken,
    fixed={"by": UNKNOWN},
    returns=NoneType,
    permission="sign_in",
    surfaces=BY_PEOPLE,
    risk="end",
    handle=lambda office, command, actor: office.access.remove(command, actor=actor),
    target=msgspec.structs.replace(TOKEN, field="token"),
    method="DELETE",
    in_address=True,
    former="TokenRevoked",
    terminal=Terminal(done="The token {id!r} is void."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ISSUE, REVOKE)
