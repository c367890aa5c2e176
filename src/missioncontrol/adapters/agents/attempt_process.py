"""Run the program of one attempt: its directories, its environment, its start and its end."""

import asyncio
import errno
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from missioncontrol.adapters.orphans import ATTEMPT_MARK, attempt_mark, end_marked
from missioncontrol.adapters.process_table import Seen, descendants, kill_all
from missioncontrol.adapters.processes import Program, start_gated
from missioncontrol.domain.evaluation import SEED, SEED_VARIABLE
from missioncontrol.domain.trace import trace_variables
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.confinement import Rules
from missioncontrol.ports.telemetry import Telemetry

TRANSIENT_ERRORS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Errors of a start that may succeed a moment later."""

NO_VARIABLES: Mapping[str, str] = {}

_WORK_TREE = re.compile(r"^\s*worktree\s*=\s*(\S.*?)\s*$", re.MULTILINE)
"""The path of the checkout in the configuration of a submodule."""


def attempt_variables(assignment: Assignment) -> dict[str, str]:
    """Return the variables that identify an attempt to its program.

    MISSION_KEY is the idempotency key, the same for every attempt at the step. TRACEPARENT and
    TRACESTATE name the span of the attempt. MISSION_EVAL_SEED is set in trials of an evaluation.
    """
    names = {
        "MISSION_RUN": assignment.run,
        "MISSION_STEP": assignment.step,
        "MISSION_ATTEMPT": str(assignment.attempt),
        "MISSION_KEY": assignment.key,
        **trace_variables(assignment),
    }
    if SEED in assignment.run_inputs:
        names[SEED_VARIABLE] = str(assignment.run_inputs[SEED])
    return {name: _plain(value) for name, value in names.items()}


def with_telemetry(
    assignment: Assignment, telemetry: Telemetry | None, seen: Mapping[str, str]
) -> dict[str, str]:
    """Return `seen`, the environment of a program, with the address for its telemetry.

    A declaration that sets an OTEL_ variable itself keeps its own receiver.
    """
    if telemetry is None or any(name.startswith("OTEL_") for name in seen):
        return dict(seen)
    return {**telemetry.variables(assignment), **seen}


def _plain(text: str) -> str:
    """Return `text` without characters that a variable can't hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@asynccontextmanager
async def scratch_directory(root: Path, assignment: Assignment) -> AsyncIterator[Path]:
    """Yield an empty directory for this attempt, and remove it at the end."""
    # Users choose the names of runs, so a name could contain `/` or `..`.
    run = re.sub(r"[^A-Za-z0-9_-]", "_", assignment.run)
    scratch = root / run / str(assignment.fence)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield scratch
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


@asynccontextmanager
async def temporary_directory() -> AsyncIterator[Path]:
    """Yield a directory for the temporary files of one program, and remove it at the end.

    It lies outside the data directory because programs create sockets in it, and the path of a
    socket is limited to 107 bytes.
    """
    place = _new_directory()
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


def _new_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"mission-{os.getpid()}-")).resolve()


def temporary_variables(place: Path) -> dict[str, str]:
    """Return the variables that make programs put temporary files and caches into `place`."""
    cache = str(place / "cache")
    return {"TMPDIR": str(place), "XDG_CACHE_HOME": cache, "npm_config_cache": f"{cache}/npm"}


def git_directories(place: Path) -> list[Path]:
    """Return the git directories of the checkout that contains `place`, if there is one.

    An earlier step may have written a `.git` file. It counts only if the directory that it names
    is a git directory and names this checkout in turn.
    """
    for top in (place, *place.parents):
        found = top / ".git"
        if found.is_symlink():
            return []
        if found.is_dir():
            return [found]
        if found.is_file():
            return _linked(found)
    return []


GIT_SETTINGS_MAX = 1_000
"""Most settings files and hooks of one checkout that are checked."""


def git_settings(place: Path) -> dict[str, tuple[int, int, int]]:
    """Return size, inode and change time of the git settings and hooks of a checkout, by path.

    Git runs programs that these files name. A program can't set a change time back.
    """
    found = {}
    for top in git_directories(place):
        files = (top / "config", top / "config.worktree", *(top / "hooks").glob("*"))
        for path in islice(files, GIT_SETTINGS_MAX):
            with suppress(OSError):
                seen = path.lstat()
                found[str(path)] = (seen.st_size, seen.st_ino, seen.st_ctime_ns)
    return found


def _linked(file: Path) -> list[Path]:
    """Return the directories of a checkout that is a work tree of another one, or a submodule."""
    named = file.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
    try:
        own = (file.parent / named).resolve(strict=True)
        common = own.parent.parent if own.parent.name == "worktrees" else own
        if common == own:
            config = (own / "config").read_text("utf-8", "replace")
            back = own / (found[1] if (found := _WORK_TREE.search(config)) else "")
        else:
            back = Path((own / "gitdir").read_text("utf-8", "replace").strip()).parent
        is_known = back.resolve() == file.parent.resolve() and (common / "objects").is_dir()
    except (OSError, ValueError):  # missing, or not a valid path
        return []
    return list(dict.fromkeys((own, common))) if is_known else []


def ports_of(urls: Iterable[str]) -> list[int]:
    """Return the TCP ports of URLs."""
    parts = [urlsplit(url) for url in urls if url]
    return [each.port or {"http": 80}.get(each.scheme, 443) for each in parts]


@asynccontextmanager
async def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    line: Line,
    rules: Rules,
    chosen: Mapping[str, str] = NO_VARIABLES,
) -> AsyncIterator[Program]:
    """Run `argv` under `rules`: start it once its process is recorded, and leave nothing behind.

    It gets its own directory for temporary files, unless `chosen`, the variables that its step
    sets, say otherwise.

    Raises:
        AttemptFailed: `program.cannot_start`.
    """
    async with temporary_directory() as temporary:
        own = (*rules.own, str(temporary))
        variables = {**environment, **temporary_variables(temporary), **chosen}
        rules = msgspec.structs.replace(rules, own=own)
        async with _run_recorded(argv, cwd, variables, line, rules) as program:
            yield program


@asynccontextmanager
async def _run_recorded(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], line: Line, rules: Rules
) -> AsyncIterator[Program]:
    token = attempt_mark()
    program = await _started(argv, cwd, {**environment, ATTEMPT_MARK: token}, rules)
    try:
        await line.started(program.handle)
        program.open_gate()
        yield program
    finally:
        # Also after success: processes that the program started must not outlive the attempt.
        await run_to_completion(_ended(program, token))


async def _ended(program: Program, token: str) -> None:
    """End a program and everything that it started, in any process group."""
    started: list[Seen] = []
    if program.process.returncode is None:
        # A process that cleared its environment is found only through its living parents.
        started = await descendants(program.handle.pid)
    await program.end()
    if started:
        await kill_all(started)
    await end_marked(token)


async def _started(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], rules: Rules
) -> Program:
    try:
        return await start_gated(argv, cwd=cwd, environment=environment, rules=rules)
    except (OSError, ValueError) as error:
        raise AttemptFailed(
            "program.cannot_start",
            f"{argv[0]!r} cannot be started: {error}.",
            hint="Pass long input through standard input or a file.",
            retryable=isinstance(error, OSError) and error.errno in TRANSIENT_ERRORS,
        ) from None


async def run_to_completion(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end even if this task is cancelled meanwhile; then raise."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError


OTLP_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
OTLP_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
OTLP_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"


class OtlpReceiver(msgspec.Struct, frozen=True):
    """A receiver of OTLP over HTTP."""

    endpoint: str  # without `/v1/traces`
    headers: dict[str, str]
    is_json: bool


def otlp_receiver(environment: Mapping[str, str]) -> OtlpReceiver | None:
    """Return the receiver that the variables name; None where there is none over HTTP."""
    endpoint = environment.get(OTLP_ENDPOINT, "").rstrip("/")
    protocol = environment.get(OTLP_PROTOCOL, "http/protobuf")
    if not endpoint or not protocol.startswith("http/"):
        return None
    pairs = (part.partition("=") for part in environment.get(OTLP_HEADERS, "").split(",") if part)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    return OtlpReceiver(endpoint, headers, protocol == "http/json")
