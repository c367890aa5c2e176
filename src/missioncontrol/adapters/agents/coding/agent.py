"""Runs a coding tool in a work tree of its own, and returns a patch with evidence."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from missioncontrol.adapters.agent_sessions.transcript import usage_by_model
from missioncontrol.adapters.agents.attempt_process import (
    OTLP_ENDPOINT,
    attempt_variables,
    ports_of,
    with_telemetry,
)
from missioncontrol.adapters.agents.coding.failures import may_resume
from missioncontrol.adapters.agents.coding.order import (
    EarlierSession,
    Order,
    order_of,
    prompt_of,
    prompt_to_resume,
    repair_prompt,
    task_of,
)
from missioncontrol.adapters.agents.coding.session import ReadOnlyTask, ToolSession
from missioncontrol.adapters.agents.consultation import Question
from missioncontrol.adapters.agents.files import write_below
from missioncontrol.adapters.agents.kind_support import (
    bad_settings,
    describe_misfit,
    program_environment,
)
from missioncontrol.adapters.worktrees import (
    Patch,
    ResumeRequest,
    SavedCommit,
    Session,
    Tree,
    apply_patch,
    patch_of,
    save_commit,
    sessions,
    worktree,
)
from missioncontrol.domain.agent import ANYTHING, Shape, misfit
from missioncontrol.domain.agent_session import Program
from missioncontrol.domain.building import PATCH, SESSION
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, Mode, opens
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.work import ArtifactRef, Finding, Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop
from missioncontrol.ports.confinement import Rules
from missioncontrol.ports.gateway import Access

REPAIRS_MAX = 2
SUMMARY_MAX = 300
FILES_MAX = 2_000
"""Most files listed in the output, which is stored in an event; the patch has all of them."""

MESSAGE_MAX = 64 * 1024
REASON_MAX = 2_000


_EMPTY_ANSWER = re.compile(
    r"\W*(?:(?:all|it is|it's|i am|i'm|the task is|task)\s+)?"
    r"(?:done|ok(?:ay)?|finished|completed?|success(?:ful)?(?:ly)?)\W*",
    re.IGNORECASE,
)
"""A message that claims success and answers nothing."""

NO_STANDING: Mapping[str, str] = {}


SERVER_NAME = "planning"


class Source(msgspec.Struct, frozen=True):
    """The endpoint of a tool's models for an engine without a gateway."""

    base_url: str = ""
    key_variable: str = ""


class Tool(Protocol):
    """A program that changes files."""

    @property
    def title(self) -> str:
        """The name for people."""
        ...

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        """Run the tool on `prompt`, in the conversation `saved.thread` if there is one.

        Raises:
            AttemptFailed: the tool failed, or has another version than the settings ask for.
        """
        ...


@runtime_checkable
class Resumable(Protocol):
    """A tool whose conversations survive the end of its process."""

    def has_conversation(self, home: Path, thread: str) -> bool:
        """Whether the tool still has the conversation in its home directory."""
        ...


@runtime_checkable
class Continuable(Protocol):
    """A tool that continues the conversation of a person."""

    def conversation(self, session: ToolSession, thread: str, record: bytes) -> tuple[str, bytes]:
        """Return the file, below the home directory, from which the tool resumes a conversation.

        `record` is its file in the home of a person.
        """
        ...


class CodingAgent:
    """Performs each assignment in a work tree of its own."""

    def __init__(
        self,
        declared: Declaration,
        workshop: Workshop,
        tool: Tool,
        source: Source,
        *,
        standing: Mapping[str, str] = NO_STANDING,
        network: bool = False,
        sockets: bool = False,
        writes: Sequence[str] = (),
    ) -> None:
        """`source` is used only while no gateway is open.

        Without `network`, its programs reach only their models by TCP. With `sockets`, they may
        connect to Unix sockets. `writes` are paths that they may write besides their tree.
        `standing` maps the wider modes that it always has to the settings that grant them.
        """
        self._standing = standing
        self._declared = declared
        self._workshop = workshop
        self._tool = tool
        self._source = source
        self._network = network
        self._sockets = sockets
        self._writes = writes

    @property
    def title(self) -> str:
        """The name of the tool for people."""
        return self._tool.title

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        order = order_of(assignment, self._declared)
        trees = self._workshop.worktrees
        source, base = order.repository, order.base
        scrub = self._workshop.scrub if order.is_kept else None
        resumes = self._resumes(assignment, order, line)
        async with worktree(
            trees, assignment, source, base=base, scrub=scrub, resumes=resumes
        ) as tree:
            saved = sessions.read(tree.place) if resumes is not None else None
            try:
                with self._open_session(assignment, line, order, tree, saved, resumes) as session:
                    for note in (*self._elevation_notes(order), *tree.notes):
                        line.log("warning", note)
                    await self._converse(session, assignment, order, tree, saved)
                    answer = await self._answer(session, order)
                sessions.forget(tree.place)
            except AttemptFailed as failure:
                if not may_resume(failure):
                    sessions.forget(tree.place)
                raise await self._salvaged(failure, tree, line) from None
            patch = await patch_of(tree)
            self._refuse_idle(session, order, patch, answer)
            commit = await save_commit(tree.place, self._workshop.scrub)
            return self._work(session, tree, (patch, commit), answer, line)

    @asynccontextmanager
    async def open_consultation(
        self,
        assignment: Assignment,
        line: Line,
        server: Sequence[str],
        schema: Mapping[str, Any],
        plan: str,
        tried: str = "",
    ) -> AsyncIterator[Question]:
        """See `Consultable.open_consultation`.

        The agent works in a tree that it can't write to, with the tools of the MCP `server`, which
        is started with the repository and with `plan` and `tried`, JSON texts. Its last message
        should fit `schema`.

        Raises:
            AttemptFailed: there is no repository, or no access to a model.
        """
        reading = _reading(assignment)
        order = order_of(reading, self._declared)
        async with worktree(self._workshop.worktrees, reading, order.repository) as tree:
            if not tree.base:
                raise AttemptFailed(
                    f"{self._declared.kind}.no_repository",
                    f"{str(order.repository)!r} has no commit to read.",
                    hint="Commit its files.",
                    retryable=False,
                )
            with self._open_session(reading, line, order, tree, None, None) as session:
                given = {"plan": plan, "tried": tried}
                argv = await asyncio.to_thread(
                    _server_argv, server, order.repository, session, given
                )
                session.reading = ReadOnlyTask(SERVER_NAME, argv, schema)

                async def ask(prompt: str, seconds: float) -> str:
                    session.last_message = ""
                    try:
                        async with asyncio.timeout(seconds):
                            await self._tool.converse(session, prompt, order)
                    except TimeoutError:
                        reason = f"{self.title} did not answer within {seconds:.0f} seconds."
                        raise AttemptFailed(f"{session.kind}.late", reason) from None
                    return session.last_message

                yield ask

    def _resumes(self, assignment: Assignment, order: Order, line: Line) -> ResumeRequest | None:
        """Return which interrupted attempt to resume; None if the tool can't resume."""
        tool = self._tool
        if not isinstance(tool, Resumable):
            return None
        return ResumeRequest(
            task_of(order, assignment),
            lambda place, saved: tool.has_conversation(place / "home", saved.thread),
            lambda reason: line.log("warning", reason),
        )

    async def _converse(
        self,
        session: ToolSession,
        assignment: Assignment,
        order: Order,
        tree: Tree,
        saved: Session | None,
    ) -> None:
        """Resume the conversation of an interrupted attempt, or start a new one."""
        if saved is not None:
            session.resume(saved.thread)
            session.log("info", f"Resuming session {saved.thread} of an interrupted attempt.")
            try:
                await self._tool.converse(session, prompt_to_resume(order), order)
            except AttemptFailed as failure:
                if session.is_announced or may_resume(failure, is_refusal=True):
                    raise
                session.log(
                    "warning",
                    f"The session can't be resumed, so the attempt starts over: {failure.reason}",
                )
                session.resume("")
            else:
                return
        else:
            await self._apply_earlier_changes(order, assignment, tree)
        if order.session is not None:
            await self._continue(session, order.session)
        documents = await asyncio.to_thread(self._texts, order)
        prompt = prompt_of(order, assignment, tree.notes, documents)
        await self._tool.converse(session, prompt, order)

    async def _continue(self, session: ToolSession, earlier: EarlierSession) -> None:
        """Store the conversation of a person where the tool resumes it.

        Raises:
            AttemptFailed: `KIND.bad_input`, where the tool continues none.
        """
        tool = self._tool
        if not isinstance(tool, Continuable):
            raise AttemptFailed(
                f"{session.kind}.bad_input",
                f"{tool.title} does not continue sessions of people.",
                hint=f"Leave `{SESSION}` out.",
                retryable=False,
            )
        record = await asyncio.to_thread(self._workshop.artifacts.get, earlier.record)
        name, content = tool.conversation(session, earlier.id, record)
        write_below(session.home, name, content)
        program: Program = "codex" if session.kind == "codex" else "claude"
        used = await asyncio.to_thread(usage_by_model, earlier.id, program, record)
        session.resume(earlier.id, used)
        session.log("info", f"Continuing session {earlier.id} of {earlier.directory}.")

    def _elevation_notes(self, order: Order) -> Iterator[str]:
        """Yield a note on each mode that is wider than the safe one."""
        if order.risk == "read":
            return
        for mode, setting in self._standing.items():
            yield f"Its declaration grants {mode} at all times ({setting})."
        wider = order.elevation
        if wider is not None:
            where = f" ({', '.join(wider.paths)})" if wider.paths else ""
            yield f"It works under {wider.id}: {', '.join(wider.modes)}{where}."

    async def _apply_earlier_changes(
        self, order: Order, assignment: Assignment, tree: Tree
    ) -> None:
        """Apply the changes of an earlier step if the order continues it.

        Raises:
            AttemptFailed: `KIND.bad_input` or `worktree.patch_misfit`.
        """
        if order.former:
            content = await asyncio.to_thread(self._workshop.artifacts.get, order.former)
            await apply_patch(tree, content, "The change before its review")
            return
        if not order.continues:
            return
        up = assignment.upstream[order.continues]
        refs = [ref for ref in up.work.artifacts if ref.name == PATCH]
        if up.state != "succeeded" or (not refs and "patch" not in (up.work.output or {})):
            raise AttemptFailed(
                f"{self._declared.kind}.bad_input",
                f"Step {order.continues!r} left no changes to continue; it {up.state}.",
                hint="Name the step of an agent that changes code.",
                retryable=False,
            )
        for ref in refs:
            content = await asyncio.to_thread(self._workshop.artifacts.get, ref.digest)
            await apply_patch(tree, content, f"Changes of step {order.continues}")

    def _texts(self, order: Order) -> dict[str, str]:
        get = self._workshop.artifacts.get
        return {ref.name: get(ref.digest).decode("utf-8", "replace") for ref in order.documents}

    async def _salvaged(self, failure: AttemptFailed, tree: Tree, line: Line) -> AttemptFailed:
        """Save the changes made before a failure; return the failure with references to them."""
        found: dict[str, str] = {}
        try:
            if (saved := await save_commit(tree.place, self._workshop.scrub)).commit:
                line.log("warning", f"Its changes until the failure are saved as {saved.ref}.")
                found["commit"] = saved.commit
        except AttemptFailed as also:
            line.log("error", f"{also.reason} {also.hint}")
        with suppress(AttemptFailed):
            for ref in self._store_patch(tree, await patch_of(tree), line):
                note = f"Its changes until the failure are stored as artifact {ref.digest}."
                line.log("warning", note)
                found["patch"] = ref.digest
        if not found:
            return failure
        known = failure.detail if isinstance(failure.detail, dict) else {}
        return AttemptFailed(
            failure.code,
            failure.reason,
            hint=failure.hint,
            retryable=failure.retryable,
            detail={**known, "base": tree.base, **found},
        )

    @contextmanager
    def _open_session(
        self,
        assignment: Assignment,
        line: Line,
        order: Order,
        tree: Tree,
        saved: Session | None,
        resumes: ResumeRequest | None,
    ) -> Iterator[ToolSession]:
        seen = program_environment(self._workshop)
        environment = with_telemetry(assignment, self._workshop.telemetry, seen)
        home = tree.place / "home"
        home.mkdir(exist_ok=saved is not None)
        with self._access(assignment, line, order.model, environment) as access:
            yield ToolSession(
                self._declared.kind,
                line,
                cwd=tree.cwd,
                home=home,
                environment={
                    **environment,
                    **attempt_variables(assignment),
                    **tree.environment,
                    "HOME": str(home),
                },
                access=access,
                model=order.model,
                scrub=_both(Scrubber([access.key]).text, self._workshop.scrub),
                is_metered=self._workshop.gateway is not None,
                rules=self._rules(order, tree, access, environment),
                calls_max=self._declared.limits.turns_max,
                used=saved.used if saved is not None else {},
                note=_session_writer(tree, resumes.task) if resumes is not None else None,
            )

    def _rules(
        self, order: Order, tree: Tree, access: Access, environment: Mapping[str, str]
    ) -> Rules:
        wider = order.elevation if order.risk != "read" else None
        outside = wider.paths if wider is not None else ()
        is_open = self._network or opens(wider, "network")
        home = tree.place / "home"
        return self._workshop.sandbox.rules(
            own=(home,) if order.risk == "read" else (tree.path, home),
            reads=(tree.path,),
            writes=(*self._writes, *(("/",) if "full" in _modes(wider) else outside)),
            ports=None if is_open else ports_of((access.url, environment.get(OTLP_ENDPOINT, ""))),
            unix_sockets=self._sockets,
        )

    @contextmanager
    def _access(
        self, assignment: Assignment, line: Line, model: str, environment: dict[str, str]
    ) -> Iterator[Access]:
        """Yield access to models: through the gateway if one is open, and never around it."""
        gateway, source = self._workshop.gateway, self._source
        key = environment.pop(source.key_variable, "")
        if gateway is not None:
            models = (model,) if model else ()
            with gateway.access(assignment, line, models=models) as access:
                yield access
            return
        if not source.base_url or not key:
            missing = "no gateway is open, and its settings name no `base_url`"
            if source.base_url:
                missing = f"it does not see the variable {source.key_variable!r}"
            raise AttemptFailed(
                f"{self._declared.kind}.no_model",
                f"Agent {self._declared.name!r} has no access to a model: {missing}.",
                hint="Open the gateway, or set `base_url` and `key_variable` of the agent and "
                "name that variable in its `secrets`.",
                retryable=False,
            )
        yield Access(source.base_url, key)

    async def _answer(self, session: ToolSession, order: Order) -> Any:
        """Return the last message as JSON of the declared shape, repaired by the tool if necessary.

        Raises:
            AttemptFailed: `KIND.bad_answer`.
        """
        if order.answer == ANYTHING:
            return None
        for _ in range(REPAIRS_MAX):
            if not (fault := self._fault(session.last_message, order.answer)):
                break
            session.log("warning", f"The answer does not fit: {fault}. Asking again.")
            await self._tool.converse(session, repair_prompt(fault, order.answer), order)
        if fault := self._fault(session.last_message, order.answer):
            raise AttemptFailed(
                f"{session.kind}.bad_answer",
                f"None of {REPAIRS_MAX + 1} answers of {self._tool.title} has the declared form: "
                f"{fault}.",
                hint="Change the declared output of the agent, or the prompt.",
                detail={"answer": session.last_message[:REASON_MAX]},
            )
        return _parsed(session.last_message)

    def _fault(self, answer: str, shape: Shape) -> str:
        value = _parsed(answer)
        if value is msgspec.UNSET:
            return "it is not a JSON document"
        return describe_misfit(value, shape, self._workshop.scrub) if misfit(value, shape) else ""

    def _work(
        self,
        session: ToolSession,
        tree: Tree,
        result: tuple[Patch, SavedCommit],
        answer: Any,
        line: Line,
    ) -> Work:
        patch, saved = result
        artifacts = self._store_patch(tree, patch, line)
        findings = self._findings(session, patch, artifacts)
        for finding in findings:
            line.log("warning", finding.title)
        output: dict[str, Any] = {
            "summary": session.last_message[:MESSAGE_MAX],
            "base": tree.base,
            "commit": saved.commit,
            "branch": tree.branch,
            "files": [msgspec.to_builtins(change) for change in patch.changes[:FILES_MAX]],
            "commands": [
                {"command": " ".join(ran.argv), "exit_code": ran.exit_code}
                for ran in session.commands
            ],
            "patch": artifacts[0].name if artifacts else "",
            "left_out": list(patch.left_out),
            "notes": list(tree.notes),
        }
        if answer is not None:
            output["answer"] = answer
        return Work(
            summary=_summary(self._tool.title, session, patch),
            output=output,
            findings=findings,
            artifacts=artifacts,
            evidence=tuple(session.commands),
        )

    def _refuse_idle(self, session: ToolSession, order: Order, patch: Patch, answer: Any) -> None:
        """Refuse an attempt that changed nothing and proved nothing, whatever it claims.

        Proof is a command that succeeded and did more than show files. A step of tier `read` only
        has to answer, and a declared answer is checked already. Under an elevation the attempt may
        have changed files outside its patch, so any successful call counts.

        Raises:
            AttemptFailed: `KIND.nothing_done`.
        """
        if patch.own or answer is not None or session.has_proof:
            return
        if order.elevation is not None and session.has_worked:
            return
        if (
            order.risk == "read"
            and session.last_message.strip()
            and not _EMPTY_ANSWER.fullmatch(session.last_message)
        ):
            return
        failed = "; ".join(f"{name} ({count})" for name, count in session.failed_calls.items())
        idle = "Its calls only read." if session.calls else "It called no tool."
        calls = f"Its calls of tools failed: {failed}." if failed else idle
        raise AttemptFailed(
            f"{session.kind}.nothing_done",
            f"{self._tool.title} changed no file and proved nothing. {calls} Its message: "
            f"{' '.join(session.last_message.split())[:SUMMARY_MAX] or 'nothing'}",
            hint="Check its tools and its model. For a step that only asks a question, set "
            "`risk: read`, or declare an output of its agent.",
            detail={"failed_calls": dict(session.failed_calls)},
        )

    def _store_patch(self, tree: Tree, patch: Patch, line: Line) -> tuple[ArtifactRef, ...]:
        if not patch.content:
            return ()
        base = tree.base or "a repository without commits"
        ref = line.keep(
            PATCH,
            patch.content,
            media_type="text/x-diff",
            title=f"Changes by {self._tool.title}",
            obtained=f"`git diff --binary` against {base}",
        )
        return (ref,)

    def _findings(
        self, session: ToolSession, patch: Patch, artifacts: tuple[ArtifactRef, ...]
    ) -> tuple[Finding, ...]:
        found = []
        if any(ref.digest != sha256(patch.content).hexdigest() for ref in artifacts):
            found.append(
                Finding(
                    f"{session.kind}.secret_taken_out",
                    "high",
                    "The changes contained a secret, which was removed: the patch does not produce "
                    "the code that the agent wrote",
                    remedy="Repeat the step, with code that contains no secret.",
                )
            )
        if not session.calls and not patch.own:
            found.append(
                Finding(
                    f"{session.kind}.nothing_done",
                    "medium",
                    f"{self._tool.title} reports success, but neither used a tool nor "
                    "changed a file.",
                    detail=session.last_message[:SUMMARY_MAX],
                    remedy="Read its message before later steps rely on it.",
                )
            )
        found.extend(
            Finding(
                f"{session.kind}.left_out",
                "low",
                f"The files in {path!r} are not in the patch: it is a separate repository.",
                path=path,
            )
            for path in patch.left_out
        )
        return tuple(found)


def _reading(assignment: Assignment) -> Assignment:
    """Return a step that only reads the repository of `assignment`."""
    given = {**assignment.run_inputs, **assignment.inputs}
    inputs = {"prompt": "Read.", "repository": given.get("repository", "")}
    return msgspec.structs.replace(
        assignment, inputs=inputs, run_inputs={}, upstream={}, risk="read", elevation=None
    )


def _server_argv(
    server: Sequence[str], repository: Path, session: ToolSession, given: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the command line of a server that stores its files in the home of the attempt."""
    place = session.home / "planning"
    place.mkdir()
    argv = [*server, "--repository", str(repository), "--place", str(place)]
    for name, text in given.items():
        if text:
            write_below(place, f"{name}.json", text.encode())
            argv += [f"--{name}", str(place / f"{name}.json")]
    return tuple(argv)


def _session_writer(tree: Tree, task: str) -> Callable[[str, Mapping[str, Usage]], None]:
    """Return a function that saves the session of a tree, for an attempt that resumes it."""

    def note(thread: str, used: Mapping[str, Usage]) -> None:
        cwd = str(tree.cwd.relative_to(tree.path))
        about = (task, thread, tree.branch, tree.base, cwd, tree.notes, dict(used))
        sessions.write(tree.place, Session(*about))

    return note


def _modes(wider: Elevated | None) -> tuple[Mode, ...]:
    return wider.modes if wider is not None else ()


def _both(first: Callable[[str], str], second: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: second(first(text))


def _parsed(text: str) -> Any:
    """Return the JSON document in `text`, with or without a fence; UNSET if it is not JSON."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```"):
        bare = bare.strip("`").partition("\n")[2]
    try:
        return msgspec.json.decode(bare)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return msgspec.UNSET


def _summary(title: str, session: ToolSession, patch: Patch) -> str:
    count = patch.own
    changed = "no file" if not count else "1 file" if count == 1 else f"{count:,} files"
    message = " ".join(session.last_message.split())
    text = f"{title} changed {changed}. {message}".strip()
    return text if len(text) <= SUMMARY_MAX else f"{text[: SUMMARY_MAX - 1]}…"


def refuse_bad_source(declared: Declaration, source: Source) -> None:
    """Refuse settings with only one of `base_url` and `key_variable`.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    if bool(source.base_url) != bool(source.key_variable):
        raise bad_settings(
            declared, "`base_url` and `key_variable` need each other: set both or neither."
        )
    if source.base_url and not source.base_url.startswith(("http://", "https://")):
        raise bad_settings(
            declared, f"base_url is {source.base_url!r}, which is not a web address."
        )
