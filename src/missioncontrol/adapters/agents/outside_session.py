"""Records a session that a person started: its transcript, what it used, and what it changed.

The program is the person's own and works outside of our rules; we only read its file and, at its
end, the checkout that it worked in.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from missioncontrol.adapters.agent_sessions.record import SessionRecord, decoded, target_of
from missioncontrol.adapters.agent_sessions.transcript import reader_of
from missioncontrol.adapters.agent_sessions.watcher import FollowedFile, session_file
from missioncontrol.adapters.agents.coding.session import strip_controls
from missioncontrol.adapters.agents.kind_support import BoundedLog
from missioncontrol.adapters.worktrees import patch_of, save_commit, worktree
from missioncontrol.adapters.worktrees.outside import (
    changes_since,
    commit_at,
    is_changed,
    is_within,
    objects_of,
    take_in,
    top_of,
)
from missioncontrol.domain.agent import AgentCard, Shape
from missioncontrol.domain.agent_session import RECORDER, TITLES, Program
from missioncontrol.domain.building import PATCH
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_sessions import ActivityStore, Checkout, Snapshot

LOOK_SECONDS = 1.0
MARK = "Started outside of Mission Control; rules were not enforced before adoption."
TEXT_MAX = 20_000
"""Most characters logged of one message."""
FILES_MAX = 2_000
RECORD_BYTES_MAX = 64 * 1024 * 1024


CARD = AgentCard(
    RECORDER,
    kind="session",
    description="Records an adopted session of a person to its end.",
    inputs=Shape(
        "object",
        {
            "session": Shape("string"),
            "program": Shape("string", enum=tuple(TITLES)),
            "directory": Shape("path"),
            "started": Shape("number"),
            "base": Shape("string", required=False),
            "without": Shape("list", items=Shape("string"), required=False),
        },
    ),
    output=Shape(
        "object",
        {
            **{name: Shape("string") for name in ("session", "program", "version")},
            "turns": Shape("integer"),
            **{name: Shape("string") for name in ("base", "commit", "patch")},
            **{name: Shape("list") for name in ("files", "left_out", "notes")},
        },
    ),
    risk="write",
    effects=("reads_files", "writes_repository"),
)


class Given(msgspec.Struct, frozen=True):
    """The inputs of the step."""

    session: str
    program: Program
    directory: str
    started: float
    base: str = ""  # the commit that its changes are against; "" for that of its start
    without: tuple[str, ...] = ()  # paths that are no part of its work


class LocalSessions:
    """Keeps `SessionFinder` for the files of one user."""

    def __init__(
        self, roots: Mapping[Program, Path], places: Path, scrub: Callable[[bytes], bytes] = bytes
    ) -> None:
        """`roots` are the directories of both programs; `places` is for what is temporary."""
        self._roots = roots
        self._places = places
        self._scrub = scrub

    async def is_here(self, program: Program, session: str) -> bool:
        found = await asyncio.to_thread(session_file, self._roots, program, session)
        return found is not None

    async def has_changes(self, directory: str, started: float) -> bool:
        try:
            top = await top_of(Path(directory))
            return await is_changed(top, await commit_at(top, started))
        except (AttemptFailed, OSError):
            return False  # It is no checkout, or gone.

    async def base(self, directory: str, started: float) -> str:
        try:
            return await commit_at(await top_of(Path(directory)), started)
        except (AttemptFailed, OSError):
            return ""

    async def checkout(self, directory: str, repository: str, into: str, base: str) -> Checkout:
        try:
            same = await objects_of(Path(directory)) == await objects_of(Path(repository))
        except (AttemptFailed, OSError):
            same = False
        return Checkout(same, same and await is_within(Path(repository), base, into))

    async def snapshot(
        self,
        program: Program,
        session: str,
        directory: str,
        started: float,
        without: Sequence[str] = (),
    ) -> Snapshot:
        try:
            top = await top_of(Path(directory))
            base = await commit_at(top, started)
            await asyncio.to_thread(self._places.mkdir, parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self._places) as place:
                patch = await changes_since(Path(place), top, base, without)
        except (AttemptFailed, OSError) as error:
            why = error.reason if isinstance(error, AttemptFailed) else str(error)
            raise Rejected(
                "agent_session.no_checkout",
                f"What the session changed in {directory} can't be read: {why}",
                hint="Adopt it to record only.",
            ) from None
        record = await asyncio.to_thread(self._record, program, session)
        return Snapshot(base, self._scrub(patch), self._scrub(record))

    def _record(self, program: Program, session: str) -> bytes:
        path = session_file(self._roots, program, session)
        if path is None or path.stat().st_size > RECORD_BYTES_MAX:
            raise Rejected(
                "agent_session.too_large",
                f"The file of the session has more than {RECORD_BYTES_MAX // 2**20} MiB, or is "
                "gone.",
                hint="Adopt it to record only.",
            )
        return path.read_bytes()


class OutsideSession:
    """Follows the file of a session to its end, and takes in what it changed."""

    def __init__(
        self,
        roots: Mapping[Program, Path],
        worktrees: Path,
        store: ActivityStore,
        is_over: Callable[[str], Awaitable[bool]],
        is_adopted: Callable[[str, str], Awaitable[bool]],
        scrub: Callable[[str], str],
    ) -> None:
        """`store` keeps what was charged, so that no restart charges it again.

        `is_adopted` says whether a session was adopted that works in a directory.
        """
        self._roots = roots
        self._worktrees = worktrees
        self._store = store
        self._is_over = is_over
        self._is_adopted = is_adopted
        self._scrub = scrub

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        given = msgspec.convert(dict(assignment.inputs), Given)
        if not await self._is_adopted(given.session, given.directory):
            raise AttemptFailed(
                "session.not_adopted",
                f"Session {given.session[:80]!r} in {given.directory!r} is adopted into no run.",
                hint="`mission agent adopt SESSION` asks whether you may.",
                retryable=False,
            )
        path = await asyncio.to_thread(session_file, self._roots, given.program, given.session)
        if path is None:
            raise AttemptFailed(
                "session.gone",
                f"The file of session {given.session} is gone.",
                hint="Its program keeps sessions for a time that its settings say.",
                retryable=False,
            )
        line.log("warning", MARK)
        record = await self._followed(given, path, line)
        return await self._work(assignment, given, record, line)

    async def _followed(self, given: Given, path: Path, line: Line) -> SessionRecord:
        record = SessionRecord(given.session, given.program)
        reader, log, file = reader_of(record), BoundedLog(line), FollowedFile(path)
        while True:
            is_last = await self._is_over(given.session)
            while lines := await asyncio.to_thread(lambda: list(file.lines())):
                for found in map(decoded, lines):
                    reader.take(found)
                    for text in transcript(given.program, found):
                        for part in strip_controls(self._scrub(text))[:TEXT_MAX].splitlines():
                            log.log("info", part)
            self._charge(record, line)
            if is_last:
                return record
            await asyncio.sleep(LOOK_SECONDS)

    def _charge(self, record: SessionRecord, line: Line) -> None:
        """Report what was used since the last look, also where that was by an earlier engine."""
        before, total = self._store.charged(record.session), record.usage
        new = Usage(
            max(total.input_tokens - before.input_tokens, 0),
            max(total.cached_tokens - before.cached_tokens, 0),
            max(total.output_tokens - before.output_tokens, 0),
            max(total.reasoning_tokens - before.reasoning_tokens, 0),
            None,  # Priced by its model, as all usage is.
            max(total.cache_write_tokens - before.cache_write_tokens, 0),
        )
        if new.tokens:
            line.usage(new, model=record.model)
            self._store.keep_charged(record.session, total)

    async def _work(
        self, assignment: Assignment, given: Given, record: SessionRecord, line: Line
    ) -> Work:
        output: dict[str, Any] = {
            "session": given.session,
            "program": given.program,
            "version": record.version,
            "turns": record.turns,
            "notes": [MARK],
        }
        try:
            top = await top_of(Path(given.directory))
        except (AttemptFailed, OSError):
            line.log("warning", f"{given.directory!r} is in no repository: changes are unknown.")
            output |= {"base": "", "commit": "", "patch": "", "files": [], "left_out": []}
            return Work(f"{_name(given, record)}; it worked in no repository", output)
        base = given.base or await commit_at(top, given.started)
        async with worktree(self._worktrees, assignment, top, base=base, scrub=self._scrub) as tree:
            title = f"Changes since the session of {TITLES[given.program]} began"
            await take_in(tree, top, title, given.without)
            patch = await patch_of(tree)
            saved = await save_commit(tree.place, self._scrub)
        files = [msgspec.to_builtins(change) for change in patch.changes[:FILES_MAX]]
        artifacts = _stored(patch.content, base, line)
        more = {"base": base, "commit": saved.commit, "files": files}
        more |= {"patch": PATCH if artifacts else "", "left_out": list(patch.left_out)}
        count = len(patch.changes)
        changed = f"{count} {'file' if count == 1 else 'files'} changed"
        return Work(f"{_name(given, record)}; {changed}", output | more, artifacts=artifacts)


def _name(given: Given, record: SessionRecord) -> str:
    prompts = "1 prompt" if record.turns == 1 else f"{record.turns} prompts"
    return f"{TITLES[given.program]} {record.version}, started outside, with {prompts}"


def _stored(patch: bytes, base: str, line: Line) -> tuple[ArtifactRef, ...]:
    if not patch:
        return ()
    ref = line.keep(
        PATCH,
        patch,
        media_type="text/x-diff",
        title="Changes since the session began",
        obtained=f"`git diff --binary` against {base or 'a repository without commits'}; they "
        "include what was not committed before the session",
    )
    return (ref,)


def transcript(program: Program, found: dict[str, Any]) -> Iterator[str]:
    """Yield a record of a session as lines of a transcript."""
    if program == "codex":
        yield from _lines_of_codex(found)
    elif found.get("type") in ("user", "assistant") and not found.get("isSidechain"):
        message = found.get("message")
        content = message.get("content") if isinstance(message, dict) else None
        who = "> " if found["type"] == "user" else ""
        if isinstance(content, str):
            yield f"{who}{content}"
        for part in content if isinstance(content, list) else []:
            yield from _lines_of_claude(part, who)


def _lines_of_claude(part: Any, who: str) -> Iterator[str]:
    match part:
        case {"type": "text", "text": str(text)}:
            yield f"{who}{text}"
        case {"type": "tool_use", "name": str(name), "input": given}:
            yield f"{name}: {target_of(given)}"
        case {"type": "tool_result", "content": str(text)}:
            yield text
        case {"type": "tool_result", "content": list(parts)}:
            for each in parts:
                yield from _lines_of_claude(each, "")


def _lines_of_codex(found: dict[str, Any]) -> Iterator[str]:
    match found.get("type"), found.get("payload"):
        case "event_msg", {"type": "item_completed", "item": dict(item)}:
            who = {"UserMessage": "> ", "AgentMessage": ""}.get(str(item.get("type")))
            parts = item.get("content") if who is not None else None
            for part in parts if isinstance(parts, list) else []:
                if isinstance(part, dict) and isinstance(part.get("text"), str):
                    yield f"{who}{part['text']}"
        case "response_item", {"type": "function_call", "arguments": str(given), "name": name}:
            yield f"{name}: {target_of(decoded(given.encode()) or given)}"
        case "response_item", {"type": "custom_tool_call", "input": given, "name": name}:
            yield f"{name}: {target_of(given)}"
        case "response_item", {"output": str(text)}:
            yield text
