"""The kind `function`: a Python function, called in a process of its own that can be ended."""

import asyncio
import re
import sys
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.attempt_process import (
    run_program,
    scratch_directory,
    with_telemetry,
)
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
from missioncontrol.adapters.agents.program import ProgramAgent
from missioncontrol.domain.agent import AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?|[\w.-]+")
PROOF_SECONDS_MAX = 30.0
"""Long, because importing some modules takes many seconds."""


class FunctionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `function`."""

    callable: str  # package.module:name, or an entry point of the group missioncontrol.functions
    directory: str = ""  # where its module lies, if it is not installed
    writes: tuple[str, ...] = ()  # what it may write besides its scratch: absolute paths
    network: bool = True  # whether it may connect to other programs by TCP
    sockets: bool = False  # whether it may connect to Unix sockets, of any program


class FunctionKind:
    """Makes agents of Python functions."""

    name = "function"

    def card(self, declared: Declaration) -> AgentCard:
        """Return the card. A function counts as writing unless its effects say otherwise."""
        _settings(declared)
        effects = declared.effects or ("runs_programs",)
        return msgspec.structs.replace(card_of(declared), effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return DeclaredFunction(declared, _settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Load the function without calling it."""
        settings = _settings(declared)
        try:
            async with asyncio.timeout(PROOF_SECONDS_MAX):
                await self._look_up(declared, settings, workshop)
        except TimeoutError:
            raise AttemptFailed(
                "function.silent",
                f"{settings.callable} was not imported within {PROOF_SECONDS_MAX:g} s.",
                hint="Check what its module does while it is imported.",
            ) from None
        version = f"Python {sys.version.split()[0]}"
        return Proof(version, f"{settings.callable} was found; steps call it.")

    async def _look_up(
        self, declared: Declaration, settings: FunctionSettings, workshop: Workshop
    ) -> None:
        async with (
            scratch_directory(workshop.scratch, health_check_assignment(declared.name)) as scratch,
            run_program(
                _argv(settings),
                cwd=scratch,
                environment=program_environment(workshop),
                line=HealthCheckLine(),
                rules=workshop.sandbox.rules(
                    own=(scratch,), writes=settings.writes, unix_sockets=settings.sockets
                ),
            ) as program,
        ):
            process = program.process
            process.stdin.close()
            errors = (await process.stderr.read()).decode("utf-8", "replace")
            if await program.exited() != 0:
                words = workshop.scrub(errors).strip().rpartition("\n")[2]
                hint = "Check `callable` and `directory` in the settings of the agent."
                raise AttemptFailed("function.unknown", words, hint=hint, retryable=False)


class DeclaredFunction:
    """Calls one function for each attempt."""

    def __init__(
        self, declared: Declaration, settings: FunctionSettings, workshop: Workshop
    ) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        agent = ProgramAgent(
            _argv(self._settings),
            scratch=self._workshop.scratch,
            artifacts=self._workshop.artifacts,
            environment=with_telemetry(
                assignment, self._workshop.telemetry, program_environment(self._workshop)
            ),
            sandbox=self._workshop.sandbox,
            writes=self._settings.writes,
            ports=None if self._settings.network else (),
            unix_sockets=self._settings.sockets,
        )
        work = await agent.perform(assignment, line)
        refuse_misfit(
            work.output,
            output_shape(self._declared),
            code="function.bad_output",
            who=self._settings.callable,
            scrub=self._workshop.scrub,
        )
        return work


def _settings(declared: Declaration) -> FunctionSettings:
    found = settings_of(declared, FunctionSettings)
    if not _DOTTED.fullmatch(found.callable):
        raise bad_settings(
            declared,
            f"callable is {found.callable!r}.",
            hint="It is package.module:name, or the name of an entry point.",
        )
    if found.directory and not Path(found.directory).is_absolute():
        raise bad_settings(declared, f"directory is {found.directory!r}, a relative path.")
    if bad := relative_path(found.writes):
        raise bad_settings(declared, f"writes names {bad!r}, a relative path.")
    return found


def _argv(settings: FunctionSettings) -> list[str]:
    # -P keeps the working directory off the module path.
    worker = [sys.executable, "-P", "-m", "missioncontrol.function_worker", settings.callable]
    return [*worker, settings.directory] if settings.directory else worker
