"""Runs the agent of one lease, whose line sends messages to the spool and asks the server."""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec.structs import replace

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.workers import messages
from missioncontrol.adapters.workers.agents import LocalAgents
from missioncontrol.adapters.workers.server_client import ServerClient
from missioncontrol.adapters.workers.spool import Spool
from missioncontrol.domain.errors import (
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.work import NO_USAGE, ArtifactRef, Usage
from missioncontrol.ports.agent import (
    Action,
    AttemptFailed,
    LogLevel,
    ProcessHandle,
    Verdict,
)
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.wire import Done, LogMessage, Moved, Refused, Used
from missioncontrol.ports.workers import (
    ARTIFACT_BYTES_MAX,
    LINE_MAX,
    QUESTIONS_OPEN_MAX,
    Answered,
    Held,
    Question,
    Report,
)

_WHAT = "The question"
_read = msgspec.json.Decoder(Question).decode
RETRY_SECONDS_MIN = 0.2
RETRY_SECONDS_MAX = 5.0
FLUSH_SECONDS = 0.05
"""Messages within this time go into one report."""
CANCELLED = Refused("worker.let_go", "The server ended the attempt.", retryable=False)
LEFT = Refused("worker.left", "The worker was stopped before the attempt had ended.")


class SpoolLine:
    """Implements `ports.agent.Line` on another machine than the engine."""

    def __init__(
        self, spool: Spool, artifacts: ArtifactStore, scrubber: Scrubber, news: Callable[[], None]
    ) -> None:
        """`news` is called when there is something to report."""
        self._spool = spool
        self._artifacts = artifacts
        self._scrubber = scrubber
        self._news = news
        self._numbers = itertools.count(1)
        self._places = asyncio.Semaphore(QUESTIONS_OPEN_MAX)
        self._open: dict[int, tuple[Question, asyncio.Future[Verdict | None]]] = {}

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions without an answer."""
        return tuple(question for question, _ in self._open.values())

    def answer(self, answered: Answered) -> None:
        """Deliver an answer; ignore a repeated one."""
        _, future = self._open.get(answered.number, (None, None))
        if future is None or future.done():
            return
        refusal = answered.refused
        if refusal is not None:
            failure = AttemptFailed(
                refusal.code, refusal.reason, hint=refusal.hint, retryable=refusal.retryable
            )
            future.set_exception(failure)
        else:
            future.set_result(answered.verdict)

    def log(self, level: LogLevel, message: str) -> None:
        text = messages.clean_text(message, self._scrubber)
        is_long = len(text) > LINE_MAX
        self._spool.add(LogMessage(level, f"{text[:LINE_MAX]} [cut]" if is_long else text))
        self._news()

    def progress(self, done: int, total: int, note: str = "") -> None:
        self._spool.add(Moved(done, total, messages.clean_text(note, self._scrubber)))
        self._news()

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """Report usage, unless it is zero, which the event log would not count either."""
        if usage == NO_USAGE:
            return
        self._spool.add(Used(usage, messages.clean_text(model, self._scrubber)))
        self._news()

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        name = messages.clean_text(model, self._scrubber)
        await self._ask(
            Question(0, 0, model=name, input_tokens=input_tokens, output_tokens=output_tokens)
        )

    async def permit(self, action: Action) -> Verdict:
        verdict = await self._ask(Question(0, 0, messages.action_of(action, self._scrubber)))
        if verdict is None:
            raise AttemptFailed("worker.unanswered", "The server gave no verdict.")
        return verdict

    async def _ask(self, question: Question) -> Verdict | None:
        async with self._places:
            question = replace(question, number=next(self._numbers), after=self._spool.number)
            messages.check_decodable(messages.encode(question, _WHAT), _read, _WHAT)
            future: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()
            self._open[question.number] = (question, future)
            self._news()
            try:
                return await future
            finally:
                del self._open[question.number]

    async def started(self, process: ProcessHandle) -> None:
        """Record a process on this machine, where its pid is valid."""
        self._spool.record(process)

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        clean = self._scrubber.file(content)
        if len(clean) > ARTIFACT_BYTES_MAX:
            raise AttemptFailed(
                "artifact.too_large",
                f"The file {name[:200]!r} takes {len(clean):,} bytes; {ARTIFACT_BYTES_MAX:,} fit.",
                hint="Store a smaller file, or return the location of the data.",
                retryable=False,
            )
        digest = self._artifacts.put(clean)
        return ArtifactRef(name, digest, len(clean), media_type, title, obtained)


class Backoff:
    """Exponential backoff."""

    def __init__(self) -> None:
        self._seconds = RETRY_SECONDS_MIN

    async def wait(self) -> None:
        """Wait, twice as long each time."""
        await asyncio.sleep(self._seconds)
        self._seconds = min(2 * self._seconds, RETRY_SECONDS_MAX)

    def reset(self) -> None:
        """Restart with the shortest wait, after a success."""
        self._seconds = RETRY_SECONDS_MIN


class LeaseHost(Protocol):
    """The parts of a worker that a lease needs."""

    link: ServerClient
    agents: LocalAgents
    scrubber: Scrubber
    instance: str

    def changed(self) -> None:
        """Report the state to the server soon."""
        ...

    def register_again(self) -> None:
        """Register again, because the server does not know this worker."""
        ...

    def forget(self, runner: "LeaseRunner") -> None:
        """Remove a lease whose end the server has processed."""
        ...


class LeaseRunner:
    """A lease, its work and its reports."""

    def __init__(self, spool: Spool, host: LeaseHost) -> None:
        self.spool = spool
        self._is_ending = False
        self._host = host
        self._artifacts = FolderArtifactStore(spool.folder / "artifacts")
        self._news = asyncio.Event()
        self._line = SpoolLine(spool, self._artifacts, host.scrubber, self._notify_received)
        self._questions = 0
        self._work_task: asyncio.Task[None] | None = None
        self._report_task: asyncio.Task[None] | None = None
        self._because = CANCELLED

    def begin(self) -> None:
        """Start the work, unless it has ended, and start to report."""
        if self.spool.ending is None:
            self._work_task = asyncio.create_task(self._work())
        self._report_task = asyncio.create_task(self._report())
        self._news.set()

    @property
    def is_at_work(self) -> bool:
        """Whether its agent is running."""
        return self._work_task is not None and not self._work_task.done()

    @property
    def has_ended(self) -> bool:
        """Whether the attempt has ended; the report of the end may be pending."""
        return self.spool.ending is not None

    @property
    def state(self) -> Held:
        """The state of the lease for the server."""
        is_ending = self._is_ending or self.has_ended
        return Held(self.spool.lease, self.spool.heard, self._line.questions, is_ending)

    def answer(self, answered: Answered) -> None:
        """Deliver the answer to a question."""
        self._line.answer(answered)

    def stop(self, because: Refused = CANCELLED) -> None:
        """End the work and all its processes, with `because` as the result."""
        self._is_ending = True
        if self._work_task is not None and not self._work_task.done():
            self._because = because
            self._work_task.cancel()

    async def close(self) -> None:
        """Stop work and reports; unreported messages stay on disk."""
        self.stop(LEFT)
        for task in (self._work_task, self._report_task):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self.spool.close()

    def _notify_received(self) -> None:
        self._news.set()
        if len(self._line.questions) != self._questions:
            self._questions = len(self._line.questions)
            self._host.changed()

    # The work.

    async def _work(self) -> None:
        try:
            ending = await self._perform()
        except asyncio.CancelledError:
            ending = self._because
        self.spool.add(ending)
        self._news.set()
        self._host.changed()

    async def _perform(self) -> Done | Refused:
        given = self.spool.given
        try:
            await self._fetch_inputs()
            agent = self._host.agents.make(given.agent, self._artifacts)
            returned = await agent.perform(given.assignment, self._line)
            return messages.work_of(returned, self._host.scrubber)
        except AttemptFailed as error:
            failure = error
        except MissionControlError as error:
            may_pass = isinstance(error, Unavailable | Corrupt)  # `Corrupt` happens in transfer.
            failure = AttemptFailed(error.code, error.reason, hint=error.hint, retryable=may_pass)
        except Exception as error:  # noqa: BLE001 - an agent may raise anything
            reason = f"The agent {given.agent!r} raised {type(error).__name__}: {error}"
            hint = "`mission runs output RUN STEP` shows more."
            failure = AttemptFailed("agent.crashed", reason, hint=hint)
        return messages.refusal_of(failure, self._host.scrubber)

    async def _fetch_inputs(self) -> None:
        """Fetch the artifacts of earlier steps; retry while the server is unreachable."""
        given = self.spool.given
        digests = {
            reference.digest
            for upstream in given.assignment.upstream.values()
            for reference in upstream.work.artifacts
        }
        backoff = Backoff()
        for digest in sorted(digests):
            while True:
                try:
                    self._artifacts.put(await self._host.link.fetch(given.lease, digest))
                    break
                except Unavailable:
                    await backoff.wait()

    # Reports.

    async def _report(self) -> None:
        """Report until the server has processed the end."""
        backoff = Backoff()
        while True:
            await self._news.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._news.clear()
            try:
                if await self._report_all():
                    break
                backoff.reset()
            except MissionControlError as error:
                if error.code == "worker.unknown":
                    self._host.register_again()
                await backoff.wait()
                self._news.set()
        self._host.forget(self)

    async def _report_all(self) -> bool:
        """Report all pending messages; return whether the attempt has ended."""
        while not self.spool.is_reported:
            report = Report(self._host.instance, self.spool.lease, self.spool.batch())
            response = await self._host.link.report(report)
            self.spool.acknowledge(response.number)
            if response.is_lost:
                self.stop()
            for digest in response.missing:
                await self._send(digest)
        return self.spool.ending is not None

    async def _send(self, digest: str) -> None:
        try:
            await self._host.link.send(self.spool.lease, digest, self._artifacts.path(digest))
        except (NotFound, Rejected) as error:
            if error.code in ("lease.lost", "worker.unknown"):
                return  # The next report gets the same error, and handles it.
            self.spool.replace_ending(
                Refused(error.code, error.reason, error.hint, retryable=False)
            )
