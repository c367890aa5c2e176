"""The kind `codex`: Codex, run by one of its two interfaces."""

from msgspec import structs

from missioncontrol.adapters.agents.coding.agent import CodingAgent, Source, refuse_bad_source
from missioncontrol.adapters.agents.coding.codex_exec import CodexExec
from missioncontrol.adapters.agents.coding.codex_home import CODEX, ELEVATIONS, CodexSettings
from missioncontrol.adapters.agents.coding.codex_server import CodexServer
from missioncontrol.adapters.agents.coding.health_check import check_tool
from missioncontrol.adapters.agents.coding.order import coding_card
from missioncontrol.adapters.agents.kind_support import settings_of
from missioncontrol.domain.agent import ANYTHING, AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent_kind import Proof, Workshop


class CodexKind:
    """Makes agents that run `codex exec`, or `codex app-server` if people approve its actions."""

    name = "codex"

    def card(self, declared: Declaration) -> AgentCard:
        settings = _settings(declared)
        standing = _standing(settings)
        card = coding_card(declared, continues_sessions=True)
        return structs.replace(card, elevations=ELEVATIONS, standing=standing)

    def make(self, declared: Declaration, workshop: Workshop) -> CodingAgent:
        settings = _settings(declared)
        source = Source(settings.base_url, settings.key_variable)
        form = CodexServer if settings.approvals == "ask" else CodexExec
        tool = form(declared, settings)
        standing, network = _standing(settings), settings.network
        return CodingAgent(declared, workshop, tool, source, standing=standing, network=network)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        settings = _settings(declared)
        plain = structs.replace(declared, output=ANYTHING, capabilities=())
        agent = self.make(plain, workshop)
        wanted = settings.program, settings.version
        return await check_tool(agent, declared, workshop, CODEX, wanted, round_trip=round_trip)


def _standing(settings: CodexSettings) -> dict[str, str]:
    return {"network": "network = true"} if settings.network else {}


def _settings(declared: Declaration) -> CodexSettings:
    settings = settings_of(declared, CodexSettings)
    refuse_bad_source(declared, Source(settings.base_url, settings.key_variable))
    return settings
