"""The kind `codex_cloud`: a task of Codex Cloud, by the codex program's own commands.

The program uses the ChatGPT account with which a user has signed it in, so no gateway meters the
task. `tests/agents/cloud_contract.json` records what its commands print.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.coding.agent import CodingAgent, Source
from missioncontrol.adapters.agents.coding.cloud_commands import Commands, is_signed_out
from missioncontrol.adapters.agents.coding.cloud_task import CloudTask, TaskRecords
from missioncontrol.adapters.agents.coding.codex_home import VERSION
from missioncontrol.adapters.agents.coding.order import Order, coding_card
from missioncontrol.adapters.agents.coding.programs import Installed
from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.adapters.agents.kind_support import (
    HealthCheckLine,
    bad_settings,
    output_shape,
    program_environment,
    settings_of,
)
from missioncontrol.adapters.git import git
from missioncontrol.domain.agent import ANYTHING, AgentCard, Shape
from missioncontrol.domain.building import CONTINUES
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.ports.gateway import Access

KIND = "codex_cloud"
CODEX = Installed(
    KIND,
    f"@openai/codex@{VERSION}",
    (
        "@openai/codex/node_modules/@openai/codex-*/vendor/*/bin/codex",
        "@openai/codex-*/vendor/*/bin/codex",
    ),
)
UNABLE = (CONTINUES, "model")
"""Inputs that a task can't take: it starts at a branch of its remote, with its own model."""

EFFECTS = ("reads_files", "calls_model", "writes_records")


class CloudSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `codex_cloud`."""

    environment: str  # its id or label, as `codex cloud` lists it
    codex_home: str  # the directory with the credentials of `codex login`
    program: str = "codex"
    version: str = VERSION  # "any" accepts every version
    branch: str = ""  # at its remote; empty: the base branch of the step
    poll_seconds: float = 30.0


class CloudKind:
    """Makes agents that run tasks of Codex Cloud."""

    name = KIND

    def card(self, declared: Declaration) -> AgentCard:
        _settings(declared)
        found = coding_card(declared if declared.effects else _with_effects(declared))
        fields = {n: each for n, each in found.inputs.fields.items() if n not in UNABLE}
        return msgspec.structs.replace(found, inputs=Shape("object", fields))

    def make(self, declared: Declaration, workshop: Workshop) -> CodingAgent:
        settings = _settings(declared)
        tool = CodexCloud(declared, settings, TaskRecords(workshop.state / "cloud"))
        places = (settings.codex_home,)
        return CloudAgent(declared, workshop, tool, Source(), network=True, writes=places)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Check version and sign-in; with `round_trip`, list tasks, which starts none."""
        settings = _settings(declared)
        with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
            session = ToolSession(
                KIND,
                HealthCheckLine(),
                cwd=Path(place),
                home=Path(place),
                environment={**program_environment(workshop), "HOME": place},
                access=Access("", ""),
                model="",
                scrub=workshop.scrub,
                is_metered=False,
                rules=workshop.sandbox.rules(own=(place,), writes=(settings.codex_home,)),
            )
            program, version = await _program(session, declared, settings)
            if is_signed_out(settings.codex_home):
                raise Commands.not_signed_in(settings.codex_home)
            if not round_trip:
                return Proof(version, "The program is signed in; Codex Cloud was not contacted.")
            await Commands(program, session, settings.codex_home).list_tasks(settings.environment)
        return Proof(version, "Codex Cloud answers; no task was started.")


class CloudAgent(CodingAgent):
    """A coding agent that uses the account of its program."""

    @contextmanager
    def _access(
        self, assignment: Assignment, line: Line, model: str, environment: dict[str, str]
    ) -> Iterator[Access]:
        """Yield no access: the program bypasses the gateway, which can't meter it."""
        del assignment, line, model, environment
        yield Access("", "")


class CodexCloud:
    """Codex Cloud, unattended."""

    title = "Codex Cloud"

    def __init__(
        self, declared: Declaration, settings: CloudSettings, records: TaskRecords
    ) -> None:
        self._declared = declared
        self._settings = settings
        self._records = records

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        """See `Tool.converse`.

        Raises:
            AttemptFailed: `codex_cloud.bad_input`, and those of `CloudTask`.
        """
        if order.continues or order.model:
            what = "continues an earlier step" if order.continues else "names a model"
            raise AttemptFailed(
                f"{KIND}.bad_input",
                f"The step {what}, which a task of Codex Cloud can't do: it starts at a branch "
                "of its remote, with its own model.",
                hint="Use an agent that runs on this machine for that step.",
                retryable=False,
            )
        settings = self._settings
        program, _ = await _program(session, self._declared, settings)
        commands = Commands(program, session, settings.codex_home)
        task = CloudTask(commands, session, self._records, settings.poll_seconds)
        branch = settings.branch or await _branch(order)
        await task.run(prompt, settings.environment, branch)


async def _branch(order: Order) -> str:
    """Return the base branch of the step; "" if its base is only a commit."""
    if order.base:
        asked = ["rev-parse", "--verify", "--quiet", f"refs/heads/{order.base}"]
        found = await git(asked, cwd=order.repository, fine=(0, 1))
        return order.base if found.strip() else ""
    head = ["symbolic-ref", "--quiet", "--short", "HEAD"]
    return (await git(head, cwd=order.repository, fine=(0, 1))).decode().strip()


async def _program(
    session: ToolSession, declared: Declaration, settings: CloudSettings
) -> tuple[str, str]:
    program = CODEX.find(settings.program, session.environment)
    version = await CODEX.version(program, session)
    CODEX.refuse_other(version, settings.version, declared.name)
    return program, version


def _with_effects(declared: Declaration) -> Declaration:
    return msgspec.structs.replace(declared, effects=EFFECTS)


def _settings(declared: Declaration) -> CloudSettings:
    settings = settings_of(declared, CloudSettings)
    for name in ("environment", "codex_home"):
        if not getattr(settings, name).strip() or "\0" in getattr(settings, name):
            raise bad_settings(declared, f"`{name}` is empty.")
    if not Path(settings.codex_home).is_absolute():
        raise bad_settings(declared, f"codex_home is {settings.codex_home!r}, a relative path.")
    if not 0.01 <= settings.poll_seconds <= 3_600:
        raise bad_settings(declared, f"poll_seconds is {settings.poll_seconds:g}.")
    if output_shape(declared) != ANYTHING:
        raise bad_settings(
            declared,
            "an output is declared, but the program returns no message that could fit it.",
            hint="Declare it without `output`.",
        )
    return settings
