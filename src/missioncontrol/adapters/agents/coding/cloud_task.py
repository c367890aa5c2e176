"""One task of Codex Cloud: begun once, looked at until it has ended, its changes taken over."""

import asyncio
import os
from hashlib import sha256
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.coding.cloud_commands import (
    KIND,
    Commands,
    NotSubmitted,
    TaskStatus,
    submission_unknown,
)
from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.adapters.git import PATCH_BYTES_MAX, git
from missioncontrol.ports.agent import AttemptFailed

RECORDS_MAX = 10_000
UNANSWERED_MAX = 5
"""Looks in a row that nobody answered, until the attempt fails; another one goes on with it."""

DIFF = "cloud.diff"


class TaskRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task, from before it is begun."""

    attempt: int  # that asked for it
    task: str = ""  # empty where it is not known whether it was begun
    url: str = ""
    has_failed: bool = False  # so that a later attempt may ask for another one


class TaskRecords:
    """The notes of one agent, by the key of the step that asks."""

    def __init__(self, folder: Path) -> None:
        """The folder lasts, and is made when something is written."""
        self._folder = folder

    def read(self, key: str) -> TaskRecord | None:
        """Return what was written down for `key`; what cannot be read says that it was asked."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=TaskRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            return TaskRecord(0)

    def write(self, key: str, note: TaskRecord) -> None:
        """Write down; it is on disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(key).with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(key))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self, key: str) -> None:
        """Remove what was written down, as nothing was asked."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the oldest where there are very many: no attempt comes back to them."""
        found = [(path.stat().st_mtime_ns, path) for path in self._folder.glob("*.json")]
        for _, path in sorted(found)[:-RECORDS_MAX]:
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:40]}.json"


class CloudTask:
    """The task of one step."""

    def __init__(
        self, commands: Commands, session: ToolSession, notes: TaskRecords, seconds: float
    ) -> None:
        """`seconds` lie between two looks."""
        self._commands = commands
        self._session = session
        self._notes = notes
        self._seconds = seconds
        # By this every attempt at a step is known; see `workplace.told`.
        self._key = session.environment["MISSION_KEY"]
        self._attempt = int(session.environment["MISSION_ATTEMPT"])

    async def done(self, prompt: str, environment: str, branch: str) -> None:
        """Let the task be done, and leave its changes in the tree.

        Raises:
            AttemptFailed: see `Commands`; `codex_cloud.no_branch`, `.task_failed` and
                `.diff_misfit`.
        """
        root = Path(
            (await git(["rev-parse", "--show-toplevel"], cwd=self._session.cwd))
            .decode()
            .rstrip("\n")
        )
        note = await self._begun(prompt, environment, branch)
        try:
            seen = await self._ended(note)
        except asyncio.CancelledError:
            self._session.log(
                "warning",
                f"Task {note.task} goes on in Codex Cloud: the program has no command that ends "
                f"it. {note.url} does.",
            )
            raise
        if seen.status == "ERROR":
            failed = TaskRecord(note.attempt, note.task, note.url, has_failed=True)
            await asyncio.to_thread(self._notes.write, self._key, failed)
            raise AttemptFailed(
                f"{KIND}.task_failed",
                f"Task {note.task} failed in Codex Cloud, and the program does not say why.",
                hint=f"{note.url} shows it.",
                detail={"task": note.task, "url": note.url},
            )
        diff = await self._commands.diff(note.task)
        if diff.strip():
            await self._take_over(diff, root, note, branch)
        said = ", ".join(filter(None, (seen.title, seen.summary)))
        self._session.record_message(
            f"Task {note.task} is {seen.status.lower()}: {said}. {note.url}"
        )

    async def _begun(self, prompt: str, environment: str, branch: str) -> TaskRecord:
        """Return the task of the step, which is begun where no attempt has asked for it."""
        note = await asyncio.to_thread(self._notes.read, self._key)
        if note is not None and not (note.has_failed and note.attempt < self._attempt):
            if not note.task:
                raise submission_unknown("An earlier attempt was ended while it asked.")
            self._session.count_tool_call()
            self._session.log("info", f"Goes on with Codex Cloud task {note.task}: {note.url}")
            return note
        if not branch:
            raise AttemptFailed(
                f"{KIND}.no_branch",
                "No branch is checked out, and a task of Codex Cloud begins at a branch.",
                hint="Give `branch` to the step or the agent: its name at the remote.",
                retryable=False,
            )
        await asyncio.to_thread(self._notes.sweep)
        # From here on it is not asked again, whatever ends this process.
        await asyncio.to_thread(self._notes.write, self._key, TaskRecord(self._attempt))
        try:
            begun = await self._commands.submitted(prompt, environment, branch)
        except NotSubmitted as refusal:
            await asyncio.to_thread(self._notes.forget, self._key)
            raise refusal.failure from None
        note = TaskRecord(self._attempt, begun.task, begun.url)
        await asyncio.to_thread(self._notes.write, self._key, note)
        self._session.count_tool_call()
        self._session.log("info", f"Codex Cloud task {begun.task}: {begun.url}")
        return note

    async def _ended(self, note: TaskRecord) -> TaskStatus:
        """Look until the task has ended; a few looks may go unanswered."""
        deaf, last = 0, ""
        while True:
            try:
                seen = await self._commands.seen(note.task)
            except AttemptFailed as failure:
                deaf += 1
                if not failure.retryable or deaf >= UNANSWERED_MAX:
                    raise
                self._session.log("warning", failure.reason)
            else:
                deaf = 0
                if seen.status != "PENDING":
                    return seen
                if seen.title != last:
                    self._session.log("info", f"Pending: {seen.title}")
                    last = seen.title
            self._session.line.progress(0, 0, "in Codex Cloud")
            await asyncio.sleep(self._seconds)

    async def _take_over(self, diff: bytes, root: Path, note: TaskRecord, branch: str) -> None:
        try:
            asked = ["apply", "--whitespace=nowarn", "-"]
            await git(asked, cwd=root, stdin=diff, bytes_max=PATCH_BYTES_MAX)
        except AttemptFailed as error:
            self._session.line.keep(
                DIFF,
                diff,
                media_type="text/x-diff",
                title="What Codex Cloud changed",
                obtained=f"`codex cloud diff {note.task}`",
            )
            raise AttemptFailed(
                f"{KIND}.diff_misfit",
                f"What task {note.task} changed does not fit the commit that the step begins at: "
                f"{error.reason}",
                hint=f"Codex Cloud began at its remote's {branch or 'branch'!r}: push what is "
                "here, or fetch what is there, and begin a run anew.",
                retryable=False,
                detail={"task": note.task, "url": note.url},
            ) from None
