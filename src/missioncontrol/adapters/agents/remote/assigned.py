"""One attempt that a worker carries out: what it said, what it asks, and how it ends."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.wire import Done, Moved, Refused, Said, Used
from missioncontrol.ports.workers import ANYWHERE, Answered, Heard, Lease, Numbered, Question

LOST = "worker.lost"
QUESTIONS_MAX = 10_000


class Assigned:
    """Relays between a worker and the line of an attempt, everything once and in order."""

    def __init__(
        self,
        assignment: Assignment,
        line: Line,
        *,
        agent: str,
        location: str,
        folder: Path,
        usages: int | None,
    ) -> None:
        """`agent` is what the worker calls it, `folder` holds the files that it sends.

        `usages` counts what was used and taken in under an engine before this one; None where the
        attempt begins here.
        """
        loop = asyncio.get_running_loop()
        self.lease = Lease(assignment.run, assignment.step, assignment.fence)
        self.assignment = assignment
        self.agent = agent
        self.location = location
        self.folder = folder
        self.worker = ""
        self.is_confirmed = False
        self.missed = 0  # polls in a row that did not name it
        self.is_recalled = False
        self.is_returning = usages is not None
        self.since = loop.time()
        self.result: asyncio.Future[Work] = loop.create_future()
        self.has_ended = False  # as the worker said
        self.over = asyncio.Event()
        self.answers: dict[int, Answered] = {}
        self._line = line
        self._heard: int | None = None if self.is_returning else 0
        self._usages = usages or 0
        self._waiting: dict[int, Question] = {}
        self._asked: dict[int, asyncio.Task[None]] = {}

    def bind(self, worker: str, heard: int | None = None) -> None:
        """Take note that a worker has it; `heard` is the last message that was acknowledged."""
        self.worker = worker
        self.is_confirmed = True
        self.missed = 0
        if self._heard is None and heard is not None:
            self._heard = heard

    def is_at(self, worker: str) -> bool:
        """Whether a worker has it, or may come back with it from an engine before this one."""
        may_claim = self.is_returning and not self.worker and self.location in (ANYWHERE, worker)
        return self.worker == worker or may_claim

    def lost(self, why: str) -> AttemptFailed:
        """Return the failure of an attempt whose worker is not heard."""
        return AttemptFailed(
            LOST,
            f"Step {self.lease.step!r} was at {self.worker or self.location!r}. {why}",
            hint="`mission worker list` tells which workers are heard.",
        )

    def give_up(self, failure: AttemptFailed) -> None:
        """End it as failed."""
        if not self.result.done():
            self.result.set_exception(failure)

    def close(self) -> None:
        """Let go of what is asked; nobody waits for it any more."""
        for task in self._asked.values():
            task.cancel()
        if self.result.done() and not self.result.cancelled():
            self.result.exception()  # It may have come too late for anybody to look at it.
        self.over.set()

    # Messages.

    def take(self, messages: Iterable[Numbered]) -> Heard:
        """Take messages in as far as they follow each other and their files are here."""
        for each in messages:
            if self._heard is None:
                self._heard = each.number - 1
            if each.number > self._heard + 1:
                break
            if each.number <= self._heard:
                continue
            missing = self._missing(each)
            if missing:
                return Heard(self._heard, missing)
            self._take(each)
            self._heard = each.number
        return Heard(self._heard or 0, is_over=self.has_ended)

    def _missing(self, numbered: Numbered) -> tuple[str, ...]:
        if self.result.done() or not isinstance(numbered.message, Done):
            return ()
        digests = dict.fromkeys(each.digest for each in numbered.message.work.artifacts)
        return tuple(each for each in digests if not (self.folder / each).is_file())

    def _take(self, numbered: Numbered) -> None:
        if self.result.done():
            return
        message = numbered.message
        self.has_ended = isinstance(message, Done | Refused)
        try:
            match message:
                case Said():
                    self._line.log(message.level, message.message)
                case Moved():
                    self._line.progress(message.done, message.total, message.note)
                case Used():
                    self._use(message, numbered.usage)
                case Done():
                    self.result.set_result(self._handed_in(message.work))
                case Refused():
                    self.give_up(_failure(message))
        except AttemptFailed as failure:
            self.give_up(failure)

    def _use(self, used: Used, number: int) -> None:
        if number > self._usages:
            self._usages = number
            self._line.usage(used.usage, model=used.model)

    def _handed_in(self, work: Work) -> Work:
        """Return work whose files are kept here, and whose usage counts once."""
        work = replace(work, artifacts=tuple(map(self._kept, work.artifacts)))
        return replace(work, usage=NO_USAGE) if self._usages else work

    def _kept(self, reference: ArtifactRef) -> ArtifactRef:
        content = (self.folder / reference.digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != reference.digest:
            raise AttemptFailed(
                "worker.bad_artifact", f"Artifact {reference.name!r} changed on its way."
            )
        return self._line.keep(
            reference.name,
            content,
            media_type=reference.media_type,
            title=reference.title,
            obtained=reference.obtained,
        )

    # Questions.

    def ask(self, questions: Iterable[Question], answered: Callable[[], None]) -> None:
        """Take questions in; each is asked once what was said before it has been heard."""
        for each in questions:
            is_new = each.number not in self._asked and each.number not in self.answers
            if is_new and len(self.answers) < QUESTIONS_MAX:
                self._waiting[each.number] = each
        self.ask_waiting(answered)

    def ask_waiting(self, answered: Callable[[], None]) -> None:
        """Ask what may be asked by now; `answered` is called with each answer."""
        for number, question in list(self._waiting.items()):
            if (self._heard or 0) >= question.after and not self.result.done():
                del self._waiting[number]
                task = asyncio.ensure_future(self._answer(question, answered))
                self._asked[number] = task

    async def _answer(self, question: Question, answered: Callable[[], None]) -> None:
        answer = Answered(self.lease, question.number)
        try:
            if question.action is not None:
                verdict = await self._line.permit(question.action)
                answer = replace(answer, verdict=verdict)
            else:
                await self._line.admit(
                    question.model,
                    input_tokens=question.input_tokens,
                    output_tokens=question.output_tokens,
                )
        except AttemptFailed as no:
            answer = replace(answer, refused=Refused(no.code, no.reason, no.hint, no.retryable))
        except Exception as error:  # noqa: BLE001 - the edge: who waits gets an answer
            answer = replace(answer, refused=Refused("worker.unanswered", f"{error}"))
        self.answers[question.number] = answer
        self._asked.pop(question.number, None)
        answered()


def _failure(said: Refused) -> AttemptFailed:
    return AttemptFailed(
        said.code, said.reason, hint=said.hint, retryable=said.retryable, detail=said.detail
    )
