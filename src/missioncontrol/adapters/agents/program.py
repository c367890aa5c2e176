"""A program as an agent: it gets an order, reports line by line, and hands in its work."""

import asyncio
import hashlib
import re
import shutil
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.processes import Program, start_gated
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.artifact_store import ArtifactStore

STDERR_TAIL = 20
"""Last lines of standard error that explain an exit without a result."""

ERROR_LINE_BYTES_MAX = 65_536
"""The rest of a longer line is left out."""

DRAIN_SECONDS = 0.5
"""Between the exit of a program and the last look at what it wrote."""

ARTIFACT_BYTES_MAX = 256 * 1024 * 1024

_decode = msgspec.json.Decoder(wire.Message).decode


class ProgramAgent:
    """Starts `argv` for each attempt, in a process group and a scratch directory of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        scratch: Path,
        artifacts: ArtifactStore,
        environment: Mapping[str, str],
    ) -> None:
        """`environment` is all that the program sees of ours."""
        self._argv = tuple(argv)
        self._scratch = scratch
        self._artifacts = artifacts
        self._environment = environment

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        # Names of runs and steps are other people's words, and no part of a path.
        run = re.sub(r"[^A-Za-z0-9_-]", "_", assignment.run)
        scratch = self._scratch / run / str(assignment.fence)
        scratch.mkdir(parents=True, exist_ok=True)
        try:
            return await self._run(assignment, line, scratch)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    async def _run(self, assignment: Assignment, line: Line, scratch: Path) -> Work:
        program = await start_gated(self._argv, cwd=scratch, environment=self._environment)
        try:
            await line.started(program.handle)
            program.open_gate()
            assert program.process.stdin is not None
            program.process.stdin.write(wire.encode(self._order(assignment, scratch)))
            return await _Conversation(program, line, scratch).hold()
        finally:
            # Also where all went well: what the program left running must not outlive its attempt.
            await _whatever_comes(program.end())

    def _order(self, assignment: Assignment, scratch: Path) -> wire.Order:
        digests = {
            reference.digest
            for upstream in assignment.upstream.values()
            for reference in upstream.work.artifacts
        }
        files = {digest: str(self._artifacts.path(digest)) for digest in sorted(digests)}
        return wire.Order(wire.VERSION, assignment, str(scratch), files)


async def _whatever_comes(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` to its end, however often this task is cancelled meanwhile."""
    doing = asyncio.ensure_future(work)
    cancelled = False
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            cancelled = True
    doing.result()
    if cancelled:
        raise asyncio.CancelledError


class _Conversation:
    """What one process says, from its first line to its exit."""

    def __init__(self, program: Program, line: Line, scratch: Path) -> None:
        self._program = program
        self._process = program.process
        self._line = line
        self._scratch = scratch
        self._announced: dict[str, ArtifactRef] = {}
        self._kept: dict[str, ArtifactRef] = {}
        self._stderr: list[str] = []
        self._work: Work | None = None

    async def hold(self) -> Work:
        messages = asyncio.create_task(self._read_messages())
        errors = asyncio.create_task(self._read_errors())
        exit_code = asyncio.create_task(self._program.exited())
        try:
            await asyncio.wait((messages, exit_code), return_when=asyncio.FIRST_COMPLETED)
            if messages.done():
                messages.result()
            code = await exit_code
            # A child may hold the pipes for ever; what the program itself said is there by now.
            await asyncio.wait((messages, errors), timeout=DRAIN_SECONDS)
            if messages.done():
                messages.result()
        finally:
            for task in (messages, errors, exit_code):
                task.cancel()
        return self._result(code)

    def _result(self, code: int) -> Work:
        if self._work is None or code != 0:
            result = "after a result" if self._work else "without a result"
            said = " ".join(self._stderr[-3:])
            raise AttemptFailed(
                "program.no_result",
                f"The program ended with exit code {code} {result}. {said}".rstrip(),
                hint="Read the output of the attempt.",
            )
        return self._with_kept_artifacts(self._work)

    async def _read_messages(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                raw = await self._process.stdout.readline()
            except ValueError:
                raise AttemptFailed(
                    "program.line_too_long", "The program wrote a line of more than 8 MiB."
                ) from None
            if not raw:
                return
            try:
                message = _decode(raw)
            except msgspec.DecodeError as error:
                # More than a failure keeps: it is cut after secrets were taken out, not before.
                text = raw[:65_536].decode("utf-8", "replace").strip()
                raise AttemptFailed(
                    "program.bad_line", f"The program wrote what is no message ({error}): {text!r}."
                ) from None
            self._take(message)

    def _take(self, message: wire.Message) -> None:
        match message:
            case wire.Said():
                self._line.log(message.level, message.message)
            case wire.Moved():
                self._line.progress(message.done, message.total, message.note)
            case wire.Used():
                self._line.usage(message.usage)
            case wire.Kept():
                self._keep(message)
            case wire.Done():
                self._work = message.work
            case wire.Refused():
                raise AttemptFailed(
                    message.code,
                    message.reason,
                    hint=message.hint,
                    retryable=message.retryable,
                    detail=message.detail,
                )

    def _keep(self, message: wire.Kept) -> None:
        """Take a file over, if it is where it may be and still what was announced."""
        path = Path(message.path)
        inside = path.resolve().is_relative_to(self._scratch.resolve())
        if not inside or not path.is_file() or path.stat().st_size > ARTIFACT_BYTES_MAX:
            raise AttemptFailed(
                "program.bad_artifact",
                f"Artifact {message.name!r} is no file under the scratch directory "
                f"of at most {ARTIFACT_BYTES_MAX // 2**20} MiB.",
            )
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != message.digest:
            raise AttemptFailed(
                "program.bad_artifact",
                f"Artifact {message.name!r} changed after it was handed in.",
            )
        self._announced[message.name] = ArtifactRef(
            message.name,
            message.digest,
            message.size,
            message.media_type,
            message.title,
            message.obtained,
        )
        self._kept[message.name] = self._line.keep(
            message.name,
            content,
            media_type=message.media_type,
            title=message.title,
            obtained=message.obtained,
        )

    def _with_kept_artifacts(self, work: Work) -> Work:
        """Refuse references to files that were never handed in, and name them as they were kept.

        What is kept may differ from what was handed in by the secrets that were taken out.
        """
        for reference in work.artifacts:
            if reference != self._announced.get(reference.name):
                raise AttemptFailed(
                    "program.bad_artifact",
                    f"The work names {reference.name!r}, which was not handed in as it says.",
                )
        kept = tuple(self._kept[reference.name] for reference in work.artifacts)
        return msgspec.structs.replace(work, artifacts=kept)

    async def _read_errors(self) -> None:
        """Pass standard error on, line by line: a secret cut in two would not be recognised."""
        assert self._process.stderr is not None
        begun, is_cut = b"", False
        while raw := await self._process.stderr.read(65_536):
            *lines, begun = (begun + raw).split(b"\n")
            for line in lines:
                if not is_cut:
                    self._say(line)
                is_cut = False
            if len(begun) > ERROR_LINE_BYTES_MAX:
                if not is_cut:
                    self._say(begun[:ERROR_LINE_BYTES_MAX].rpartition(b" ")[0] + b" [cut]")
                begun, is_cut = b"", True
        if begun and not is_cut:
            self._say(begun)

    def _say(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._line.log("warning", text)
        self._stderr = [*self._stderr, text][-STDERR_TAIL:]
