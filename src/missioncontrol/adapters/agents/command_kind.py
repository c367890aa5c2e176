"""The kind `command`: a program with declared arguments, which receives its inputs as JSON."""

import asyncio
import shlex
import shutil
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.attempt_process import with_telemetry
from missioncontrol.adapters.agents.command import CommandAgent
from missioncontrol.adapters.agents.command_inputs import CARD
from missioncontrol.adapters.agents.command_output import OUTPUT_BYTES_MAX
from missioncontrol.adapters.agents.kind_support import (
    HealthCheckLine,
    bad_settings,
    health_check_assignment,
    output_shape,
    program_environment,
    refuse_misfit,
    relative_path,
    settings_of,
)
from missioncontrol.domain.agent import ANYTHING, AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

HINT = "Correct `version` in the settings of the agent, or leave it out."
Form = Literal["json", "text", "lines", "all"]
VERSION_MAX = 200
VERSION_SECONDS_MAX = 10.0
"""A program that takes longer to print its version probably waits for input."""


class CommandSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `command`."""

    argv: Annotated[list[str], Meta(min_length=1, max_length=1000)]
    cwd: str = ""  # an absolute path; else the step's `repository`, else a scratch directory
    env: dict[str, str] = {}  # no secrets: those are named in `secrets` of the declaration
    success: tuple[int, ...] = (0,)
    output: Form = "json"  # what stdout is; `all` hands back as the built-in command does
    artifacts: list[str] = []
    reports: bool = False
    writes: list[str] = []  # what it may write besides where it starts: absolute paths
    network: bool = True  # whether it may connect to other programs by TCP
    sockets: bool = False  # whether it may connect to Unix sockets, of any program
    version: list[str] = []  # arguments after the program that make it say its version


class CommandKind:
    """Makes agents of programs."""

    name = "command"

    def card(self, declared: Declaration) -> AgentCard:
        """Return the card. A program counts as writing unless its effects say otherwise."""
        settings = _settings(declared)
        effects = declared.effects or ("runs_programs",)
        output = declared.output
        if output == ANYTHING and settings.output == "all":
            output = CARD.output
        card = card_of(declared)
        return msgspec.structs.replace(card, effects=effects, risk=tier(effects), output=output)

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return DeclaredCommand(declared, _settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Find the program, and run it with the `version` arguments if there are any."""
        settings = _settings(declared)
        program, environment = settings.argv[0], program_environment(workshop)
        if shutil.which(program, path=environment.get("PATH")) is None:
            raise AttemptFailed(
                "command.not_found",
                f"There is no program {program!r} to run.",
                hint="Install it, or give its full path in `argv`.",
                retryable=False,
            )
        if not settings.version:
            return Proof(
                said=f"{program} exists; set `version` arguments to check its version, too."
            )
        asked = msgspec.structs.replace(settings, argv=[program, *settings.version], output="text")
        plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
        call = shlex.join(asked.argv)
        try:
            async with asyncio.timeout(VERSION_SECONDS_MAX):
                work = await DeclaredCommand(plain, asked, workshop).perform(
                    health_check_assignment(declared.name), HealthCheckLine()
                )
        except TimeoutError:
            reason = f"`{call}` did not end within {VERSION_SECONDS_MAX:g} s."
            raise AttemptFailed("command.silent", reason, hint=HINT) from None
        except AttemptFailed as failure:
            raise AttemptFailed(failure.code, failure.reason, hint=HINT) from None
        version = " ".join(str(work.output).split())[:VERSION_MAX]
        return Proof(version, f"{call} says {version!r}.")


class DeclaredCommand:
    """Runs one program as it was declared."""

    def __init__(
        self, declared: Declaration, settings: CommandSettings, workshop: Workshop
    ) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        agent = CommandAgent(
            scratch=self._workshop.scratch,
            artifacts=self._workshop.artifacts,
            environment=with_telemetry(
                assignment, self._workshop.telemetry, program_environment(self._workshop)
            ),
            scrub=self._workshop.scrub,
            sandbox=self._workshop.sandbox,
        )
        ordered = msgspec.structs.replace(assignment, inputs=self._order(assignment))
        work = await agent.perform(ordered, line)
        output = self._output(work.output)
        refuse_misfit(
            output,
            output_shape(self._declared),
            code="command.bad_output",
            who=f"`{self._settings.argv[0]}`",
            scrub=self._workshop.scrub,
        )
        return msgspec.structs.replace(work, output=output)

    def _order(self, assignment: Assignment) -> dict[str, Any]:
        """Return the inputs of the command agent; standard input gets the step's inputs as JSON."""
        settings, inputs = self._settings, dict(assignment.inputs)
        form = {"all": "auto"}.get(settings.output, settings.output)
        contract = msgspec.json.encode({"inputs": inputs}).decode()
        return {
            "argv": list(settings.argv),
            "cwd": settings.cwd or None,
            "repository": inputs.get("repository"),
            "stdin": contract,
            "env": settings.env,
            "success": list(settings.success),
            "artifacts": settings.artifacts,
            "output": form,
            "reports": settings.reports,
            "writes": settings.writes,
            "network": settings.network,
            "sockets": settings.sockets,
        }

    def _output(self, result: dict[str, Any]) -> Any:
        match self._settings.output:
            case "json" | "lines" as form:
                return result[form]
            case "text":
                self._refuse_cut(result)
                return result["stdout"]
            case "all":
                return result

    def _refuse_cut(self, result: dict[str, Any]) -> None:
        """Refuse a cut text: a later step could not see that its end is missing."""
        if result["cut"]:
            raise AttemptFailed(
                "command.output_too_large",
                f"`{self._settings.argv[0]}` wrote more than the {OUTPUT_BYTES_MAX // 1024} KiB "
                "that a later step can receive as text.",
                hint="Write the output to a file, and name the file under `artifacts`.",
                retryable=False,
            )


def _settings(declared: Declaration) -> CommandSettings:
    found = settings_of(declared, CommandSettings)
    if not found.argv[0]:
        raise bad_settings(declared, "argv names no program.")
    if found.cwd and not Path(found.cwd).is_absolute():
        raise bad_settings(declared, f"cwd is {found.cwd!r}, a relative path.")
    if bad := relative_path(found.writes):
        raise bad_settings(declared, f"writes names {bad!r}, a relative path.")
    if not found.success:
        raise bad_settings(declared, "success is empty: no exit status would count as success.")
    return found
