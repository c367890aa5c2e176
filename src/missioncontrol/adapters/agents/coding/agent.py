"""A coding agent at work: a tree, a tool in it, and a patch with its evidence."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from missioncontrol.adapters.agents.attempt_process import (
    OTLP_ENDPOINT,
    attempt_variables,
    ports_of,
    with_telemetry,
)
from missioncontrol.adapters.agents.coding.failures import may_resume
from missioncontrol.adapters.agents.coding.order import (
    Order,
    order_of,
    prompt_of,
    prompt_to_resume,
    repair_prompt,
    task_of,
)
from missioncontrol.adapters.agents.coding.saved import ReadOnlyTask, ToolSession
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
from missioncontrol.domain.building import PATCH
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, Mode, opens
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.work import ArtifactRef, Finding, Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Workshop
from missioncontrol.ports.confinement import Rules
from missioncontrol.ports.gateway import Access

ASKED_AGAIN_MAX = 2
SUMMARY_MAX = 300
FILES_MAX = 2_000
"""In the output, which stands in an event; the patch has them all."""

SAID_MAX = 64 * 1024
REASON_MAX = 2_000


_EMPTY_WORDS = re.compile(
    r"\W*(?:(?:all|it is|it's|i am|i'm|the task is|task)\s+)?"
    r"(?:done|ok(?:ay)?|finished|completed?|success(?:ful)?(?:ly)?)\W*",
    re.IGNORECASE,
)
"""What says that something was done, and answers nothing."""

NO_STANDING: Mapping[str, str] = {}


SERVER_NAME = "planning"


class Source(msgspec.Struct, frozen=True):
    """Where a tool finds its models when no gateway is open."""

    base_url: str = ""
    key_variable: str = ""


class Tool(Protocol):
    """A program that changes files."""

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        """Let the tool do `prompt`, going on where `saved.thread` names a conversation.

        Raises:
            AttemptFailed: it could not, or its version is not the one that is wanted.
        """
        ...


@runtime_checkable
class Resumable(Protocol):
    """A tool whose conversations survive the end of its process."""

    def has_conversation(self, home: Path, thread: str) -> bool:
        """Whether the conversation is kept in its home."""
        ...


class CodingAgent:
    """Does one assignment after another, each in a tree of its own."""

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
        """`source` counts only where no gateway is open.

        Without `network`, its programs reach by TCP only the models that they are lent; with
        `sockets`, they connect to Unix sockets; `writes` are what they may write besides their
        tree.
        `standing` are the wider modes that it has at all times, and by which setting.
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
        """What people call the tool."""
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
                    for note in (*self._width(order), *tree.notes):
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
            kept = await save_commit(tree.place, self._workshop.scrub)
            return self._work(session, tree, (patch, kept), answer, line)

    @asynccontextmanager
    async def open_consultation(
        self,
        assignment: Assignment,
        line: Line,
        server: Sequence[str],
        schema: Mapping[str, Any],
        plan: str,
    ) -> AsyncIterator[Question]:
        """See `Questioned.open_consultation`.

        It works in a tree that it can't write to, with the tools of the MCP `server`, which is
        started with the repository and with `plan`, a JSON text. What it says in the end should
        fit `schema`. The conversation ends with the block.

        Raises:
            AttemptFailed: there is no repository, or no way to a model.
        """
        reading = _reading(assignment)
        order = order_of(reading, self._declared)
        async with worktree(self._workshop.worktrees, reading, order.repository) as tree:
            if not tree.base:
                raise AttemptFailed(
                    f"{self._declared.kind}.no_repository",
                    f"{str(order.repository)!r} has no commit that could be read.",
                    hint="Commit what is there.",
                    retryable=False,
                )
            with self._open_session(reading, line, order, tree, None, None) as session:
                argv = await asyncio.to_thread(_serving, server, order.repository, session, plan)
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
        """Return which interrupted attempt this one resumes; None with a tool that can't."""
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
        """Resume the conversation of an interrupted attempt, or begin one."""
        if saved is not None:
            session.resume(saved.thread)
            session.log("info", f"Session {saved.thread} of an interrupted attempt is resumed.")
            try:
                await self._tool.converse(session, prompt_to_resume(order), order)
            except AttemptFailed as failure:
                if session.is_announced or may_resume(failure, is_refusal=True):
                    raise
                session.log("warning", f"It can't be resumed, and starts over: {failure.reason}")
                session.resume("")
            else:
                return
        else:
            await self._gone_on(order, assignment, tree)
        documents = await asyncio.to_thread(self._texts, order)
        prompt = prompt_of(order, assignment, tree.notes, documents)
        await self._tool.converse(session, prompt, order)

    def _width(self, order: Order) -> Iterator[str]:
        """Say in what wider mode than the safe one it works, if it does."""
        if order.risk == "read":
            return
        for mode, setting in self._standing.items():
            yield f"It has {mode} at all times, by its declaration ({setting})."
        wider = order.elevation
        if wider is not None:
            where = f" ({', '.join(wider.paths)})" if wider.paths else ""
            yield f"It works under {wider.id}: {', '.join(wider.modes)}{where}."

    async def _gone_on(self, order: Order, assignment: Assignment, tree: Tree) -> None:
        """Begin with what an earlier step changed, where the order says so.

        Raises:
            AttemptFailed: `KIND.bad_input` or `worktree.patch_misfit`.
        """
        if not order.continues:
            return
        up = assignment.upstream[order.continues]
        refs = [ref for ref in up.work.artifacts if ref.name == PATCH]
        if up.state != "succeeded" or (not refs and "patch" not in (up.work.output or {})):
            raise AttemptFailed(
                f"{self._declared.kind}.bad_input",
                f"Step {order.continues!r} has left no changes to go on from; it {up.state}.",
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
        """Keep what was changed before a failure, and return the failure with a word of it."""
        found: dict[str, str] = {}
        try:
            if (kept := await save_commit(tree.place, self._workshop.scrub)).commit:
                line.log("warning", f"What it had changed by then is kept as {kept.ref}.")
                found["commit"] = kept.commit
        except AttemptFailed as also:
            line.log("error", f"{also.reason} {also.hint}")
        with suppress(AttemptFailed):
            for ref in self._kept(tree, await patch_of(tree), line):
                by_then = f"What it had changed by then is kept as artifact {ref.digest}."
                line.log("warning", by_then)
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
                note=_noting(tree, resumes.task) if resumes is not None else None,
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
        """Lend a way to models: through the gateway where one is open, and never around it."""
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
                f"Agent {self._declared.name!r} has no way to a model: {missing}.",
                hint="Open the gateway, or set `base_url` and `key_variable` of the agent and "
                "name that variable in its `secrets`.",
                retryable=False,
            )
        yield Access(source.base_url, key)

    async def _answer(self, session: ToolSession, order: Order) -> Any:
        """Return the last message as JSON that fits, asked for again a few times.

        Raises:
            AttemptFailed: `KIND.bad_answer`.
        """
        if order.answer == ANYTHING:
            return None
        for _ in range(ASKED_AGAIN_MAX):
            if not (fault := self._fault(session.last_message, order.answer)):
                break
            session.log("warning", f"The answer does not fit: {fault}. It is asked again.")
            await self._tool.converse(session, repair_prompt(fault, order.answer), order)
        if fault := self._fault(session.last_message, order.answer):
            raise AttemptFailed(
                f"{session.kind}.bad_answer",
                f"{self._tool.title} did not answer as declared, asked {ASKED_AGAIN_MAX + 1} "
                f"times: {fault}.",
                hint="Change the declared output of the agent, or the prompt.",
                detail={"answer": session.last_message[:REASON_MAX]},
            )
        return _parsed(session.last_message)

    def _fault(self, said: str, shape: Shape) -> str:
        value = _parsed(said)
        if value is msgspec.UNSET:
            return "it is no JSON document"
        return describe_misfit(value, shape, self._workshop.scrub) if misfit(value, shape) else ""

    def _work(
        self,
        session: ToolSession,
        tree: Tree,
        left: tuple[Patch, SavedCommit],
        answer: Any,
        line: Line,
    ) -> Work:
        patch, kept = left
        artifacts = self._kept(tree, patch, line)
        findings = self._findings(session, patch, artifacts)
        for finding in findings:
            line.log("warning", finding.title)
        output: dict[str, Any] = {
            "summary": session.last_message[:SAID_MAX],
            "base": tree.base,
            "commit": kept.commit,
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
        """Refuse an attempt that changed nothing and proved nothing, whatever it says.

        Proof is a command that ended well and did more than show files: reading proves nothing.
        A step of tier `read` is asked for words; a declared answer was held against its shape.
        Under an elevation it may have changed files that no patch shows: any call counts there.

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
            and not _EMPTY_WORDS.fullmatch(session.last_message)
        ):
            return
        failed = "; ".join(f"{name} ({count})" for name, count in session.failed_calls.items())
        idle = "Its calls only read." if session.calls else "It called no tool."
        calls = f"Its calls of tools failed: {failed}." if failed else idle
        raise AttemptFailed(
            f"{session.kind}.nothing_done",
            f"{self._tool.title} changed no file and proved nothing. {calls} It said: "
            f"{' '.join(session.last_message.split())[:SUMMARY_MAX] or 'nothing'}",
            hint="Look at its tools and its model. A step that only asks for words says "
            "`risk: read`, or its agent declares an output.",
            detail={"failed_calls": dict(session.failed_calls)},
        )

    def _kept(self, tree: Tree, patch: Patch, line: Line) -> tuple[ArtifactRef, ...]:
        if not patch.content:
            return ()
        base = tree.base or "a repository without commits"
        kept = line.keep(
            PATCH,
            patch.content,
            media_type="text/x-diff",
            title=f"Changes by {self._tool.title}",
            obtained=f"`git diff --binary` against {base}",
        )
        return (kept,)

    def _findings(
        self, session: ToolSession, patch: Patch, kept: tuple[ArtifactRef, ...]
    ) -> tuple[Finding, ...]:
        found = []
        if any(ref.digest != sha256(patch.content).hexdigest() for ref in kept):
            found.append(
                Finding(
                    f"{session.kind}.secret_taken_out",
                    "high",
                    "A secret stood in the changes and was taken out: the patch does not make of "
                    "the code what the agent made",
                    remedy="Have it made again without a secret in it.",
                )
            )
        if not session.calls and not patch.own:
            found.append(
                Finding(
                    f"{session.kind}.nothing_done",
                    "medium",
                    f"{self._tool.title} says that it is done, and has neither used a tool nor "
                    "changed a file.",
                    detail=session.last_message[:SUMMARY_MAX],
                    remedy="Read what it said before anything is built on it.",
                )
            )
        found.extend(
            Finding(
                f"{session.kind}.left_out",
                "low",
                f"What is in {path!r} is not in the patch: it is a repository of its own.",
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


def _serving(
    server: Sequence[str], repository: Path, session: ToolSession, plan: str
) -> tuple[str, ...]:
    """Return the command line of a server; it keeps what it needs in the home of the attempt."""
    place = session.home / "planning"
    place.mkdir()
    known = ("--repository", str(repository), "--place", str(place))
    if not plan:
        return (*server, *known)
    write_below(place, "plan.json", plan.encode())
    return (*server, *known, "--plan", str(place / "plan.json"))


def _noting(tree: Tree, task: str) -> Callable[[str, Mapping[str, Usage]], None]:
    """Return what notes the session of a tree as soon as it is known."""

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
    """Return the JSON document in `text`, a fence around it or not; UNSET where it is none."""
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
    said = " ".join(session.last_message.split())
    text = f"{title} changed {changed}. {said}".strip()
    return text if len(text) <= SUMMARY_MAX else f"{text[: SUMMARY_MAX - 1]}…"


def refuse_bad_source(declared: Declaration, source: Source) -> None:
    """Refuse settings that name half a way to a model.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    if bool(source.base_url) != bool(source.key_variable):
        raise bad_settings(declared, "`base_url` and `key_variable` belong together.")
    if source.base_url and not source.base_url.startswith(("http://", "https://")):
        raise bad_settings(declared, f"base_url is {source.base_url!r}, which is no web address.")
