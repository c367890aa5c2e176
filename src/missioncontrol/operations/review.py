"""Operations on a review: comments on lines, changes that are asked for, approval."""

from typing import TYPE_CHECKING, Any

from missioncontrol.application.reviews import ReviewNow
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.review import (
    ApproveChange,
    CommentLine,
    ReopenComment,
    RequestRework,
    ResolveComment,
)
from missioncontrol.queries.review import REVIEW

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from missioncontrol.application.office import Office


def _settle(
    office: "Office", command: ResolveComment | ReopenComment, actor: str
) -> "Awaitable[ReviewNow]":
    return office.reviews.settle(command, actor=actor)


COMMENT = Operation(
    name="review.comment",
    title="Comment on a change",
    text="Comment on a line of a change, on a file, or on all of it. The comment stays with the "
    "change over further rounds.",
    command=CommentLine,
    returns=ReviewNow,
    permission="operate",
    handle=lambda office, command, actor: office.reviews.comment(command, actor=actor),
    target=REVIEW,
    path="comments",
    operation_id="comment_on_change",
    body=Body("ReviewComment", "A comment, and the line that it is about."),
    terminal=Terminal(
        verb="comment",
        metavars={"path": "FILE", "line": "N", "digest": "SHA256"},
        done="Comment {comment} on {id} is recorded.",
    ),
)

RESOLVE = Operation(
    name="review.resolve",
    title="Resolve a comment",
    text="Take a comment as settled; it goes to no builder. That is for people who may approve: a "
    "model may comment, and settles nothing.",
    command=ResolveComment,
    returns=ReviewNow,
    permission="approve",
    handle=_settle,
    target=REVIEW,
    operation_id="resolve_comment",
    surfaces=BY_PEOPLE,
    body=Body("ReviewCommentSettled", "Which comment."),
    terminal=Terminal(metavars={"comment": "N"}, done="Comment {comment} on {id} is resolved."),
)

REOPEN = Operation(
    name="review.reopen",
    title="Reopen a comment",
    text="Take a comment as open again.",
    command=ReopenComment,
    returns=ReviewNow,
    permission="approve",
    handle=_settle,
    target=REVIEW,
    operation_id="reopen_comment",
    surfaces=BY_PEOPLE,
    body=Body("ReviewCommentSettled", "Which comment."),
    terminal=Terminal(metavars={"comment": "N"}, done="Comment {comment} on {id} is open."),
)

REQUEST_CHANGES = Operation(
    name="review.request_changes",
    title="Request changes",
    text="Have the builder mend what the open comments say.\n\nThey become findings of the next "
    "round of a task; where its run has ended, a new run begins with them.",
    command=RequestRework,
    returns=ReviewNow,
    permission="approve",
    surfaces=BY_PEOPLE,
    handle=lambda office, command, actor: office.reviews.request_rework(command, actor=actor),
    target=REVIEW,
    path="request-changes",
    operation_id="request_changes_of_review",
    body=Body("ReworkAsked", "The diff that was shown, and what else is to be mended."),
    terminal=Terminal(metavars={"digest": "SHA256"}, done="{run} mends the change of {id}."),
)

APPROVE = Operation(
    name="review.approve",
    title="Approve a change",
    text="Approve the step that waits for it, such as the merge, for the change as it was shown.",
    command=ApproveChange,
    returns=ReviewNow,
    permission="approve",
    surfaces=BY_PEOPLE,
    handle=lambda office, command, actor: office.reviews.approve(command, actor=actor),
    target=REVIEW,
    operation_id="approve_change",
    body=Body("ChangeApproved", "The diff that was shown."),
    terminal=Terminal(metavars={"digest": "SHA256"}, done="The change of {id} is approved."),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (COMMENT, RESOLVE, REOPEN, REQUEST_CHANGES, APPROVE)
