"""The line of an attempt on a worker: what is said goes to the spool, questions to the server."""

import asyncio
import itertools
from collections.abc import Callable

from missioncontrol.adapters.workers.spool import LINE_MAX, Spool
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
from missioncontrol.ports.wire import Moved, Said, Used
from missioncontrol.ports.workers import Answered, Question


class SpoolLine:
    """Keeps the promise of `ports.agent.Line` far from the engine."""

    def __init__(
        self, spool: Spool, artifacts: ArtifactStore, scrubber: Scrubber, news: Callable[[], None]
    ) -> None:
        """`news` is called when the server has something to hear."""
        self._spool = spool
        self._artifacts = artifacts
        self._scrubber = scrubber
        self._news = news
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[Question, asyncio.Future[Verdict | None]]] = {}

    @property
    def questions(self) -> tuple[Question, ...]:
        """What waits for an answer."""
        return tuple(question for question, _ in self._open.values())

    def answer(self, answered: Answered) -> None:
        """Take an answer in; a second one changes nothing."""
        _, future = self._open.get(answered.number, (None, None))
        if future is None or future.done():
            return
        no = answered.refused
        if no is not None:
            failure = AttemptFailed(no.code, no.reason, hint=no.hint, retryable=no.retryable)
            future.set_exception(failure)
        else:
            future.set_result(answered.verdict)

    def log(self, level: LogLevel, message: str) -> None:
        """See `Line.log`."""
        text = self._scrubber.text(str(message).encode("utf-8", "replace").decode())
        is_long = len(text) > LINE_MAX
        self._spool.add(Said(level, f"{text[:LINE_MAX]} [cut]" if is_long else text))
        self._news()

    def progress(self, done: int, total: int, note: str = "") -> None:
        """See `Line.progress`."""
        self._spool.add(Moved(done, total, self._scrubber.text(note)))
        self._news()

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """See `Line.usage`. What is nothing is not told: the log would not count it either."""
        if usage == NO_USAGE:
            return
        self._spool.add(Used(usage, model))
        self._news()

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """See `Line.admit`."""
        number = next(self._numbers)
        await self._ask(
            Question(
                number,
                self._spool.number,
                model=model,
                input_tokens=input_tokens,
                output_tokens=output_tokens,
            )
        )

    async def permit(self, action: Action) -> Verdict:
        """See `Line.permit`."""
        verdict = await self._ask(Question(next(self._numbers), self._spool.number, action))
        if verdict is None:
            raise AttemptFailed("worker.unanswered", "The server gave no verdict.")
        return verdict

    async def _ask(self, question: Question) -> Verdict | None:
        future: asyncio.Future[Verdict | None] = asyncio.get_running_loop().create_future()
        self._open[question.number] = (question, future)
        self._news()
        try:
            return await future
        finally:
            del self._open[question.number]

    async def started(self, process: ProcessHandle) -> None:
        """See `Line.started`: it is written down here, where its number means something."""
        self._spool.record(process)

    def keep(
        self, name: str, content: bytes, *, media_type: str, title: str, obtained: str
    ) -> ArtifactRef:
        """See `Line.keep`."""
        clean = self._scrubber.bytes(content)
        digest = self._artifacts.put(clean)
        return ArtifactRef(name, digest, len(clean), media_type, title, obtained)
