"""The agent that runs a program as it is: `argv` in; exit status, output and files out."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

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
from missioncontrol.adapters.agents.command_files import (
    collect_artifacts,
    media_type_of,
    write_input_files,
)
from missioncontrol.adapters.agents.command_inputs import CARD as CARD
from missioncontrol.adapters.agents.command_inputs import Command, Scrub, command_of
from missioncontrol.adapters.agents.command_output import (
    LINE_BYTES_MAX,
    STDOUT_BYTES_MAX,
    CommandOutput,
)
from missioncontrol.adapters.agents.output import OutputReader
from missioncontrol.confinement.paths import is_within
from missioncontrol.domain.work import ArtifactRef, CommandRan, Finding, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Rules, Sandbox

ARGUMENT_MAX = 1_000
ARGUMENTS_MAX = 100
"""In evidence; the step's inputs have them all."""


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
        """`environment` is all that a program sees of ours; `scrub` knows the secrets."""
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
            voice = CommandOutput(command, places, line, self._scrub)
            rules = self._rules(command, cwd, scratch, environment)
            await asyncio.to_thread(_make_directories, command.writes, rules)
            before = await asyncio.to_thread(git_settings, cwd)
            try:
                code, seconds = await _run(command, cwd, environment, voice, line, rules)
            finally:
                after = await asyncio.to_thread(git_settings, cwd)
                findings = _git_findings(before, after)
                for finding in findings:
                    line.log("warning", f"{finding.title}. {finding.remedy}")
            kept = await _kept(command, places, voice, line)
            return _work(command, code, seconds, voice, kept, findings)

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
    """Return what to look at where settings or hooks of git changed while a step was at work."""
    changed = sorted({path for path, _ in before.items() ^ after.items()})
    if not changed:
        return ()
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return (
        Finding(
            "command.git_settings",
            "high",
            f"Settings or hooks of git changed during the step: {', '.join(changed[:3])}{more}",
            remedy="Look at them before you use git there: it runs what they name, as you.",
        ),
    )


def _make_directories(writes: Iterable[str], rules: Rules) -> None:
    """Make the directories among what a step writes: a confined program could not.

    Where one can't be made, the program fails for want of it, and says so.
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
    voice: CommandOutput,
    line: Line,
    rules: Rules,
) -> tuple[int, float]:
    """Run the command to its end; return its exit status and the seconds that it took.

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
            reader.lines(process.stdout, voice.out, bytes_max=STDOUT_BYTES_MAX),
            reader.lines(process.stderr, voice.err, bytes_max=LINE_BYTES_MAX),
        )
    seconds = round(reader.ended_at - begun_at, 3)
    if code not in command.success:
        raise _failed(command, code, seconds, voice, _hint(voice.last_words, cwd, rules))
    return code, seconds


def _hint(said: str, cwd: Path, rules: Rules) -> str:
    """Return what to do, with the rule that a confined program may have run into."""
    shown = "`mission output RUN STEP` shows what it said."
    if rules.means == "none" or "ermission denied" not in said:
        return shown
    if around := next((path for path in rules.hidden if is_within(path, str(cwd))), ""):
        return (
            f"Steps can't reach {around}, so this one can't list or add files in {cwd}, which "
            f"contains it. Keep the data directory elsewhere (MISSION_HOME). {shown}"
        )
    return (
        f"Steps are confined: this one writes in {cwd}, and in what `writes` names. Name there "
        f"what else it has to write. {shown}"
    )


def _failed(
    command: Command, code: int, seconds: float, voice: CommandOutput, hint: str
) -> AttemptFailed:
    words = voice.last_words
    said = f" {' '.join(words.splitlines()[-3:])}" if words else ""
    return AttemptFailed(
        "command.failed",
        f"`{command.shown}` {_ended(code)} after {seconds:.1f} s.{said}",
        hint=hint,
        detail={"exit_code": code, "seconds": seconds, "said": words},
    )


def _ended(code: int) -> str:
    """Say how a program ended."""
    if code >= 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was ended by signal {-code}"


async def _kept(
    command: Command, places: list[Path], voice: CommandOutput, line: Line
) -> tuple[ArtifactRef, ...]:
    """Keep the files that were announced, and those that the step wants."""
    kept = dict(voice.artifacts)
    found = await asyncio.to_thread(collect_artifacts, command, places) if command.artifacts else {}
    for name, path in found.items():
        if name not in kept:
            content = await asyncio.to_thread(path.read_bytes)
            kept[name] = line.keep(
                name,
                content,
                media_type=media_type_of(name, content),
                title="",
                obtained=f"`{command.shown}`",
            )
    return tuple(kept.values())


def _work(
    command: Command,
    code: int,
    seconds: float,
    voice: CommandOutput,
    artifacts: tuple[ArtifactRef, ...],
    findings: tuple[Finding, ...],
) -> Work:
    argv = tuple(_short(text) for text in command.argv[:ARGUMENTS_MAX])
    return Work(
        summary=f"`{command.shown}` {_ended(code)} after {seconds:.1f} s.",
        output={"exit_code": code, "seconds": seconds, **voice.output()},
        artifacts=artifacts,
        findings=findings,
        evidence=(CommandRan(argv, code, seconds),),
    )


def _short(text: str) -> str:
    return text if len(text) <= ARGUMENT_MAX else f"{text[: ARGUMENT_MAX - 1]}…"


def _refuse_absent(name: str, cwd: Path, environment: Mapping[str, str]) -> None:
    """Refuse a program that is not there, before a process is started for it.

    Raises:
        AttemptFailed: `command.not_found`.
    """
    if "/" in name:
        path = cwd / name
        is_there = path.is_file() and os.access(path, os.X_OK)
        hint = "Check the path, and that the file may be executed."
    else:
        is_there = shutil.which(name, path=environment["PATH"]) is not None
        hint = f"Install it, or give its whole path; PATH is {environment['PATH']!r} here."
    if not is_there:
        reason = f"There is no program {name!r} that could be run."
        raise AttemptFailed("command.not_found", reason, hint=hint, retryable=False)
