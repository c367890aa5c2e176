"""A program as an agent: it receives an order, reports line by line, and returns its work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.attempt_process import (
    attempt_variables,
    git_directories,
    run_program,
    scratch_directory,
)
from missioncontrol.adapters.agents.files import accept_artifact
from missioncontrol.adapters.agents.output import OutputReader, line_text
from missioncontrol.adapters.processes import LINE_BYTES_MAX, Program
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Rules, Sandbox

Observer = Callable[[Work], Awaitable[None]]
STDERR_TAIL = 20
"""Last lines of standard error, which may explain an exit without a result."""
ERROR_LINE_BYTES_MAX = 65_536
"""A longer line of standard error is cut."""
Consult = Callable[[wire.Consults], Awaitable[wire.Consulted]]
"""Asks an agent, as one conversation. Raises `AttemptFailed`."""
Consulting = Callable[[Assignment, Line], AbstractAsyncContextManager[Consult]]
"""Yields access to agents for one attempt; the conversations end with the block."""
_decode = msgspec.json.Decoder(wire.Message).decode


class ObservedAgent:
    """Performs as another agent does, and passes the work to an observer."""

    def __init__(self, agent: Agent, tell: Observer) -> None:
        """An exception from `tell` fails the attempt: work that was not observed is not done."""
        self._agent = agent
        self._notify = tell

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        work = await self._agent.perform(assignment, line)
        await self._notify(work)
        return work


class ProgramAgent:
    """Starts `argv` for each attempt, in a process group and a scratch directory of its own."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        scratch: Path,
        artifacts: ArtifactStore,
        environment: Mapping[str, str],
        sandbox: Sandbox,
        own: Sequence[Path] = (),
        reads: Sequence[Path] = (),
        writes: Sequence[str] = (),
        ports: Sequence[int] | None = None,
        unix_sockets: bool = False,
        moves_branches: bool = False,
        creates_repository: bool = False,
        consulting: Consulting | None = None,
    ) -> None:
        """`environment` is all that the program inherits; `Sandbox.rules` explains the rest.

        `consulting` gives it access to agents.
        """
        self._consulting = consulting or _no_consulting
        self._argv = tuple(argv)
        self._scratch = scratch
        self._artifacts = artifacts
        self._environment = environment
        self._sandbox = sandbox
        self._own = own
        self._reads = reads
        self._writes = writes
        self._ports = ports
        self._unix_sockets = unix_sockets
        self._moves_branches = moves_branches
        self._creates_repository = creates_repository

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        environment = {**self._environment, **attempt_variables(assignment)}
        async with scratch_directory(self._scratch, assignment) as scratch:
            order = self._order(assignment, scratch)
            rules = self._rules(order, scratch)
            async with (
                run_program(
                    self._argv, cwd=scratch, environment=environment, line=line, rules=rules
                ) as program,
                self._consulting(assignment, line) as consult,
            ):
                program.process.stdin.write(wire.encode(order))
                return await _Conversation(program, line, scratch, consult).run()

    def _rules(self, order: wire.Order, scratch: Path) -> Rules:
        return self._sandbox.rules(
            own=(scratch, *self._own),
            reads=(*self._reads, *order.files.values()),
            writes=(*self._writes, *self._written_in(order.assignment)),
            ports=self._ports,
            unix_sockets=self._unix_sockets,
        )

    def _written_in(self, assignment: Assignment) -> list[Path]:
        """Return what the program may write of the step's repository."""
        named = assignment.inputs.get("repository") or assignment.run_inputs.get("repository")
        if not isinstance(named, str) or not named:
            return []
        if self._creates_repository and Path(named).is_absolute():
            with suppress(OSError):  # The program says why it can't be written.
                Path(named).mkdir(parents=True, exist_ok=True)
            return [Path(named)]
        return git_directories(Path(named)) if self._moves_branches else []

    def _order(self, assignment: Assignment, scratch: Path) -> wire.Order:
        digests = {
            reference.digest
            for upstream in assignment.upstream.values()
            for reference in upstream.work.artifacts
        }
        files = {digest: str(self._artifacts.path(digest)) for digest in sorted(digests)}
        return wire.Order(wire.VERSION, assignment, str(scratch), files)


@asynccontextmanager
async def _no_consulting(assignment: Assignment, line: Line) -> AsyncIterator[Consult]:
    """Refuse every consultation."""
    del assignment, line

    async def refuse(request: wire.Consults) -> wire.Consulted:
        raise AttemptFailed(
            "program.no_agents", f"This program can't ask agent {request.agent!r}.", retryable=False
        )

    yield refuse


class _Conversation:
    """The messages of one process, from its first line to its exit."""

    def __init__(self, program: Program, line: Line, scratch: Path, consult: Consult) -> None:
        self._consult = consult
        self._program = program
        self._process = program.process
        self._line = line
        self._scratch = scratch
        self._announced: dict[str, ArtifactRef] = {}
        self._stored: dict[str, ArtifactRef] = {}
        self._stderr: list[str] = []
        self._work: Work | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> Work:
        stdout, stderr = self._process.stdout, self._process.stderr
        reader = OutputReader(self._program)
        code = await reader.wait_for_exit(
            reader.read_lines(stdout, self._handle_line, bytes_max=LINE_BYTES_MAX),
            reader.read_lines(stderr, self._log_error, bytes_max=ERROR_LINE_BYTES_MAX),
        )
        return self._result(code)

    def _result(self, code: int) -> Work:
        if self._work is None or code != 0:
            result = "after a result" if self._work else "without a result"
            ending = " ".join(self._stderr[-3:])
            raise AttemptFailed(
                "program.no_result",
                f"The program ended with exit code {code} {result}. {ending}".rstrip(),
                hint="`mission runs output RUN STEP` shows its output.",
            )
        return self._with_stored_artifacts(self._work)

    def _handle_line(self, raw: bytes, is_cut: bool) -> None:
        if is_cut:
            raise AttemptFailed(
                "program.line_too_long", "The program wrote a line of more than 8 MiB."
            )
        try:
            message = _decode(raw)
        except msgspec.DecodeError as error:
            # Longer than a failure stores, because it is cut only after secrets are removed.
            text = raw[:65_536].decode("utf-8", "replace").strip()
            raise AttemptFailed(
                "program.bad_line",
                f"The program wrote a line that is not a message ({error}): {text!r}.",
            ) from None
        self._handle(message)

    def _handle(self, message: wire.Message) -> None:
        match message:
            case wire.LogMessage():
                self._line.log(message.level, message.message)
            case wire.Moved():
                self._line.progress(message.done, message.total, message.note)
            case wire.Used():
                self._line.usage(message.usage, model=message.model)
            case wire.Wants():
                self._answer(message.number, self._admit(message))
            case wire.Consults():
                self._answer(message.number, self._consult(message))
            case wire.ArtifactMessage():
                self._store(message)
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

    def _answer(self, number: int, found: Awaitable[wire.Answer]) -> None:
        task = asyncio.ensure_future(self._send_answer(number, found))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send_answer(self, number: int, found: Awaitable[wire.Answer]) -> None:
        """Send the program the answer to its question, or the reason why it gets none."""
        answer: wire.Answer
        try:
            answer = await found
        except AttemptFailed as refusal:
            answer = wire.Denied(number, refusal.code, refusal.reason, refusal.hint)
        stdin = self._process.stdin
        if not stdin.is_closing():
            stdin.write(wire.encode(answer))

    async def _admit(self, wanted: wire.Wants) -> wire.Answer:
        """Reserve a model call for the program."""
        await self._line.admit(
            wanted.model,
            input_tokens=wanted.input_tokens,
            output_tokens=wanted.output_tokens,
        )
        return wire.Granted(wanted.number)

    def _store(self, message: wire.ArtifactMessage) -> None:
        """Store a file, and remember how the program announced it."""
        self._stored[message.name] = accept_artifact(
            message, [self._scratch], self._line, code="program.bad_artifact"
        )
        self._announced[message.name] = ArtifactRef(
            message.name,
            message.digest,
            message.size,
            message.media_type,
            message.title,
            message.obtained,
        )

    def _with_stored_artifacts(self, work: Work) -> Work:
        """Replace references by those of the stored files; refuse unannounced files.

        A stored file may differ from the announced one, because secrets are removed.
        """
        for reference in work.artifacts:
            if reference != self._announced.get(reference.name):
                raise AttemptFailed(
                    "program.bad_artifact",
                    f"The work names {reference.name!r}, which the program did not announce so.",
                )
        stored = tuple(self._stored[reference.name] for reference in work.artifacts)
        return msgspec.structs.replace(work, artifacts=stored)

    def _log_error(self, line: bytes, is_cut: bool) -> None:
        text = line_text(line, is_cut=is_cut)
        self._line.log("warning", text)
        self._stderr = [*self._stderr, text][-STDERR_TAIL:]
