"""One task of a peer: sent, polled across interruptions, cancelled with the attempt."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import httpx
import msgspec
from a2a.client import Client
from a2a.helpers import new_data_part, new_text_part
from a2a.types import a2a_pb2 as pb
from a2a.utils.errors import A2AError
from google.protobuf import json_format  # type: ignore[import-untyped]

from missioncontrol.adapters.agents.a2a.results import Results, text_of
from missioncontrol.adapters.agents.a2a.settings import A2aSettings, message_parts
from missioncontrol.adapters.agents.attempt_process import run_to_completion
from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.kind_support import BoundedLog, one_line
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Line

CANCEL_SECONDS = 5.0
BREAKS_MAX = 5
"""Failed polls in a row until the attempt fails."""

TITLE_MAX = 200
WORDS_MAX = 1_000
FORM = {
    "type": "object",
    "properties": {"answer": {"type": "string", "description": "In your own words."}},
    "required": ["answer"],
    "additionalProperties": False,
}

TROUBLE = (A2AError, httpx.HTTPError, OSError, json_format.Error, TypeError, ValueError, KeyError)
"""Exceptions of the library; it raises the last three for malformed responses."""

UNKNOWN: int = pb.TASK_STATE_UNSPECIFIED
UNFINISHED = frozenset({pb.TASK_STATE_SUBMITTED, pb.TASK_STATE_WORKING})
FAILURES: dict[int, tuple[str, bool]] = {
    pb.TASK_STATE_FAILED: ("failed", True),
    pb.TASK_STATE_REJECTED: ("rejected", False),
    pb.TASK_STATE_CANCELED: ("cancelled", True),
}
FINAL = ("Invalid", "Unsupported", "NotSupported", "NotFound", "Extension")
"""Parts of the names of errors that are not retryable."""


class PeerTask:
    """The task of a peer for one attempt."""

    def __init__(
        self,
        client: Client,
        settings: A2aSettings,
        assignment: Assignment,
        line: Line,
        scrub: Scrub,
    ) -> None:
        self._client = client
        self._settings = settings
        self._assignment = assignment
        self._line = line
        self._scrub = scrub
        self._notes = BoundedLog(line)
        self._id = ""
        self._context = ""
        self._state: int = pb.TASK_STATE_UNSPECIFIED
        self._sent = 0
        self.results = Results()
        self.last: pb.Message | None = None

    async def run(self) -> None:
        """Send the message and follow the task to its end.

        Raises:
            AttemptFailed: `a2a.failed`, `a2a.rejected`, `a2a.cancelled`, `a2a.sign_in`,
                `a2a.declined`, `a2a.lost`, `a2a.refused`, `a2a.other_task` or `a2a.too_much`.
        """
        try:
            await self._send(_parts(self._assignment))
            for _ in range(self._settings.questions_max + 1):
                await self._follow()
                if self._state != pb.TASK_STATE_INPUT_REQUIRED:
                    return self._refuse_failure()
                await self._send([new_text_part(await self._answer())])
            raise self._failure("failed", "asks too many questions", retryable=False)
        except BaseException:
            if self._id and self._is_open:
                await run_to_completion(self._cancel())
            raise

    @property
    def _is_open(self) -> bool:
        return self._state in UNFINISHED or self._state in (
            pb.TASK_STATE_INPUT_REQUIRED,
            pb.TASK_STATE_AUTH_REQUIRED,
            pb.TASK_STATE_UNSPECIFIED,
        )

    async def _send(self, parts: list[pb.Part]) -> None:
        """Send a message, and handle its events while the connection lasts."""
        self._sent += 1
        key = self._assignment.key
        request = pb.SendMessageRequest(
            message=pb.Message(
                # The same for every attempt at the step, so a peer can recognise a repetition.
                message_id=key if self._sent == 1 else f"{key}/{self._sent}",
                role=pb.ROLE_USER,
                parts=parts,
                task_id=self._id,
                context_id=self._context,
            )
        )
        if self._id:
            self._state = pb.TASK_STATE_WORKING
        try:
            async with aclosing(self._events(request)) as events:
                async for event in events:
                    self._handle(event)
                    if self._state not in UNFINISHED and self._state != UNKNOWN:
                        # Later events can't change the end, and some peers keep the connection
                        # open after it.
                        break
        except TROUBLE as error:
            if not self._id or _is_final(error):
                raise self._refusal(error) from None
            self._notes.log("warning", f"The stream broke off: {self._describe(error)}")

    async def _events(self, request: pb.SendMessageRequest) -> AsyncGenerator[pb.StreamResponse]:
        async for event in self._client.send_message(request):
            yield event

    async def _follow(self) -> None:
        """Poll until the task ends or asks a question."""
        breaks = 0
        while self._id and self._state in UNFINISHED:
            await asyncio.sleep(self._settings.poll_seconds)
            try:
                task = await self._client.get_task(pb.GetTaskRequest(id=self._id))
            except TROUBLE as error:
                breaks += 1
                if breaks > BREAKS_MAX or _is_final(error):
                    raise self._refusal(error) from None
                continue
            breaks = 0
            self._update_task(task)
            self._line.progress(0, 0, "waiting for the peer")

    def _handle(self, event: pb.StreamResponse) -> None:
        match event.WhichOneof("payload"):
            case "task":
                self._update_task(event.task)
            case "message":
                self.last, self._state = event.message, pb.TASK_STATE_COMPLETED
                self._log_text(event.message)
            case "status_update":
                change = event.status_update
                self._name_task(change.task_id, change.context_id)
                self._update_status(change.status)
            case "artifact_update":
                update = event.artifact_update
                self._name_task(update.task_id, update.context_id)
                self.results.add(update.artifact, append=update.append)
                self._log_text(update.artifact)

    def _name_task(self, task: str, context: str) -> None:
        """Remember the id of our task; refuse events of another one.

        Raises:
            AttemptFailed: `a2a.other_task`.
        """
        if self._id and task != self._id:
            words = f"reports on task {task!r:.80} instead of {self._id!r:.80}"
            raise self._failure("other_task", words, retryable=False)
        self._id, self._context = task, context

    def _update_task(self, task: pb.Task) -> None:
        self._name_task(task.id, task.context_id)
        if task.artifacts:
            self.results.replace_all(task)
        self._update_status(task.status)

    def _update_status(self, status: pb.TaskStatus) -> None:
        is_new = self._state != status.state or not self._same(status)
        self._state = status.state
        if status.HasField("message"):
            self.last = status.message
            if is_new:
                self._log_text(status.message)
        elif is_new:
            self._line.progress(0, 0, _name(status.state))

    def _same(self, status: pb.TaskStatus) -> bool:
        last = self.last.message_id if self.last is not None else ""
        return status.HasField("message") and status.message.message_id == last

    def _log_text(self, source: Any) -> None:
        for text in text_of(source.parts).splitlines():
            self._notes.log("info", text)

    async def _answer(self) -> str:
        """Ask a person the peer's question.

        Raises:
            AttemptFailed: `a2a.declined`.
        """
        question = text_of(self.last.parts) if self.last is not None else ""
        if self._settings.questions == "refuse":
            raise self._failure(
                "declined", "asks a question, which the settings forbid", retryable=False
            )
        title = one_line(question or "The peer needs an answer.", self._scrub, TITLE_MAX)
        detail = {"question": question, "number": self._sent}
        verdict = await self._line.permit(Action("question", title, detail, (), FORM))
        answer = verdict.answer.get("answer") if isinstance(verdict.answer, dict) else None
        if not verdict.is_allowed or not isinstance(answer, str):
            by = verdict.by or "the reviewer"
            words = f"asked a question, which {by} did not answer"
            raise self._failure("declined", words, retryable=False)
        return answer

    def _refuse_failure(self) -> None:
        if self._state == pb.TASK_STATE_AUTH_REQUIRED:
            hint = "Add the credentials to the `headers` of the agent, and try again."
            raise self._failure("sign_in", "requires a sign-in", hint=hint, retryable=False)
        if self._state in FAILURES:
            code, retryable = FAILURES[self._state]
            raise self._failure(code, f"ended as {code}", retryable=retryable)
        if self._state != pb.TASK_STATE_COMPLETED:
            raise self._failure("lost", "did not report how its task ended")

    def _failure(
        self, code: str, words: str, *, hint: str = "", retryable: bool = True
    ) -> AttemptFailed:
        message = one_line(text_of(self.last.parts), self._scrub, WORDS_MAX) if self.last else ""
        return AttemptFailed(
            f"a2a.{code}",
            f"The peer at {self._settings.url} {words}. {message}".rstrip(),
            hint=hint or "`mission runs output RUN STEP` shows its output.",
            retryable=retryable,
            detail={"task": self._id} if self._id else None,
        )

    def _refusal(self, error: Exception) -> AttemptFailed:
        return refusal(error, self._settings, self._scrub)

    def _describe(self, error: Exception) -> str:
        return one_line(str(error) or type(error).__name__, self._scrub, WORDS_MAX)

    async def _cancel(self) -> None:
        """Cancel the task at the peer."""
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._client.cancel_task(pb.CancelTaskRequest(id=self._id))
        except (TimeoutError, *TROUBLE) as error:
            self._notes.log(
                "warning", f"The task could not be cancelled at the peer: {self._describe(error)}"
            )


def refusal(error: Exception, settings: A2aSettings, scrub: Scrub) -> AttemptFailed:
    """Return an exception of the library as a failure."""
    message = one_line(str(error) or type(error).__name__, scrub, WORDS_MAX)
    if isinstance(error, A2AError) and not _is_of_network(error):
        hint = "Compare the inputs with the skills on the peer's card: `mission agent test`."
        reason = f"The peer at {settings.url} refuses the request: {message}"
        return AttemptFailed("a2a.refused", reason, hint=hint, retryable=not _is_final(error))
    is_trusted = "CERTIFICATE_VERIFY_FAILED" not in message
    hint = "Start the peer, or check its address and `headers`."
    if not is_trusted:
        hint = "Correct the certificate of the peer."
    return AttemptFailed(
        "a2a.lost", f"The peer at {settings.url} can't be reached: {message}", hint=hint
    )


def _is_of_network(error: Exception) -> bool:
    name = type(error).__name__
    return name.startswith(("A2AClient", "AgentCard"))


def _is_final(error: Exception) -> bool:
    return any(word in type(error).__name__ for word in FINAL)


def _parts(assignment: Assignment) -> list[pb.Part]:
    text, more = message_parts(assignment.inputs)
    found = [new_text_part(text)] if text else []
    if more or not found:
        found.append(new_data_part(msgspec.to_builtins(more)))
    return found


def _name(state: int) -> str:
    name: Callable[[Any], str] = pb.TaskState.Name
    return name(state).removeprefix("TASK_STATE_").lower()
