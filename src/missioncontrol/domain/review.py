"""Reviews: what people say about lines of a change, and what they ask its builder to mend.

All reviews share one stream. A review belongs to a work item, or to a run of its own, and goes on
over all rounds of building: a comment keeps the digest of the diff that it was made on.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.finding import FINDINGS_MAX, LINE_MAX, PATH_MAX, TEXT_MAX, Finding

ID_MAX = 300
QUOTE_MAX = 500
COMMENTS_MAX = 500
"""Of one review."""

REVIEWS_MAX = 2_000
"""Reviews at hand: those that were commented on last. The log keeps all."""

Side = Literal["new", "old"]
Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX)]
Digest = Annotated[
    str,
    Meta(min_length=64, max_length=64, description="The SHA-256 of the diff that was shown."),
]
Number = Annotated[int, Meta(ge=1, description="The number of the comment.")]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape; `review` is the source of a work item, or a run."""

    review: str
    by: str


class ReviewCommentAdded(Event, frozen=True, kw_only=True):
    """A person comments on a line of a change, on a file, or on all of it."""

    comment: int
    text: str
    run: str
    step: str
    round: int
    digest: str  # of the diff
    path: str = ""
    line: int = 0  # 0 for the file
    side: Side = "new"
    quote: str = ""  # the line


class ReviewCommentResolved(Event, frozen=True, kw_only=True):
    """What a comment asks for is done, or no longer wanted."""

    comment: int


class ReviewCommentReopened(Event, frozen=True, kw_only=True):
    """A comment is open again."""

    comment: int


class ReworkRequested(Event, frozen=True, kw_only=True):
    """These comments go to the builder as findings of the next round."""

    run: str
    step: str
    round: int
    digest: str
    comments: tuple[int, ...]
    text: str = ""  # what else is to be mended
    next_run: str = ""  # where the next round is a run of its own


ReviewEvent = ReviewCommentAdded | ReviewCommentResolved | ReviewCommentReopened | ReworkRequested

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    ReviewCommentAdded: ("review_comment_added", 1),
    ReviewCommentResolved: ("review_comment_resolved", 1),
    ReviewCommentReopened: ("review_comment_reopened", 1),
    ReworkRequested: ("rework_requested", 1),
}
"""The lasting name and version of every event."""


class CommentLine(msgspec.Struct, frozen=True):
    """Comment on a line of a change."""

    id: Id
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description="The comment.")]
    digest: Digest
    path: Annotated[
        str, Meta(max_length=PATH_MAX, description="The file; empty for the whole change.")
    ] = ""
    line: Annotated[int, Meta(ge=0, le=LINE_MAX, description="0 for the whole file.")] = 0
    side: Annotated[Side, Meta(description="The file as changed, or as it was.")] = "new"


class ResolveComment(msgspec.Struct, frozen=True):
    """Take a comment as settled."""

    id: Id
    comment: Number


class ReopenComment(msgspec.Struct, frozen=True):
    """Take a comment as open again."""

    id: Id
    comment: Number


class RequestRework(msgspec.Struct, frozen=True):
    """Have the builder mend what the open comments say."""

    id: Id
    digest: Digest
    text: Annotated[
        str, Meta(max_length=TEXT_MAX, description="What else is to be mended, in words.")
    ] = ""


class ApproveChange(msgspec.Struct, frozen=True):
    """Approve what is to happen with a change, as it was shown."""

    id: Id
    digest: Digest
    reason: Annotated[
        str, Meta(max_length=TEXT_MAX, description="Why; stored in the log permanently.")
    ] = ""
    typed: Annotated[
        str,
        Meta(max_length=64, description="The beginning of the approval's digest, where asked."),
    ] = ""


ReviewCommand = CommentLine | ResolveComment | ReopenComment | RequestRework


class Shown(msgspec.Struct, frozen=True):
    """The diff that a command is about."""

    run: str
    step: str
    round: int
    digest: str
    quote: str = ""  # the line that is commented on


class Change(msgspec.Struct, frozen=True):
    """A command with what its service looked up."""

    command: ReviewCommand
    review: str
    by: str
    shown: Shown | None = None
    next_run: str = ""


class Comment(msgspec.Struct, frozen=True):
    """A comment as it stands. Times are seconds since the epoch."""

    number: int
    by: str
    at: float
    text: str
    run: str
    step: str
    round: int
    digest: str
    path: str
    line: int
    side: Side
    quote: str
    is_resolved: bool = False
    resolved_by: str = ""
    sent: int = 0  # how often it went to the builder

    @property
    def finding(self) -> Finding:
        """The comment as a builder is given it."""
        line = self.line if self.side == "new" else 0
        return Finding(self.text, self.path, line, self.quote)


class Review(msgspec.Struct, frozen=True):
    """All comments on one change."""

    comments: dict[int, Comment] = {}
    requests: int = 0

    @property
    def open_ones(self) -> list[Comment]:
        """The comments that are not resolved, the oldest first."""
        return [each for each in self.comments.values() if not each.is_resolved]


class Reviews(msgspec.Struct):
    """All reviews, by what they are of; the last to be commented on stands last."""

    reviews: dict[str, Review]


def unknown(stream: str) -> NotFound:
    """Say that there is no such review."""
    return NotFound(
        "review.unknown",
        f"There is no change to review of {stream[:80]!r}.",
        hint="Name a work item, or a run that handed in a diff.",
    )


def findings_of(review: Review, text: str) -> tuple[Finding, ...]:
    """Return what the builder is to mend: the open comments, then `text`.

    Raises:
        Rejected: `review.nothing_said`, `review.too_many`.
    """
    found = [each.finding for each in review.open_ones]
    if text.strip():
        found.append(Finding(text.strip()))
    if not found:
        raise Rejected(
            "review.nothing_said",
            "There is no open comment, so the builder would not know what to mend.",
            hint="Comment on a line, or say what to mend.",
        )
    if len(found) > FINDINGS_MAX:
        raise Rejected(
            "review.too_many",
            f"{len(found)} comments are open; a builder is given {FINDINGS_MAX} at once.",
            hint="Resolve some of them.",
        )
    return tuple(found)


def decide(change: Change, state: Reviews | None, now: float) -> list[ReviewEvent]:
    """Answer a change with the events it makes true.

    Raises:
        NotFound: `review.no_comment`.
        Rejected: `review.too_many`, `review.nothing_said`.
    """
    del now
    review = state.reviews.get(change.review, Review()) if state is not None else Review()
    command, shown = change.command, change.shown
    match command:
        case CommentLine():
            return [_added(command, change, review)]
        case ResolveComment():
            known = _comment(review, command.comment)
            settled = ReviewCommentResolved(change.review, change.by, comment=known.number)
            return [] if known.is_resolved else [settled]
        case ReopenComment():
            known = _comment(review, command.comment)
            opened = ReviewCommentReopened(change.review, change.by, comment=known.number)
            return [opened] if known.is_resolved else []
        case RequestRework():
            assert shown is not None, "the service looks it up"
            findings_of(review, command.text)
            return [
                ReworkRequested(
                    change.review,
                    change.by,
                    run=shown.run,
                    step=shown.step,
                    round=shown.round,
                    digest=shown.digest,
                    comments=tuple(each.number for each in review.open_ones),
                    text=command.text.strip(),
                    next_run=change.next_run,
                )
            ]
        case _:
            assert_never(command)


def _added(command: CommentLine, change: Change, review: Review) -> ReviewCommentAdded:
    shown = change.shown
    assert shown is not None, "the service looks it up"
    if len(review.comments) >= COMMENTS_MAX:
        raise Rejected(
            "review.too_many", f"This change has {len(review.comments)} comments already."
        )
    return ReviewCommentAdded(
        change.review,
        change.by,
        comment=max(review.comments, default=0) + 1,
        text=command.text.strip(),
        run=shown.run,
        step=shown.step,
        round=shown.round,
        digest=shown.digest,
        path=command.path,
        line=command.line,
        side=command.side,
        quote=shown.quote[:QUOTE_MAX],
    )


def _comment(review: Review, number: int) -> Comment:
    found = review.comments.get(number)
    if found is None:
        raise NotFound("review.no_comment", f"This change has no comment {number}.")
    return found


def evolve(state: Reviews | None, event: ReviewEvent, at: float) -> Reviews:
    """Apply `event`."""
    state = state or Reviews({})
    review = state.reviews.pop(event.review, Review())
    state.reviews[event.review] = _evolved(review, event, at)
    while len(state.reviews) > REVIEWS_MAX:
        del state.reviews[next(iter(state.reviews))]
    return state


def _evolved(review: Review, event: ReviewEvent, at: float) -> Review:
    match event:
        case ReviewCommentAdded():
            fields = {name: getattr(event, name) for name in _KEPT}
            made = Comment(event.comment, event.by, at, **fields)
            return _with(review, [made])
        case ReviewCommentResolved():
            return _changed(review, [event.comment], is_resolved=True, resolved_by=event.by)
        case ReviewCommentReopened():
            return _changed(review, [event.comment], is_resolved=False, resolved_by="")
        case ReworkRequested():
            found = (review.comments[each] for each in event.comments if each in review.comments)
            sent = [msgspec.structs.replace(each, sent=each.sent + 1) for each in found]
            return msgspec.structs.replace(_with(review, sent), requests=review.requests + 1)
        case _:
            assert_never(event)


_KEPT = ("text", "run", "step", "round", "digest", "path", "line", "side", "quote")


def _changed(review: Review, numbers: Iterable[int], **fields: Any) -> Review:
    known = (review.comments[each] for each in numbers if each in review.comments)
    return _with(review, [msgspec.structs.replace(each, **fields) for each in known])


def _with(review: Review, comments: Iterable[Comment]) -> Review:
    changed = {each.number: each for each in comments}
    return msgspec.structs.replace(review, comments={**review.comments, **changed})
