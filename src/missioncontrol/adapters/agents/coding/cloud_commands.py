"""The commands of `codex cloud`: what is asked, and what their answers mean."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from missioncontrol.adapters.agents.coding.session import ToolSession, strip_controls
from missioncontrol.ports.agent import AttemptFailed

KIND = "codex_cloud"
DIFF_BYTES_MAX = 64 * 1024 * 1024
SAID_MAX = 2_000

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
"""By these the program ends before it asks for a task."""


class Submitted(msgspec.Struct, frozen=True):
    """A task that was begun."""

    task: str
    url: str


class TaskStatus(msgspec.Struct, frozen=True):
    """How a task stands."""

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
    """Asks the program, in a directory of ours: it writes a file `error.log` where it stands."""

    def __init__(self, program: str, session: ToolSession, codex_home: str) -> None:
        """The sign-in is in `codex_home`."""
        self._program = program
        self._session = session
        self._home = codex_home
        session.environment = {**session.environment, "CODEX_HOME": codex_home, "NO_COLOR": "1"}

    async def submitted(self, prompt: str, environment: str, branch: str) -> Submitted:
        """Begin a task. The prompt goes in by stdin.

        Raises:
            NotBegun: nothing was begun, for certain.
            AttemptFailed: `codex_cloud.maybe_submitted`, where that is not known.
        """
        asked = ("exec", f"--env={environment}", f"--branch={branch}", "-")
        answer = await self._ask(asked, prompt.encode())
        found = _TASK.search(answer.text)
        if answer.code == 0 and found:
            return Submitted(found[1], found[0].strip())
        said = answer.error or answer.text.strip()
        if answer.code == 2 or any(words in said for words in _NOT_CREATED):
            raise NotSubmitted(self._refusal(said, environment))
        raise submission_unknown(f"It ended with status {answer.code}: {said or 'it said nothing'}")

    async def seen(self, task: str) -> TaskStatus:
        """Return how a task stands; the program says so with status 1 unless it is ready.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in` or `.unavailable`.
        """
        answer = await self._ask(("status", task))
        found = _STATUS.search(answer.text)
        if not found:
            raise self._unavailable(answer, f"how task {task} stands")
        lines = answer.text.strip().splitlines()
        status = msgspec.convert(found[1], Status)
        return TaskStatus(status, found[2].strip(), lines[-1].strip() if lines[2:] else "")

    async def diff(self, task: str) -> bytes:
        """Return what a task that is ready has changed; empty where that is nothing.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in`, `.unavailable` or `.diff_too_large`.
        """
        answer = await self._ask(("diff", task))
        if answer.code == 0:
            return answer.out
        if "No diff available for task" in answer.error:
            return b""
        raise self._unavailable(answer, f"what task {task} changed")

    async def listed(self, environment: str) -> None:
        """Ask for one task of an environment, whichever; what is there does not matter.

        Raises:
            AttemptFailed: `codex_cloud.not_signed_in` or `.unavailable`.
        """
        answer = await self._ask(("list", "--json", "--limit=1", f"--env={environment}"))
        if answer.code:
            raise self._unavailable(answer, "for its tasks")

    async def _ask(self, asked: Sequence[str], stdin: bytes = b"") -> _Answer:
        out = bytearray()

        def take(raw: bytes, is_cut: bool) -> None:
            out.extend(raw)
            if is_cut or len(out) > DIFF_BYTES_MAX:
                raise AttemptFailed(
                    f"{KIND}.diff_too_large",
                    "What Codex Cloud changed is more than a patch may hold, or has a line that "
                    "is.",
                    retryable=False,
                )

        session = self._session
        session.errors.clear()
        code = await session.run([self._program, "cloud", *asked], stdin, take, cwd=session.home)
        errors = " ".join(each for each in session.errors if "PATH aliases" not in each)
        return _Answer(code, bytes(out), errors[:SAID_MAX])

    def _refusal(self, said: str, environment: str) -> AttemptFailed:
        if "Not signed in" in said:
            return self.not_signed_in(self._home)
        if "nvironment" in said:
            return AttemptFailed(
                f"{KIND}.unknown_environment",
                f"Codex Cloud has no environment {environment!r} for this sign-in: {said}",
                hint="`codex cloud` shows them; set `environment` of the agent to an id.",
                retryable=False,
            )
        return AttemptFailed(
            f"{KIND}.refused", f"The program refused the task: {said}", retryable=False
        )

    def _unavailable(self, answer: _Answer, what: str) -> AttemptFailed:
        said = answer.error or answer.text.strip()[:SAID_MAX]
        if "Not signed in" in said:
            return self.not_signed_in(self._home)
        return AttemptFailed(
            f"{KIND}.unavailable",
            f"Codex Cloud does not say {what} (status {answer.code}): {said or 'no word'}",
            hint="It goes on there; another attempt asks again, and begins no second task.",
        )

    @staticmethod
    def not_signed_in(home: str) -> AttemptFailed:
        """Say that nobody is signed in."""
        return AttemptFailed(
            f"{KIND}.not_signed_in",
            f"The program is not signed in: {home} holds no sign-in with ChatGPT that works.",
            hint=f"Run `CODEX_HOME={home} codex login` as the user of the engine.",
            retryable=False,
        )


class NotSubmitted(Exception):
    """The program ended before it asked for a task."""

    def __init__(self, failure: AttemptFailed) -> None:
        """`failure` is what the attempt ends with."""
        super().__init__(failure.reason)
        self.failure = failure


def submission_unknown(why: str) -> AttemptFailed:
    """Say that a task may have been begun, so that no second one is."""
    return AttemptFailed(
        f"{KIND}.maybe_submitted",
        f"Whether Codex Cloud began the task is not known, so it is not asked again. {why}",
        hint="`codex cloud list` shows it if it did; `mission retry` begins a run of its own, "
        "which asks anew.",
        retryable=False,
    )


def is_signed_out(home: str) -> bool:
    """Whether there is certainly no sign-in; one that is there may be over all the same."""
    return not (Path(home) / "auth.json").is_file()
