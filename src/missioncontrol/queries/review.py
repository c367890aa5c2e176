"""Queries of a review: the change with its files, comments, rounds and decisions."""

import asyncio
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from missioncontrol.application.access import access_of, second_look_of
from missioncontrol.application.queries.approvals import ApprovalView, approval_view
from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.review_changes import (
    BYTES_MAX,
    REVIEWS,
    STREAM,
    Proposal,
    held_for,
    proposals_of,
    root_of,
    scope_of,
    way_of,
)
from missioncontrol.application.unified_diff import FilePatch, files_of
from missioncontrol.declarations import ItemQuery, Query, Target, Terminal
from missioncontrol.domain.approval.commands import Who
from missioncontrol.domain.errors import MissionControlError, NotFound
from missioncontrol.domain.principal import Permission
from missioncontrol.domain.review import Comment, Review, Side, unknown
from missioncontrol.domain.run.states import Run
from missioncontrol.projections.work_rows import WorkRow

Standing = Literal["open", "sent", "outdated", "resolved"]
"""How a comment stands: to be sent, with the builder, of a line that was changed since, settled."""


class ReviewFile(msgspec.Struct, frozen=True):
    """A file of a change."""

    path: str
    was: str  # its name before, where that differs
    change: str  # added, deleted, renamed, binary or changed
    added: int  # lines
    removed: int
    comments: int  # that are not resolved


class ReviewComment(msgspec.Struct, frozen=True):
    """A comment, and where it stands in the change that is shown. Times are in seconds."""

    number: int
    by: str
    at: float
    text: str
    standing: Standing
    path: str
    line: int  # as it was commented on; 0 for the file, or all of the change
    side: Side
    quote: str  # that line
    round: int
    digest: str  # of the diff that it was made on
    now: int  # its line in the diff that is shown; 0 where that does not have it
    resolved_by: str


class ReviewRound(msgspec.Struct, frozen=True):
    """A round in which the change was built."""

    round: int
    run: str
    step: str
    digest: str


class ReviewAction(msgspec.Struct, frozen=True):
    """What can be done with the change."""

    verb: Literal["approve", "request_changes"]
    title: str
    refusal: str  # why it can't be done now; "" where it can
    permission: Permission


class ReviewPage(msgspec.Struct, frozen=True):
    """A change in review."""

    id: str  # the key of the work item, or the run
    source: str
    title: str
    address: str  # of what it belongs to in the console
    run: str
    step: str
    round: int
    digest: str  # SHA-256 of the diff
    size: int  # bytes of the diff
    name: str  # of its file
    is_newest: bool
    is_whole: bool  # whether its lines are shown: a larger diff is downloaded
    rounds: list[ReviewRound]  # the oldest first
    files: list[ReviewFile]
    comments: list[ReviewComment]
    approval: str  # that waits for it; "" for none
    approval_title: str
    approval_digest: str
    needs_second_look: bool  # the caller is alone here, and types the digest
    actions: list[ReviewAction]

    @property
    def open_comments(self) -> int:
        """How many comments are not resolved."""
        return sum(each.standing != "resolved" for each in self.comments)

    def action(self, verb: str) -> ReviewAction:
        """Return an action by its verb."""
        return next(each for each in self.actions if each.verb == verb)


class Diffed(msgspec.Struct, frozen=True):
    """A change in review with the lines of its diff."""

    page: ReviewPage
    files: list[FilePatch]


async def review(reader: Reader, id_: str) -> ReviewPage:
    """Return the newest change of a work item or a run.

    Raises:
        NotFound: `review.unknown`.
    """
    return (await diffed(reader, id_)).page


async def diffed(reader: Reader, id_: str, digest: str = "") -> Diffed:
    """Return a change with its lines: the newest, or that with a digest.

    Raises:
        NotFound: `review.unknown`.
    """
    present = reader.present
    row, run = await _subject(reader, id_)
    source = row.id if row is not None else await root_of(run, present.run)
    proposals = proposals_of(run, scope_of(row) if row is not None else "")
    state = await present.find(REVIEWS, STREAM)
    found = state.reviews.get(source, Review()) if state is not None else Review()
    rounds = _rounds(proposals, found)
    if not proposals:
        raise unknown(id_)
    shown = next((each for each in rounds if each.digest == digest), None) if digest else None
    if digest and shown is None:
        raise unknown(f"{id_} with the digest {digest[:12]}")
    newest = proposals[-1]
    at = shown or _round(newest)
    files = await _files(reader, at, newest)
    approval = await _approval(reader, run, newest)
    actions = _actions(run, newest, row, approval)
    comments = [_comment(each, at.digest, files) for each in found.comments.values()]
    counts = Counter(each.path for each in comments if each.standing != "resolved")
    size = next((each.size for each in proposals if each.digest == at.digest), 0)
    board = present.board.run(run.id)
    title = row.title if row is not None else (board and present.board.title_of(board)) or run.id
    page = ReviewPage(
        id=row.key if row is not None else id_,
        source=source,
        title=title,
        address=f"/board/items/{row.key}" if row is not None else f"/runs/{run.id}",
        run=at.run,
        step=at.step,
        round=at.round,
        digest=at.digest,
        size=size,
        name=newest.name,
        is_newest=at.digest == newest.digest,
        is_whole=size <= BYTES_MAX,
        rounds=rounds,
        files=[
            ReviewFile(f.path, f.was, f.change, f.added, f.removed, counts[f.path]) for f in files
        ],
        comments=comments,
        approval=approval.approval if approval else "",
        approval_title=approval.title if approval else "",
        approval_digest=approval.digest if approval else "",
        needs_second_look=bool(approval and approval.author == reader.who.actor),
        actions=actions,
    )
    return Diffed(page, files)


async def _subject(reader: Reader, id_: str) -> tuple[WorkRow | None, Run]:
    present = reader.present
    if id_.startswith("run-"):
        return None, await present.run(id_)
    present.work_items  # noqa: B018 - reads the index that the next line asks
    item = present.work.item(id_)
    if item is None:
        raise unknown(id_)
    row = present.work.rows[item.source]
    if not row.run:
        raise unknown(id_)
    return row, await present.run(row.run)


def _round(each: Proposal) -> ReviewRound:
    return ReviewRound(each.round, each.run, each.step, each.digest)


def _rounds(proposals: Sequence[Proposal], found: Review) -> list[ReviewRound]:
    """Return the rounds of the run, and those of earlier runs that were commented on."""
    known = {each.digest: _round(each) for each in proposals}
    for each in found.comments.values():
        known.setdefault(each.digest, ReviewRound(each.round, each.run, each.step, each.digest))
    return sorted(known.values(), key=lambda each: (each.run, each.round))


async def _files(reader: Reader, at: ReviewRound, newest: Proposal) -> list[FilePatch]:
    if at.digest == newest.digest and newest.size > BYTES_MAX:
        return []
    try:
        content = await asyncio.to_thread(reader.present.artifacts.get, at.digest)
    except NotFound:
        return []
    if len(content) > BYTES_MAX:
        return []
    return await asyncio.to_thread(files_of, content.decode("utf-8", "replace"))


async def _approval(reader: Reader, run: Run, newest: Proposal) -> ApprovalView | None:
    held = run.held.get(held_for(run, newest))
    if held is None:
        return None
    access = await access_of(reader.present)
    look = second_look_of(access, Who(reader.who.actor), reader.owner)
    return await approval_view(
        reader.present, held.approval, reader.now, actor=reader.who.actor, look=look
    )


def _actions(
    run: Run, newest: Proposal, row: WorkRow | None, approval: ApprovalView | None
) -> list[ReviewAction]:
    nothing = "Nothing waits for an approval of it."
    no = approval.objection if approval is not None else nothing
    return [
        ReviewAction("approve", approval.title if approval else "Approve", no, "approve"),
        ReviewAction("request_changes", "Request changes", _objection(run, newest, row), "approve"),
    ]


def _objection(run: Run, newest: Proposal, row: WorkRow | None) -> str:
    try:
        way_of(run, newest, row)
    except MissionControlError as refusal:
        return refusal.reason
    return ""


def _comment(each: Comment, digest: str, files: Sequence[FilePatch]) -> ReviewComment:
    now = each.line if each.digest == digest else _moved(each, files)
    standing: Standing = "sent" if each.sent else "open"
    if each.is_resolved:
        standing = "resolved"
    elif each.line and not now:
        standing = "outdated"
    return ReviewComment(
        each.number,
        each.by,
        each.at,
        each.text,
        standing,
        each.path,
        each.line,
        each.side,
        each.quote,
        each.round,
        each.digest,
        now,
        each.resolved_by,
    )


def _moved(comment: Comment, files: Sequence[FilePatch]) -> int:
    """Return where the line of a comment stands in another diff; 0 where it was changed."""
    file = next((each for each in files if each.path == comment.path), None)
    if file is None or not comment.line:
        return 0
    same = [
        number
        for hunk in file.hunks
        for line in hunk.lines
        if (number := getattr(line, comment.side)) and line.text == comment.quote
    ]
    return min(same, key=lambda number: abs(number - comment.line), default=0)


def lines_of(page: ReviewPage, width: int) -> list[str]:
    """Return a change in review as lines of text."""
    lines = [
        f"{page.id}  {page.title}",
        f"  round {page.round} of {page.run}, sha256 {page.digest}",
    ]
    lines += [f"  {f.change:<8} +{f.added} -{f.removed}  {f.path}" for f in page.files]
    for each in page.comments:
        place = f"{each.path}:{each.line}" if each.line else each.path or "the change"
        lines.append(f"  #{each.number} {each.standing}, {place}, {each.by.partition(':')[2]}:")
        lines += [f"     {line}" for line in textwrap.wrap(each.text, max(width - 6, 30))]
    for action in page.actions:
        why = f": {action.refusal}" if action.refusal else ""
        lines += textwrap.wrap(f"{action.title}{why}", max(width - 2, 30), initial_indent="  ")
    return lines


REVIEW = Target(
    noun="review",
    path="/reviews",
    command="task review",
    metavar="KEY",
    help="the key of a work item, such as SHOP-7, or a run that handed in a diff",
    to_path=lambda id_: id_.replace("/", ":"),
    from_path=lambda part: part.replace(":", "/"),
)

GET = ItemQuery(
    name="review.get",
    title="Get a review",
    text="Return the newest change of a work item or a run.\n\nIts files, the comments on its "
    "lines, its rounds, and what can be decided about it.",
    target=REVIEW,
    source=opened,
    find=review,
    returns=ReviewPage,
    terminal=Terminal(verb="show", lines=lines_of),
)

QUERIES: tuple[Query, ...] = (GET,)
