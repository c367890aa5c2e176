"""Where the program of one attempt works: a scratch directory, a gate, and what it is told."""

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

from missioncontrol.adapters.leftovers import ATTEMPT_MARK, attempt_mark, end_marked
from missioncontrol.adapters.looks import Seen, descendants, kill_all
from missioncontrol.adapters.processes import Program, start_gated
from missioncontrol.domain.evaluation import SEED, SEED_VARIABLE
from missioncontrol.domain.trace import trace_variables
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.confinement import Rules
from missioncontrol.ports.telemetry import Telemetry

TRANSIENT_ERRORS = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Why a start may fail now and not later."""

NO_VARIABLES: Mapping[str, str] = {}

_WORK_TREE = re.compile(r"^\s*worktree\s*=\s*(\S.*?)\s*$", re.MULTILINE)
"""Of a submodule's configuration: the checkout that it belongs to, from its directory."""


def attempt_variables(assignment: Assignment) -> dict[str, str]:
    """Return the variables by which a program knows its attempt.

    MISSION_KEY is the same for every attempt at the step: what was done under it need not be done
    again. TRACEPARENT and TRACESTATE name its span, for a program that traces what it does.
    MISSION_EVAL_SEED is there in the trials of an evaluation alone.
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
    """Return what a program sees, and where it may tell what it does.

    `seen` is what it sees of ours otherwise. A program that is declared to tell it elsewhere does.
    """
    if telemetry is None or any(name.startswith("OTEL_") for name in seen):
        return dict(seen)
    return {**telemetry.variables(assignment), **seen}


def _plain(text: str) -> str:
    """Return `text` as a variable can hold it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


@asynccontextmanager
async def scratch_directory(root: Path, assignment: Assignment) -> AsyncIterator[Path]:
    """Lend an empty directory of this attempt alone."""
    # Names of runs and steps are other people's words, and no part of a path.
    run = re.sub(r"[^A-Za-z0-9_-]", "_", assignment.run)
    scratch = root / run / str(assignment.fence)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        yield scratch
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


@asynccontextmanager
async def temporary_directory() -> AsyncIterator[Path]:
    """Lend a directory for temporary files to one program.

    It is not in the data directory: the paths of sockets, which programs make there, are limited
    to 107 bytes.
    """
    place = _new_directory()
    try:
        yield place
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)


def _new_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix=f"mission-{os.getpid()}-")).resolve()


def temporary_variables(place: Path) -> dict[str, str]:
    """Return the variables that lead programs to `place` with what they would write elsewhere."""
    cache = str(place / "cache")
    return {"TMPDIR": str(place), "XDG_CACHE_HOME": cache, "npm_config_cache": f"{cache}/npm"}


def git_directories(place: Path) -> list[Path]:
    """Return where git keeps what belongs to the checkout around `place`, if there is one.

    An earlier step may have written `.git` itself. So a link counts only if the directory that it
    names is one of git and names this checkout in turn.
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
"""Files with settings and hooks of one checkout that are looked at."""


def git_settings(place: Path) -> dict[str, tuple[int, int, int]]:
    """Return the state of the files by which git runs programs for whoever uses a checkout.

    Their size, inode and time of change by path: a program can't set the last one back.
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
    except (OSError, ValueError):  # not there, or no path at all
        return []
    return list(dict.fromkeys((own, common))) if is_known else []


def ports_of(urls: Iterable[str]) -> list[int]:
    """Return the TCP ports of addresses."""
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
    """Let `argv` work under `rules`: it begins once it is on record, and nothing of it stays.

    Its temporary files are its own, but for variables in `chosen`, which its step sets.

    Raises:
        AttemptFailed: `program.cannot_start`.
    """
    async with temporary_directory() as temporary:
        own = (*rules.own, str(temporary))
        variables = {**environment, **temporary_variables(temporary), **chosen}
        rules = msgspec.structs.replace(rules, own=own)
        async with _at_work(argv, cwd, variables, line, rules) as program:
            yield program


@asynccontextmanager
async def _at_work(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], line: Line, rules: Rules
) -> AsyncIterator[Program]:
    token = attempt_mark()
    program = await _started(argv, cwd, {**environment, ATTEMPT_MARK: token}, rules)
    try:
        await line.started(program.handle)
        program.open_gate()
        yield program
    finally:
        # Also where all went well: what the program left running must not outlive its attempt.
        await run_to_completion(_ended(program, token))


async def _ended(program: Program, token: str) -> None:
    """End a program with all that it started, in whichever group that is."""
    started: list[Seen] = []
    if program.process.returncode is None:
        # Who has an empty environment is found through its parents, while there are any.
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
