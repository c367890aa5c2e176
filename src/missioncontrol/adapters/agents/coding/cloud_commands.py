"""Runs the commands of `codex cloud` and interprets their output."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from missioncontrol.adapters.agents.coding.session import ToolSession, strip_controls
from missioncontrol.ports.agent import AttemptFailed

KIND = "codex_cloud"
DIFF_BYTES_MAX = 64 * 1024 * 1024
MESSAGE_MAX = 2_000

Status = Literal["PENDING", "READY", "APPLIED", "ERROR"]

_STATUS = re.compile(r"^\[(PENDING|READY|APPLIED|ERROR)\] ?(.*)$", re.MULTILINE)
_TASK = re.compile(r"https?://\S*/(task_[A-Za-z0-9_-]+)\s*$", re.MULTILINE)
_NOT_CREATED = (
    "Not signed in",
    "no query provided",
    "environment id must not be empty",
    "no cloud environments are available",
    "not found; run `codex cloud`",
    "is ambiguous; run `codex cloud`",
)
"""Errors with which the program exits before it submits a task."""


class Submitted(msgspec.Struct, frozen=True):
    """A submitted task."""

    task: str
    url: str


class TaskStatus(msgspec.Struct, frozen=True):
    """The status of a task."""

    status: Status
    title: str
    summary: str  # such as `+1/-1 • 1 file`


class _Answer(msgspec.Struct, frozen=True):
    code: int
    out: bytes
    error: str

    @property
    def text(self) -> str:
        return strip_controls(self.out.decode("utf-8", "replace"))


class Commands:
    """Runs the program in the home of the session: it writes `error.log` where it starts."""

    def __init__(self, program: str, session: ToolSession, codex_home: str) -> None:
        """`codex_home` holds the credentials."""
        self._program = program
        self._session = session
        self._home = codex_home
        session.environment = {**session.environment, "CODEX_HOME": codex_home, "NO_COLOR": "1"}

    async def submit(self, prompt: str, environment: str, branch: str) -> Submitted:
        """Submit a task. The prompt goes to standard input.

        Raises:
            NotBegun: certainly nothing was submitted.
            AttemptFailed: `codex_cloud.maybe_submitted`, if that is not known.
        """
        arguments = ("exec", f"--env={environment}", f"--branch={branch}", "-")
        answer = await self._run(arguments, prompt.encode())
        found = _TASK.search(answer.text)
        if answer.code == 0 and found:
            return Submitted(found[1], found[0].strip())
        message = answer.error or answer.text.strip()
        if answer.code == 2 or any(words in message for words in _NOT_CREATED):
            raise NotSubmitted(self._refusal(message, environment))
        raise submission_unknown(f"It ended with status {answer.code}: {message or 'no output'}")

    async def status(self, task: str) -> TaskStatus:
        """Return the status of a task; the program exits with status 1 unless the task is ready.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in` or `.unavailable`.
        """
        answer = await self._run(("status", task))
        found = _STATUS.search(answer.text)
        if not found:
            raise self._unavailable(answer, f"the status of task {task}")
        lines = answer.text.strip().splitlines()
        status = msgspec.convert(found[1], Status)
        return TaskStatus(status, found[2].strip(), lines[-1].strip() if lines[2:] else "")

    async def diff(self, task: str) -> bytes:
        """Return the changes of a task that is ready; empty if there are none.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in`, `.unavailable` or `.diff_too_large`.
        """
        answer = await self._run(("diff", task))
        if answer.code == 0:
            return answer.out
        if "No diff available for task" in answer.error:
            return b""
        raise self._unavailable(answer, f"the changes of task {task}")

    async def list_tasks(self, environment: str) -> None:
        """Request the list of tasks of an environment, to check the connection.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in` or `.unavailable`.
        """
        answer = await self._run(("list", "--json", "--limit=1", f"--env={environment}"))
        if answer.code:
            raise self._unavailable(answer, "its tasks")

    async def _run(self, arguments: Sequence[str], stdin: bytes = b"") -> _Answer:
        out = bytearray()

        def take(raw: bytes, is_cut: bool) -> None:
            out.extend(raw)
            if is_cut or len(out) > DIFF_BYTES_MAX:
                raise AttemptFailed(
                    f"{KIND}.diff_too_large",
                    "The changes of Codex Cloud, or one of their lines, are too large for a patch.",
                    retryable=False,
                )

        session = self._session
        session.errors.clear()
        code = await session.run(
            [self._program, "cloud", *arguments], stdin, take, cwd=session.home
        )
        errors = " ".join(each for each in session.errors if "PATH aliases" not in each)
        return _Answer(code, bytes(out), errors[:MESSAGE_MAX])

    def _refusal(self, message: str, environment: str) -> AttemptFailed:
        if "Not signed in" in message:
            return self.not_signed_in(self._home)
        if "nvironment" in message:
            return AttemptFailed(
                f"{KIND}.unknown_environment",
                f"Codex Cloud has no environment {environment!r} for this account: {message}",
                hint="`codex cloud` lists them; set `environment` of the agent to an id.",
                retryable=False,
            )
        return AttemptFailed(
            f"{KIND}.refused", f"The program refused the task: {message}", retryable=False
        )

    def _unavailable(self, answer: _Answer, what: str) -> AttemptFailed:
        message = answer.error or answer.text.strip()[:MESSAGE_MAX]
        if "Not signed in" in message:
            return self.not_signed_in(self._home)
        return AttemptFailed(
            f"{KIND}.unavailable",
            f"Codex Cloud did not report {what} (status {answer.code}): {message or 'no output'}",
            hint="The task continues there; another attempt polls it, and submits no second one.",
        )

    @staticmethod
    def not_signed_in(home: str) -> AttemptFailed:
        """Return the failure of a program without a sign-in."""
        return AttemptFailed(
            f"{KIND}.not_signed_in",
            f"The program is not signed in: {home} holds no valid sign-in with ChatGPT.",
            hint=f"Run `CODEX_HOME={home} codex login` as the user of the engine.",
            retryable=False,
        )


class NotSubmitted(Exception):
    """The program exited before it submitted a task."""

    def __init__(self, failure: AttemptFailed) -> None:
        """`failure` ends the attempt."""
        super().__init__(failure.reason)
        self.failure = failure


def submission_unknown(why: str) -> AttemptFailed:
    """Return the failure for a task that may or may not have been submitted."""
    return AttemptFailed(
        f"{KIND}.maybe_submitted",
        f"Codex Cloud may have started the task, so it is not submitted again. {why}",
        hint="`codex cloud list` shows the task if it exists; `mission runs retry` starts a run, "
        "which submits it again.",
        retryable=False,
    )


def is_signed_out(home: str) -> bool:
    """Whether the credentials are missing; existing ones may still have expired."""
    return not (Path(home) / "auth.json").is_file()
