"""One task of Codex Cloud: submitted once, polled until it ends, its changes applied."""

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
"""Failed polls in a row until the attempt fails; the next attempt polls the same task."""

DIFF = "cloud.diff"


class TaskRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task, recorded before it is submitted."""

    attempt: int  # that submitted it
    task: str = ""  # empty while its submission is not confirmed
    url: str = ""
    has_failed: bool = False  # so a later attempt may submit another task


class TaskRecords:
    """The task records of one agent, by the key of the step."""

    def __init__(self, folder: Path) -> None:
        """The folder is permanent; the first record creates it."""
        self._folder = folder

    def read(self, key: str) -> TaskRecord | None:
        """Return the record of `key`; an unreadable one counts as submitted."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=TaskRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError):
            return TaskRecord(0)

    def write(self, key: str, record: TaskRecord) -> None:
        """Write a record durably."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(key).with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(key))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self, key: str) -> None:
        """Remove the record of a task that was not submitted."""
        self._path(key).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the oldest records beyond `RECORDS_MAX`, which no attempt needs any more."""
        found = [(path.stat().st_mtime_ns, path) for path in self._folder.glob("*.json")]
        for _, path in sorted(found)[:-RECORDS_MAX]:
            path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:40]}.json"


class CloudTask:
    """The task of one step."""

    def __init__(
        self, commands: Commands, session: ToolSession, records: TaskRecords, seconds: float
    ) -> None:
        """`seconds` is the interval of polling."""
        self._commands = commands
        self._session = session
        self._records = records
        self._seconds = seconds
        # Both are set by `attempt_variables`.
        self._key = session.environment["MISSION_KEY"]
        self._attempt = int(session.environment["MISSION_ATTEMPT"])

    async def run(self, prompt: str, environment: str, branch: str) -> None:
        """Run the task, and apply its changes to the tree.

        Raises:
            AttemptFailed: see `Commands`; `codex_cloud.no_branch`, `.task_failed` and
                `.diff_misfit`.
        """
        root = Path(
            (await git(["rev-parse", "--show-toplevel"], cwd=self._session.cwd))
            .decode()
            .rstrip("\n")
        )
        record = await self._submit(prompt, environment, branch)
        try:
            status = await self._poll(record)
        except asyncio.CancelledError:
            self._session.log(
                "warning",
                f"Task {record.task} continues in Codex Cloud, because the program can't stop it. "
                f"Stop it at {record.url}.",
            )
            raise
        if status.status == "ERROR":
            failed = TaskRecord(record.attempt, record.task, record.url, has_failed=True)
            await asyncio.to_thread(self._records.write, self._key, failed)
            raise AttemptFailed(
                f"{KIND}.task_failed",
                f"Task {record.task} failed in Codex Cloud, and the program does not say why.",
                hint=f"{record.url} shows it.",
                detail={"task": record.task, "url": record.url},
            )
        diff = await self._commands.diff(record.task)
        if diff.strip():
            await self._apply(diff, root, record, branch)
        details = ", ".join(filter(None, (status.title, status.summary)))
        self._session.record_message(
            f"Task {record.task} is {status.status.lower()}: {details}. {record.url}"
        )

    async def _submit(self, prompt: str, environment: str, branch: str) -> TaskRecord:
        """Return the task of the step; submit it unless an earlier attempt did."""
        record = await asyncio.to_thread(self._records.read, self._key)
        if record is not None and not (record.has_failed and record.attempt < self._attempt):
            if not record.task:
                raise submission_unknown("An earlier attempt ended during the submission.")
            self._session.count_tool_call()
            self._session.log("info", f"Continuing Codex Cloud task {record.task}: {record.url}")
            return record
        if not branch:
            raise AttemptFailed(
                f"{KIND}.no_branch",
                "No branch is checked out, and a task of Codex Cloud starts at a branch.",
                hint="Give `branch` to the step or the agent: its name at the remote.",
                retryable=False,
            )
        await asyncio.to_thread(self._records.sweep)
        # Record it first: if this process dies during the submission, it must not be repeated.
        await asyncio.to_thread(self._records.write, self._key, TaskRecord(self._attempt))
        try:
            submitted = await self._commands.submit(prompt, environment, branch)
        except NotSubmitted as refusal:
            await asyncio.to_thread(self._records.forget, self._key)
            raise refusal.failure from None
        record = TaskRecord(self._attempt, submitted.task, submitted.url)
        await asyncio.to_thread(self._records.write, self._key, record)
        self._session.count_tool_call()
        self._session.log("info", f"Codex Cloud task {submitted.task}: {submitted.url}")
        return record

    async def _poll(self, record: TaskRecord) -> TaskStatus:
        """Poll until the task has ended; a few polls may fail."""
        failures, last = 0, ""
        while True:
            try:
                status = await self._commands.status(record.task)
            except AttemptFailed as failure:
                failures += 1
                if not failure.retryable or failures >= UNANSWERED_MAX:
                    raise
                self._session.log("warning", failure.reason)
            else:
                failures = 0
                if status.status != "PENDING":
                    return status
                if status.title != last:
                    self._session.log("info", f"Pending: {status.title}")
                    last = status.title
            self._session.line.progress(0, 0, "in Codex Cloud")
            await asyncio.sleep(self._seconds)

    async def _apply(self, diff: bytes, root: Path, record: TaskRecord, branch: str) -> None:
        try:
            arguments = ["apply", "--whitespace=nowarn", "-"]
            await git(arguments, cwd=root, stdin=diff, bytes_max=PATCH_BYTES_MAX)
        except AttemptFailed as error:
            self._session.line.keep(
                DIFF,
                diff,
                media_type="text/x-diff",
                title="Changes by Codex Cloud",
                obtained=f"`codex cloud diff {record.task}`",
            )
            raise AttemptFailed(
                f"{KIND}.diff_misfit",
                f"The changes of task {record.task} do not fit the base of the step: "
                f"{error.reason}",
                hint=f"Codex Cloud started at its remote's {branch or 'branch'!r}: push or fetch, "
                "and start a new run.",
                retryable=False,
                detail={"task": record.task, "url": record.url},
            ) from None
