"""The kind `acp`: any program with the Agent Client Protocol, in a tree of its own."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.acp.settings import AcpSettings, acp_settings
from missioncontrol.adapters.agents.coding.agent import CodingAgent, Source, refuse_bad_source
from missioncontrol.adapters.agents.coding.order import Order, coding_card
from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.adapters.agents.kind_support import (
    HealthCheckLine,
    health_check_assignment,
    program_environment,
    require_package,
)
from missioncontrol.adapters.git import git
from missioncontrol.domain.agent import ANYTHING, AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.ports.gateway import Access

PROMPT = "Answer with the single word `ready`. Use no tool."
ANSWER_MAX = 200


class AcpKind:
    """Makes agents of programs with the Agent Client Protocol."""

    name = "acp"

    def card(self, declared: Declaration) -> AgentCard:
        _settings(declared)
        return coding_card(declared)

    def make(self, declared: Declaration, workshop: Workshop) -> CodingAgent:
        settings = _settings(declared)
        source = Source(settings.base_url, settings.key_variable)
        tool = Acp(settings, workshop.state)
        return AcpAgent(
            declared,
            workshop,
            tool,
            source,
            network=settings.network,
            sockets=settings.sockets,
            writes=settings.writes,
        )

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Ask the program to introduce itself; with `round_trip`, ask its model for a word."""
        settings = _settings(declared)
        version = await _version(declared, settings, workshop)
        program = settings.argv[0]
        if not round_trip:
            return Proof(version, f"{program} answers; no model was asked.")
        plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
        line = HealthCheckLine()
        with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
            await git(["init", "-q", "."], cwd=Path(place))
            assignment = health_check_assignment(
                declared.name, {"prompt": PROMPT, "repository": place}
            )
            work = await self.make(plain, workshop).perform(assignment, line)
        answer = " ".join(str(work.output["summary"]).split())[:ANSWER_MAX]
        return Proof(version, f"{program} answers: {answer}", line.used.tokens)


class AcpAgent(CodingAgent):
    """A coding agent whose program may have its own access to a model."""

    @contextmanager
    def _access(
        self, assignment: Assignment, line: Line, model: str, environment: dict[str, str]
    ) -> Iterator[Access]:
        """Yield access to models; without gateway and settings, the program has its own."""
        if self._workshop.gateway is None and not self._source.base_url:
            yield Access("", "")
            return
        with super()._access(assignment, line, model, environment) as access:
            yield access


class Acp:
    """Runs one program."""

    def __init__(self, settings: AcpSettings, state: Path) -> None:
        """`state` is permanent; the persistent home directory lies in it."""
        self._settings = settings
        self._persistent_home = state / "home"

    @property
    def title(self) -> str:
        """The name for people."""
        return Path(self._settings.argv[0]).name

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        """Run one turn. The program ends with it, so a later prompt repeats the conversation."""
        _require_extra()
        from missioncontrol.adapters.agents.acp.conversation import Conversation

        if session.thread:
            prompt = f"{session.thread}\n\nYou answered:\n\n{session.last_message}\n\n{prompt}"
        conversation = Conversation(session, self._settings, self._persistent_home)
        await conversation.prompt(prompt, order.risk)
        session.thread = prompt


def _settings(declared: Declaration) -> AcpSettings:
    found = acp_settings(declared)
    refuse_bad_source(declared, Source(found.base_url, found.key_variable))
    return found


async def _version(declared: Declaration, settings: AcpSettings, workshop: Workshop) -> str:
    _require_extra()
    from missioncontrol.adapters.agents.acp.conversation import Conversation

    with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
        session = ToolSession(
            declared.kind,
            HealthCheckLine(),
            cwd=Path(place),
            home=Path(place),
            environment=program_environment(workshop),
            access=Access(settings.base_url, ""),
            model=declared.model,
            scrub=workshop.scrub,
            is_metered=False,
            rules=workshop.sandbox.rules(own=(place,), unix_sockets=settings.sockets),
        )
        introduction = await Conversation(session, settings, workshop.state / "home").introduce()
    return introduction.version


def _is_not_of_the_library(record: logging.LogRecord) -> bool:
    """Whether a log record comes from elsewhere than the `acp` library."""
    # The library logs malformed messages to the root logger, and they may contain secrets.
    place = getattr(sys.modules.get("acp"), "__file__", None)
    return place is None or Path(place).parent not in Path(record.pathname).parents


def _require_extra() -> None:
    # Adding the same filter again changes nothing.
    logging.getLogger().addFilter(_is_not_of_the_library)
    require_package("acp", "acp.not_installed", "The Agent Client Protocol")
