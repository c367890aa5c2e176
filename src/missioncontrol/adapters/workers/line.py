"""The line of an attempt on a worker: messages go to the spool, questions to the server."""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from missioncontrol.adapters.workers import messages
from missioncontrol.adapters.workers.spool import Spool
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
from missioncontrol.ports.wire import LogMessage, Moved, Used
from missioncontrol.ports.workers import (
    ARTIFACT_BYTES_MAX,
    LINE_MAX,
    QUESTIONS_OPEN_MAX,
    Answered,
    Question,
)

_WHAT = "The question"
_read = msgspec.json.Decoder(Question).decode


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
