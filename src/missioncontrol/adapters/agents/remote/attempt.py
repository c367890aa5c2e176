"""One attempt on a worker: its messages, its questions, and its end."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import msgspec
from msgspec.structs import replace

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.gateway import Access, Gateway
from missioncontrol.ports.wire import Done, LogMessage, Moved, Refused, Used
from missioncontrol.ports.workers import (
    ANYWHERE,
    LINE_MAX,
    QUESTIONS_OPEN_MAX,
    Answered,
    Held,
    Lease,
    Numbered,
    Question,
    ReportReceipt,
)

LOST = "worker.lost"
LEFT = "worker.left"
ANSWERS_MAX = 1_000
"""Most stored answers; a delayed poll may ask for an old answer again."""

ACCESSES_MAX = 10
_DIGEST = re.compile(r"[0-9a-f]{64}")


class StoredProgress(msgspec.Struct, frozen=True):
    """The progress of an attempt that an earlier engine stored."""

    usages: int = 0
    lines: int = 0


class RemoteAttempt:
    """Relays messages of a worker to the line of an attempt, each once and in order."""

    def __init__(
        self,
        assignment: Assignment,
        line: Line,
        *,
        agent: str,
        location: str,
        folder: Path,
        before: StoredProgress | None,
    ) -> None:
        """`agent` is its name at the worker; `folder` holds the uploaded files.

        `before` counts what an earlier engine stored; None if the attempt starts here.
        """
        loop = asyncio.get_running_loop()
        self.lease = Lease(assignment.run, assignment.step, assignment.fence)
        self.assignment = assignment
        self.agent = agent
        self.location = location
        self.folder = folder
        self.worker = ""
        self.is_confirmed = False
        self.missed = 0  # polls in a row without it
        self.is_recalled = False
        self.is_returning = before is not None
        self.since = loop.time()
        self._claimed = asyncio.Event()
        self.result: asyncio.Future[Work] = loop.create_future()
        self.has_ended = False  # as the worker reported
        self.over = asyncio.Event()
        self.answers: dict[int, Answered] = {}
        self._line = line
        self._access_stack = ExitStack()
        self._accesses: dict[tuple[str, ...], Access] = {}
        self._received: int | None = None if self.is_returning else 0
        self._before = before or StoredProgress()
        self._usages = self._before.usages
        self._forgotten: set[int] = set()  # questions whose answers arrived long ago
        self._waiting: dict[int, Question] = {}
        self._question_tasks: dict[int, asyncio.Task[None]] = {}

    def bind(self, worker: str, acknowledged: int | None = None) -> None:
        """Confirm that a worker has it; `acknowledged` is the last acknowledged message."""
        self.worker = worker
        self.is_confirmed = True
        self.missed = 0
        self._claimed.set()
        if self._received is None and acknowledged is not None:
            self._received = acknowledged

    async def wait_until_claimed(self) -> None:
        """Return once a worker has it, or the attempt has failed."""
        await self._claimed.wait()

    def is_at(self, worker: str) -> bool:
        """Whether a worker has it, or may return with it from an earlier engine."""
        may_claim = self.is_returning and not self.worker and self.location in (ANYWHERE, worker)
        return self.worker == worker or may_claim

    def lost(self, why: str, code: str = LOST) -> AttemptFailed:
        """Return the failure of an attempt whose worker is lost, or has left."""
        return AttemptFailed(
            code,
            f"Step {self.lease.step!r} ran at {self.worker or self.location!r}. {why}",
            hint="`mission worker list` shows the connected workers.",
        )

    def fail(self, failure: AttemptFailed) -> None:
        """End the attempt as failed."""
        if not self.result.done():
            self.result.set_exception(failure)
            self._claimed.set()

    def close(self) -> None:
        """Cancel open questions, and close the access to models."""
        for task in self._question_tasks.values():
            task.cancel()
        self._access_stack.close()
        if self.result.done() and not self.result.cancelled():
            self.result.exception()  # Mark it as retrieved: nothing may await it any more.
        self.over.set()

    def access(self, gateway: Gateway, models: tuple[str, ...]) -> Access:
        """Return access to models, which closes with the attempt.

        Raises:
            Rejected: `worker.too_many`.
            Unavailable: see `Gateway.access`.
        """
        if models not in self._accesses:
            if len(self._accesses) >= ACCESSES_MAX or self.result.done():
                raise Rejected(
                    "worker.too_many", f"An attempt has at most {ACCESSES_MAX} accesses to models."
                )
            access = gateway.access(self.assignment, self._line, models=models)
            self._accesses[models] = self._access_stack.enter_context(access)
        return self._accesses[models]

    # Messages.

    def accept(self, messages: Iterable[Numbered]) -> ReportReceipt:
        """Process messages while they are consecutive and their files are here."""
        for each in messages:
            if self._received is None:
                self._received = each.number - 1
            if each.number > self._received + 1:
                break
            if each.number <= self._received:
                continue
            missing = self._missing(each)
            if missing:
                return ReportReceipt(self._received, missing)
            self._handle(each)
            self._received = each.number
        return ReportReceipt(self._received or 0, is_over=self.has_ended)

    def _missing(self, numbered: Numbered) -> tuple[str, ...]:
        if self.result.done() or not isinstance(numbered.message, Done):
            return ()
        digests = dict.fromkeys(each.digest for each in numbered.message.work.artifacts)
        if not all(map(_DIGEST.fullmatch, digests)):
            return ()  # `_store` refuses the work, so no file is needed.
        return tuple(each for each in digests if not (self.folder / each).is_file())

    def _handle(self, numbered: Numbered) -> None:
        if self.result.done():
            return
        message = numbered.message
        self.has_ended = isinstance(message, Done | Refused)
        try:
            match message:
                case LogMessage():
                    self._log(message, numbered.line)
                case Moved():
                    self._line.progress(message.done, message.total, message.note)
                case Used():
                    self._use(message, numbered.usage)
                case Done():
                    self.result.set_result(self._accept_work(message.work))
                case Refused():
                    self.fail(_failure(message))
        except AttemptFailed as failure:
            self.fail(failure)

    def _log(self, message: LogMessage, number: int) -> None:
        """Log a line, unless an earlier engine has stored it."""
        if number > self._before.lines or not number:
            self._line.log(message.level, message.message[:LINE_MAX])

    def _use(self, used: Used, number: int) -> None:
        if number > self._usages:
            self._usages = number
            self._line.usage(used.usage, model=used.model)

    def _accept_work(self, work: Work) -> Work:
        """Return work whose files are stored here, and whose usage counts once."""
        work = replace(work, artifacts=tuple(map(self._store, work.artifacts)))
        return replace(work, usage=NO_USAGE) if self._usages else work

    def _store(self, reference: ArtifactRef) -> ArtifactRef:
        if not _DIGEST.fullmatch(reference.digest):
            raise AttemptFailed(
                "worker.bad_artifact",
                f"Artifact {reference.name[:200]!r} has the digest {reference.digest[:80]!r}.",
                retryable=False,
            )
        content = (self.folder / reference.digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != reference.digest:
            raise AttemptFailed(
                "worker.bad_artifact",
                f"Artifact {reference.name!r} was corrupted during the transfer.",
            )
        return self._line.keep(
            reference.name,
            content,
            media_type=reference.media_type,
            title=reference.title,
            obtained=reference.obtained,
        )

    # Questions.

    def ask(self, held: Held, answered: Callable[[], None]) -> None:
        """Accept questions; ask each after the messages before it are processed."""
        for each in held.questions:
            if len(self._waiting) + len(self._question_tasks) >= QUESTIONS_OPEN_MAX:
                break
            places = (self._waiting, self._question_tasks, self.answers, self._forgotten)
            if not any(each.number in known for known in places):
                self._waiting[each.number] = each
        self._forget_answered({each.number for each in held.questions})
        self.ask_waiting(answered)

    def _forget_answered(self, still_asked: set[int]) -> None:
        """Drop the oldest delivered answers, but remember their numbers, so none is asked twice."""
        arrived = [number for number in self.answers if number not in still_asked]
        for number in arrived[: max(0, len(self.answers) - ANSWERS_MAX)]:
            del self.answers[number]
            self._forgotten.add(number)

    def ask_waiting(self, answered: Callable[[], None]) -> None:
        """Ask the questions that are ready; call `answered` after each answer."""
        for number, question in list(self._waiting.items()):
            if (self._received or 0) >= question.after and not self.result.done():
                del self._waiting[number]
                task = asyncio.ensure_future(self._answer(question, answered))
                self._question_tasks[number] = task

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
        except AttemptFailed as error:
            refused = Refused(error.code, error.reason, error.hint, error.retryable)
            answer = replace(answer, refused=refused)
        except Exception as error:  # noqa: BLE001 - the worker waits for an answer
            answer = replace(answer, refused=Refused("worker.unanswered", f"{error}"))
        self.answers[question.number] = answer
        self._question_tasks.pop(question.number, None)
        answered()


def _failure(refused: Refused) -> AttemptFailed:
    return AttemptFailed(
        refused.code,
        refused.reason,
        hint=refused.hint,
        retryable=refused.retryable,
        detail=refused.detail,
    )
