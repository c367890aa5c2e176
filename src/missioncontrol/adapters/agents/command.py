"""The built-in command agent: runs `argv`; returns exit status, output and files."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from missioncontrol.adapters.agents.attempt_process import (
    OTLP_ENDPOINT,
    attempt_variables,
    git_directories,
    git_settings,
    ports_of,
    run_program,
    run_to_completion,
    scratch_directory,
)
from missioncontrol.adapters.agents.command_inputs import CARD as CARD
from missioncontrol.adapters.agents.command_inputs import (
    Command,
    Scrub,
    bad_input,
    command_of,
    encode_input,
)
from missioncontrol.adapters.agents.command_output import (
    LINE_BYTES_MAX,
    STDOUT_BYTES_MAX,
    CommandOutput,
)
from missioncontrol.adapters.agents.files import ARTIFACT_BYTES_MAX, is_inside
from missioncontrol.adapters.agents.output import OutputReader
from missioncontrol.confinement.paths import is_within
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.media import ANY, media_type
from missioncontrol.domain.work import ArtifactRef, CommandRan, Finding, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Rules, Sandbox

# Input files and artifacts of a command.

FILES_MAX = 200
BYTES_MAX = 1024 * 1024 * 1024
"""Most bytes of all artifacts of one attempt."""


def write_input_files(files: Mapping[str, Any], scratch: Path, artifacts: ArtifactStore) -> None:
    """Write the input files of a command into its scratch directory.

    Raises:
        AttemptFailed: `command.bad_input`, or the code of the store if an artifact is missing.
    """
    for name, value in files.items():
        content = _content(value, artifacts)
        target = scratch / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise bad_input(f"files cannot hold {name!r}: {error.strerror}.") from None


def _content(value: Any, artifacts: ArtifactStore) -> bytes:
    if not isinstance(value, dict) or not isinstance(value.get("digest"), str):
        return encode_input(value)
    try:
        return artifacts.get(value["digest"])
    except MissionControlError as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None


def collect_artifacts(command: Command, places: list[Path]) -> dict[str, Path]:
    """Return the files to store as artifacts, by artifact name.

    Raises:
        AttemptFailed: `command.no_artifact` if a named file is missing,
            `command.bad_artifact`, or `command.too_many_artifacts`.
    """
    found = _found(command, places)
    size = 0
    for name, path in found.items():
        if not is_inside(path, places) or not path.is_file():
            reason = f"{name!r} is not a file, or links out of {_listed(places)}."
            raise AttemptFailed("command.bad_artifact", reason, retryable=False)
        length = path.stat().st_size
        size += length
        if length > ARTIFACT_BYTES_MAX or size > BYTES_MAX or len(found) > FILES_MAX:
            raise AttemptFailed(
                "command.too_many_artifacts",
                f"`{command.shown}` left more than one attempt may store: {FILES_MAX} files, "
                f"{ARTIFACT_BYTES_MAX // 2**20} MiB each, {BYTES_MAX // 2**20} MiB in all.",
                hint="Name fewer files, or pack them into an archive.",
                retryable=False,
            )
    return found


def _found(command: Command, places: list[Path]) -> dict[str, Path]:
    """Return the named files and those that match a pattern, by relative name."""
    found: dict[str, Path] = {}
    for name in command.artifacts:
        if any(mark in name for mark in "*?["):
            for place in places:
                for path in sorted(islice(_matches(place, name), FILES_MAX + 1)):
                    found.setdefault(path.relative_to(place).as_posix(), path)
        else:
            found.setdefault(name, _named(command, name, places))
    return found


def _matches(place: Path, pattern: str) -> Iterator[Path]:
    """Yield the files that match a pattern, without empty ones."""
    return (path for path in place.glob(pattern) if path.is_file() and path.stat().st_size)


def _named(command: Command, name: str, places: list[Path]) -> Path:
    for place in places:
        if (place / name).exists():
            return place / name
    raise AttemptFailed(
        "command.no_artifact",
        f"`{command.shown}` succeeded, but left no {name!r} in {_listed(places)}.",
        hint="Name the file relative to where the command starts, or to its scratch directory.",
    )


def _listed(places: list[Path]) -> str:
    return " or ".join(str(place) for place in places)


def media_type_of(name: str, content: bytes) -> str:
    """Return the media type of a name; a text file that is not UTF-8 counts as bytes."""
    found = media_type(name)
    if found.startswith("text/"):
        try:
            content.decode()
        except UnicodeDecodeError:
            return ANY
    return found


ARGUMENT_MAX = 1_000
ARGUMENTS_MAX = 100
"""Most arguments in evidence; the step's inputs have all of them."""


class CommandAgent:
    """Runs the program that a step names, in a process group of its own and without a shell."""

    def __init__(
        self,
        *,
        scratch: Path,
        artifacts: ArtifactStore,
        environment: Mapping[str, str],
        scrub: Scrub,
        sandbox: Sandbox,
    ) -> None:
        """`environment` is all that programs inherit; `scrub` removes secrets from a text."""
        self._scratch = scratch
        self._artifacts = artifacts
        self._environment = {"PATH": os.defpath, **environment}
        self._scrub = scrub
        self._sandbox = sandbox

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        command = command_of(assignment, self._scrub)
        async with scratch_directory(self._scratch, assignment) as scratch:
            if command.files:
                await run_to_completion(
                    asyncio.to_thread(write_input_files, command.files, scratch, self._artifacts)
                )
            cwd = command.cwd or scratch
            environment = {
                **self._environment,
                **command.env,
                **attempt_variables(assignment),
                "MISSION_SCRATCH": str(scratch),
            }
            _refuse_absent(command.argv[0], cwd, environment)
            places = [cwd] if cwd == scratch else [cwd, scratch]
            output = CommandOutput(command, places, line, self._scrub)
            rules = self._rules(command, cwd, scratch, environment)
            await asyncio.to_thread(_make_directories, command.writes, rules)
            before = await asyncio.to_thread(git_settings, cwd)
            try:
                code, seconds = await _run(command, cwd, environment, output, line, rules)
            finally:
                after = await asyncio.to_thread(git_settings, cwd)
                findings = _git_findings(before, after)
                for finding in findings:
                    line.log("warning", f"{finding.title}. {finding.remedy}")
            artifacts = await _store_artifacts(command, places, output, line)
            return _work(command, code, seconds, output, artifacts, findings)

    def _rules(
        self, command: Command, cwd: Path, scratch: Path, environment: Mapping[str, str]
    ) -> Rules:
        return self._sandbox.rules(
            own=(scratch,),
            writes=(cwd, *git_directories(cwd), *command.writes),
            ports=None if command.network else ports_of([environment.get(OTLP_ENDPOINT, "")]),
            unix_sockets=command.sockets,
        )


def _git_findings(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Finding, ...]:
    """Return a finding if settings or hooks of git changed during a step."""
    changed = sorted({path for path, _ in before.items() ^ after.items()})
    if not changed:
        return ()
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return (
        Finding(
            "command.git_settings",
            "high",
            f"Settings or hooks of git changed during the step: {', '.join(changed[:3])}{more}",
            remedy="Check them before you use git there: git runs the programs they name, as you.",
        ),
    )


def _make_directories(writes: Iterable[str], rules: Rules) -> None:
    """Make the directories that a step writes, because a confined program can't.

    Errors are ignored: the program fails on the missing directory and reports that itself.
    """
    for path in writes:
        real = os.path.realpath(path)
        if path.endswith("/") and not any(is_within(real, each) for each in rules.hidden):
            with suppress(OSError):
                Path(real).mkdir(parents=True, exist_ok=True)


async def _run(
    command: Command,
    cwd: Path,
    environment: Mapping[str, str],
    output: CommandOutput,
    line: Line,
    rules: Rules,
) -> tuple[int, float]:
    """Run the command to its end; return its exit status and its duration in seconds.

    Raises:
        AttemptFailed: `command.failed`, unless the status counts as success.
    """
    async with run_program(
        command.argv, cwd=cwd, environment=environment, line=line, rules=rules, chosen=command.env
    ) as program:
        begun_at = asyncio.get_running_loop().time()
        process = program.process
        process.stdin.write(command.stdin)
        process.stdin.close()
        reader = OutputReader(program)
        code = await reader.wait_for_exit(
            reader.read_lines(process.stdout, output.out, bytes_max=STDOUT_BYTES_MAX),
            reader.read_lines(process.stderr, output.err, bytes_max=LINE_BYTES_MAX),
        )
    seconds = round(reader.ended_at - begun_at, 3)
    if code not in command.success:
        raise _failed(command, code, seconds, output, _hint(output.last_lines, cwd, rules))
    return code, seconds


def _hint(errors: str, cwd: Path, rules: Rules) -> str:
    """Return a hint that names the confinement rule that may have caused the failure."""
    shown = "`mission runs output RUN STEP` shows its output."
    if rules.means == "none" or "ermission denied" not in errors:
        return shown
    if around := next((path for path in rules.hidden if is_within(path, str(cwd))), ""):
        return (
            f"Steps can't reach {around}, so this one can't list or add files in {cwd}, which "
            f"contains it. Move the data directory (MISSION_HOME). {shown}"
        )
    return (
        f"Steps are confined: this one writes only in {cwd} and in the paths under `writes`. Add "
        f"the other paths that it has to write there. {shown}"
    )


def _failed(
    command: Command, code: int, seconds: float, output: CommandOutput, hint: str
) -> AttemptFailed:
    lines = output.last_lines
    ending = f" {' '.join(lines.splitlines()[-3:])}" if lines else ""
    return AttemptFailed(
        "command.failed",
        f"`{command.shown}` {_ended(code)} after {seconds:.1f} s.{ending}",
        hint=hint,
        detail={"exit_code": code, "seconds": seconds, "said": lines},
    )


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was ended by signal {-code}"


async def _store_artifacts(
    command: Command, places: list[Path], output: CommandOutput, line: Line
) -> tuple[ArtifactRef, ...]:
    """Store the files that the step names; the announced ones are stored already."""
    stored = dict(output.artifacts)
    found = await asyncio.to_thread(collect_artifacts, command, places) if command.artifacts else {}
    for name, path in found.items():
        if name not in stored:
            content = await asyncio.to_thread(path.read_bytes)
            stored[name] = line.keep(
                name,
                content,
                media_type=media_type_of(name, content),
                title="",
                obtained=f"`{command.shown}`",
            )
    return tuple(stored.values())


def _work(
    command: Command,
    code: int,
    seconds: float,
    output: CommandOutput,
    artifacts: tuple[ArtifactRef, ...],
    findings: tuple[Finding, ...],
) -> Work:
    argv = tuple(_short(text) for text in command.argv[:ARGUMENTS_MAX])
    return Work(
        summary=f"`{command.shown}` {_ended(code)} after {seconds:.1f} s.",
        output={"exit_code": code, "seconds": seconds, **output.output()},
        artifacts=artifacts,
        findings=findings,
        evidence=(CommandRan(argv, code, seconds),),
    )


def _short(text: str) -> str:
    return text if len(text) <= ARGUMENT_MAX else f"{text[: ARGUMENT_MAX - 1]}…"


def _refuse_absent(name: str, cwd: Path, environment: Mapping[str, str]) -> None:
    """Raise if the program is missing, before a process is started.

    Raises:
        AttemptFailed: `command.not_found`.
    """
    if "/" in name:
        path = cwd / name
        is_there = path.is_file() and os.access(path, os.X_OK)
        hint = "Check the path, and that the file is executable."
    else:
        is_there = shutil.which(name, path=environment["PATH"]) is not None
        hint = f"Install it, or give its full path; PATH is {environment['PATH']!r} here."
    if not is_there:
        reason = f"There is no program {name!r} to run."
        raise AttemptFailed("command.not_found", reason, hint=hint, retryable=False)
