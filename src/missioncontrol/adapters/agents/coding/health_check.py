"""The health check of a coding agent: its version, and an answer of its model."""

import tempfile
from pathlib import Path

from missioncontrol.adapters.agents.coding.agent import CodingAgent
from missioncontrol.adapters.agents.coding.programs import Installed
from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.adapters.agents.kind_support import (
    HealthCheckLine,
    health_check_assignment,
    program_environment,
)
from missioncontrol.adapters.git import git
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.ports.gateway import Access

PROMPT = "Answer with the single word `ready`. Use no tool."
ANSWER_MAX = 200


async def check_tool(
    agent: CodingAgent,
    declared: Declaration,
    workshop: Workshop,
    installed: Installed,
    wanted: tuple[str, str],
    *,
    round_trip: bool,
) -> Proof:
    """Check the version of the program; with `round_trip`, ask its model in an empty tree.

    `wanted` has the program and the version from the settings.

    Raises:
        AttemptFailed: see `AgentKind.prove`.
    """
    line = HealthCheckLine()
    version = await _version(declared, workshop, installed, wanted, line)
    if not round_trip:
        return Proof(version, f"{agent.title} is version {version}; no model was asked.")
    with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
        await git(["init", "-q", "."], cwd=Path(place))
        inputs: dict[str, object] = {"prompt": PROMPT, "repository": place}
        assignment = health_check_assignment(declared.name, inputs)
        work: Work = await agent.perform(assignment, line)
    answer = " ".join(str(work.output["summary"]).split())[:ANSWER_MAX]
    return Proof(version, f"{agent.title} {version} answers: {answer}", line.used.tokens)


async def _version(
    declared: Declaration,
    workshop: Workshop,
    installed: Installed,
    wanted: tuple[str, str],
    line: HealthCheckLine,
) -> str:
    program, version = wanted
    environment = program_environment(workshop)
    path = installed.find(program, environment)
    with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
        session = ToolSession(
            declared.kind,
            line,
            cwd=Path(place),
            home=Path(place),
            environment={**environment, "HOME": place},
            access=Access("", ""),
            model="",
            scrub=workshop.scrub,
            is_metered=False,
            rules=workshop.sandbox.rules(own=(place,)),
        )
        found = await installed.version(path, session)
    installed.refuse_other(found, version, declared.name)
    return found
