"""Records a session that a person started: its transcript, what it used, and what it changed.

The program is the person's own and works outside of our rules; we only read its file and, at its
end, the checkout that it worked in.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.agent_sessions.claude import ClaudeReader
from missioncontrol.adapters.agent_sessions.codex import CodexReader
from missioncontrol.adapters.agent_sessions.record import SessionRecord, decoded, target_of
from missioncontrol.adapters.agent_sessions.watcher import FollowedFile, session_file
from missioncontrol.adapters.agents.coding.session import strip_controls
from missioncontrol.adapters.agents.kind_support import BoundedLog
from missioncontrol.adapters.git import PATCH_BYTES_MAX, git
from missioncontrol.adapters.worktrees import patch_of, save_commit, worktree
from missioncontrol.adapters.worktrees.patch import apply_patch
from missioncontrol.adapters.worktrees.tree import INDEX, Tree, TreeState
from missioncontrol.domain.agent_session import TITLES, Program
from missioncontrol.domain.building import PATCH
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_sessions import ActivityStore

OUTSIDE = "index-outside"
LOOK_SECONDS = 1.0
MARK = "Started outside of Mission Control; rules were not enforced before adoption."
TEXT_MAX = 20_000
"""Most characters logged of one message."""
FILES_MAX = 2_000


class Given(msgspec.Struct, frozen=True):
    """The inputs of the step."""

    session: str
    program: Program
    directory: str
    started: float


class LocalSessions:
    """Keeps `SessionFinder` for the files of one user."""

    def __init__(self, roots: Mapping[Program, Path]) -> None:
        """`roots` are the directories of both programs."""
        self._roots = roots

    async def is_here(self, program: Program, session: str) -> bool:
        found = await asyncio.to_thread(session_file, self._roots, program, session)
        return found is not None

    async def has_changes(self, directory: str, started: float) -> bool:
        try:
            top = await top_of(Path(directory))
            return await is_changed(top, await commit_at(top, started))
        except (AttemptFailed, OSError):
            return False  # It is no checkout, or gone.


class OutsideSession:
    """Follows the file of a session to its end, and takes in what it changed."""

    def __init__(
        self,
        roots: Mapping[Program, Path],
        worktrees: Path,
        store: ActivityStore,
        is_over: Callable[[str], Awaitable[bool]],
        scrub: Callable[[str], str],
    ) -> None:
        """`store` keeps what was charged, so that no restart charges it again."""
        self._roots = roots
        self._worktrees = worktrees
        self._store = store
        self._is_over = is_over
        self._scrub = scrub

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        given = msgspec.convert(dict(assignment.inputs), Given)
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
        is_codex = given.program == "codex"
        reader = CodexReader(record) if is_codex else ClaudeReader(record)
        log, file = BoundedLog(line), FollowedFile(path)
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
            return Work(f"{_name(given, record)}; it worked in no repository", output)
        base = await commit_at(top, given.started)
        async with worktree(self._worktrees, assignment, top, base=base, scrub=self._scrub) as tree:
            await take_in(tree, top, f"Changes since the session of {TITLES[given.program]} began")
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


async def top_of(directory: Path) -> Path:
    """Return the top of the checkout that a directory is in.

    Raises:
        AttemptFailed: `worktree.failed` where it is in none.
    """
    found = await git(["rev-parse", "--show-toplevel"], cwd=directory)
    return Path(found.decode("utf-8", "surrogateescape").rstrip("\n"))


async def commit_at(directory: Path, at: float | None = None) -> str:
    """Return the commit that a checkout is at, or was at by its reflog; "" where it has none.

    `at` is in seconds since the epoch. A checkout whose reflog begins later gives its oldest entry.
    """
    then = () if at is None else (f"HEAD@{{{int(at)} +0000}}",)
    for name in (*then, "HEAD"):
        try:
            found = await git(["rev-parse", "-q", "--verify", f"{name}^{{commit}}"], cwd=directory)
        except AttemptFailed:
            continue
        return found.decode().strip()
    return ""


async def is_changed(directory: Path, base: str) -> bool:
    """Whether a checkout differs from a commit, in its files or by the commit that it is at.

    Raises:
        AttemptFailed: `worktree.failed`.
    """
    changed = await git(["status", "--porcelain", "-z"], cwd=directory)
    return bool(changed) or await commit_at(directory) != base


async def take_in(tree: Tree, directory: Path, title: str) -> None:
    """Bring what differs between a checkout and the base of `tree` into the tree.

    Ignored files stay outside, as do repositories within the checkout.

    Raises:
        AttemptFailed: see `patch_of` and `apply_patch`.
    """
    theirs = msgspec.structs.replace(tree, path=directory, cwd=directory)
    if (known := tree.own / INDEX).exists():
        shutil.copyfile(known, tree.own / OUTSIDE)
    state = await TreeState.read(theirs, OUTSIDE)
    patch = await state.diff("--binary", "--full-index", bytes_max=PATCH_BYTES_MAX)
    if patch:
        await apply_patch(tree, patch, title)
