"""Operations on links to reports."""

from typing import Any

from missioncontrol.application.shares import ShareRun, ShareShown
from missioncontrol.declarations import BY_PEOPLE, SERVED, Body, Operation, Terminal
from missioncontrol.domain.share import RevokeShare
from missioncontrol.queries.share import SHARE

MAKE = Operation(
    name="share.make",
    title="Share a report",
    text="Return a link that shows the report of a run that has ended, as it stands now.\n\n"
    "Anyone with the link may look, without signing in, until it ends or is revoked; nothing else "
    "is reached with it.",
    permission="operate",
    surfaces=SERVED,  # `mission document share new` prints the whole address.
    command=ShareRun,
    creates=SHARE,
    operation_id="share_report",
    returns=ShareShown,
    shown_once=("path",),
    handle=lambda office, command, actor: office.shares.make(command, actor=actor),
    body=Body("NewShare", "A link to a report that is to be made."),
    former="ShareAsked",
)

REVOKE = Operation(
    name="share.revoke",
    title="Revoke a link to a report",
    text="Make a link show nothing any more.",
    permission="operate",
    surfaces=BY_PEOPLE,
    risk="end",
    command=RevokeShare,
    target=SHARE,
    method="DELETE",
    in_address=True,
    returns=type(None),
    handle=lambda office, command, actor: office.shares.revoke(command, actor=actor),
    former="ShareAsked",
    terminal=Terminal(
        done="The link {id!r} shows nothing any more.",
        json=lambda answer: {**answer, "revoked": True},
    ),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (MAKE, REVOKE)
