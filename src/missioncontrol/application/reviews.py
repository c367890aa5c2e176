"""The way in for reviews: comments on lines of a change, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from missioncontrol.application.approvals import Spoken
from missioncontrol.application.journal import Journal
from missioncontrol.application.review_changes import (
    BYTES_MAX,
    REVIEWS,
    STREAM,
    Proposal,
    held_for,
    others_of,
    proposals_of,
    root_of,
    scope_of,
    way_of,
)
from missioncontrol.application.task_runs import asked_again
from missioncontrol.application.unified_diff import files_of
from missioncontrol.application.work_items import WorkItemService
from missioncontrol.domain.building import FINDINGS, FORMER
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.finding import Finding
from missioncontrol.domain.review import (
    ApproveChange,
    Change,
    CommentLine,
    ReopenComment,
    RequestRework,
    ResolveComment,
    Review,
    Shown,
    findings_of,
    unknown,
)
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.projections.work_rows import WorkRow

APPROVED = "Reviewed and approved as shown."

Perform = Callable[[Any, str], Awaitable[Any]]
"""Does what another service offers: (what is asked, actor)."""

Retry = Callable[[str, str, dict[str, Any], str], Awaitable[str]]
"""Repeats a step of a run with further inputs: (run, step, inputs, actor); returns the run."""


class ReviewNow(msgspec.Struct, frozen=True):
    """What was done with a review."""

    id: str  # of the work item, or the run
    comment: int = 0  # its number
    run: str = ""  # in which the builder mends the change


class _Subject(msgspec.Struct, frozen=True):
    """What a review is of."""

    source: str
    key: str
    row: WorkRow | None
    run: Run
    proposals: list[Proposal]

    def shown(self, digest: str) -> Proposal:
        """Return the change with a digest.

        Raises:
            Rejected: `review.other_version`.
        """
        found = next((each for each in self.proposals if each.digest == digest), None)
        if found is None:
            raise Rejected(
                "review.other_version",
                f"No change of {self.key} has the digest {digest[:12]}.",
                hint="Look at the change again: there is a newer one.",
            )
        return found

    def newest(self, digest: str) -> Proposal:
        """Return the newest change, if that is what was shown; raises as `shown`."""
        found = self.shown(digest)
        if found is not self.proposals[-1]:
            raise Rejected(
                "review.other_version",
                f"Round {self.proposals[-1].round} of {self.key} is newer than what was shown.",
                hint="Look at the newest change.",
            )
        return found


class ReviewService:
    """Records what people say of changes, and carries it to builders and approvals."""

    def __init__(
        self, journal: Journal, items: WorkItemService, perform: Perform, retry: Retry
    ) -> None:
        """`artifacts` is set where files can be read."""
        self._journal = journal
        self._items = items
        self._perform = perform
        self._retry = retry
        self.artifacts: ArtifactStore | None = None

    async def comment(self, command: CommentLine, *, actor: str) -> ReviewNow:
        """Comment on a line of a change, on a file, or on all of it.

        Raises:
            NotFound: `review.unknown`.
            Rejected: `review.other_version`, `review.no_line`, `review.too_many`.
        """
        subject = await self._subject(command.id)
        shown = subject.shown(command.digest)
        quote = await self._quote(shown, command)
        at = Shown(shown.run, shown.step, shown.round, shown.digest, quote)
        (made,) = await self._tell(Change(command, subject.source, actor, at), actor)
        return ReviewNow(subject.key, made.comment)

    async def settle(self, command: ResolveComment | ReopenComment, *, actor: str) -> ReviewNow:
        """Take a comment as settled, or as open again.

        Raises:
            NotFound: `review.unknown`, `review.no_comment`.
        """
        subject = await self._subject(command.id)
        await self._tell(Change(command, subject.source, actor), actor)
        return ReviewNow(subject.key, command.comment)

    async def request_rework(self, command: RequestRework, *, actor: str) -> ReviewNow:
        """Have the builder mend what the open comments say.

        Raises:
            NotFound: `review.unknown`.
            Rejected: `review.other_version`, `review.nothing_said`, as `way_of`, and as the
                approval or the run that follows.
        """
        subject = await self._subject(command.id)
        shown = subject.newest(command.digest)
        review = await self._review(subject.source)
        findings = findings_of(review, command.text)
        run = await self._asked(subject, shown, findings, actor)
        at = Shown(shown.run, shown.step, shown.round, shown.digest)
        next_run = run if run != shown.run else ""
        await self._tell(Change(command, subject.source, actor, at, next_run), actor)
        return ReviewNow(subject.key, run=run)

    async def approve(self, command: ApproveChange, *, actor: str) -> ReviewNow:
        """Approve the step that waits for it, such as the merge, for the change as shown.

        Raises:
            NotFound: `review.unknown`.
            Rejected: `review.other_version`, `review.nothing_waits`, `review.more_changes`, and
                as the approval.
        """
        subject = await self._subject(command.id)
        shown = subject.newest(command.digest)
        held = subject.run.held.get(held_for(subject.run, shown))
        if held is None:
            raise Rejected(
                "review.nothing_waits",
                f"Nothing waits for an approval of the change of {subject.key}.",
            )
        if others := others_of(subject.run, shown):
            steps = ", ".join(sorted(each.step for each in others)[:5])
            raise Rejected(
                "review.more_changes",
                f"The step that waits follows other changes too, which are not shown: {steps}.",
                hint="`mission approvals list` has the request; look at each change first.",
            )
        reason = command.reason.strip() or APPROVED
        spoken = Spoken("approve", held.approval, actor, reason, held.digest, typed=command.typed)
        await self._perform(spoken, actor)
        return ReviewNow(subject.key, run=shown.run)

    async def _asked(
        self, subject: _Subject, shown: Proposal, findings: tuple[Finding, ...], actor: str
    ) -> str:
        """Carry findings to the builder; return the run in which it mends them."""
        match way_of(subject.run, shown, subject.row):
            case "round":
                held = subject.run.held[held_for(subject.run, shown)]
                words = f"{len(findings)} to mend: {findings[0].message}"[:2_000]
                spoken = Spoken(
                    *("request-changes", held.approval, actor, words, held.digest),
                    findings=findings,
                )
                await self._perform(spoken, actor)
                return shown.run
            case "task":
                asked = asked_again(subject.run, shown, findings, subject.source)
                done = await self._perform(asked, actor)
                return str(done["run"])
            case "retry":
                state = subject.run.states[shown.step]
                output = state.work.output if isinstance(state, Succeeded) else None
                base = output.get("base", "") if isinstance(output, dict) else ""
                given: dict[str, Any] = {FINDINGS: msgspec.to_builtins(findings)}
                given |= {FORMER: shown.digest, **({"base": base} if base else {})}
                return await self._retry(shown.run, shown.step, given, actor)

    async def _subject(self, id_: str) -> _Subject:
        """Return what a work item or a run has changed.

        Raises:
            NotFound: `review.unknown`, `work_item.unknown`, `run.unknown`.
        """
        row = None if id_.startswith("run-") else self._items.row(id_)
        name = id_ if row is None else row.run
        if not name:
            raise unknown(id_)
        run = await self._load(name)
        proposals = proposals_of(run, scope_of(row) if row is not None else "")
        if not proposals:
            raise unknown(id_)
        source = row.id if row is not None else await root_of(run, self._load)
        key = row.key if row is not None else id_
        return _Subject(source, key, row, run, proposals)

    async def _load(self, name: str) -> Run:
        run = await self._journal.load_run(name)
        if run.is_settled:
            self._journal.forget(name)
        return run

    async def _review(self, source: str) -> Review:
        state = await self._journal.find(REVIEWS, STREAM)
        return state.reviews.get(source, Review()) if state is not None else Review()

    async def _tell(self, change: Change, actor: str) -> list[Any]:
        await self._journal.find(REVIEWS, STREAM)
        return self._journal.tell(REVIEWS, STREAM, change, actor=actor)

    async def _quote(self, shown: Proposal, command: CommentLine) -> str:
        """Return the line that is commented on.

        Raises:
            Rejected: `review.no_line`, where the diff does not show it.
        """
        if not command.path:
            return ""
        if shown.size > BYTES_MAX or self.artifacts is None:
            raise _no_line(command, "The diff is too large to be commented on line by line.")
        content = await asyncio.to_thread(self.artifacts.get, shown.digest)
        files = await asyncio.to_thread(files_of, content.decode("utf-8", "replace"))
        file = next((each for each in files if each.path == command.path), None)
        if file is None:
            raise _no_line(command, f"The change has no file {command.path[:200]!r}.")
        if not command.line:
            return ""
        line = file.line(command.line, command.side)
        if line is None:
            raise _no_line(command, f"The diff does not show line {command.line} of it.")
        return line.text


def _no_line(command: CommentLine, why: str) -> Rejected:
    del command
    return Rejected("review.no_line", why, hint="Comment on a line that the diff shows.")
