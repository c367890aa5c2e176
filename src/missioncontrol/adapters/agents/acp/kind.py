"""The kind `acp`: any program that speaks the Agent Client Protocol, in a tree of its own."""

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.acp.settings import AcpSettings, acp_settings
from missioncontrol.adapters.agents.coding.agent import CodingAgent, Source, refuse_bad_source
from missioncontrol.adapters.agents.coding.bench import Bench
from missioncontrol.adapters.agents.coding.order import Order, card
from missioncontrol.adapters.agents.declared import seen_by
from missioncontrol.adapters.agents.proving import ProofLine, trial
from missioncontrol.adapters.git import git
from missioncontrol.domain.agent import ANYTHING, AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.extras import require_extra
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop
from missioncontrol.ports.gateway import Access

ASKED = "Answer with the single word `ready`. Use no tool."
SAID_MAX = 200


class AcpKind:
    """Makes agents of programs that speak the protocol."""

    name = "acp"

    def card(self, declared: Declaration) -> AgentCard:
        """See `AgentKind.card`."""
        _settings(declared)
        return card(declared)

    def make(self, declared: Declaration, workshop: Workshop) -> CodingAgent:
        """See `AgentKind.make`."""
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
        """See `AgentKind.prove`: lets it introduce itself; with `round_trip`, say a word."""
        settings = _settings(declared)
        version = await _introduced(declared, settings, workshop)
        program = settings.argv[0]
        if not round_trip:
            return Proof(version, f"{program} introduces itself; no model was asked.")
        plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
        line = ProofLine()
        with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
            await git(["init", "-q", "."], cwd=Path(place))
            asked = trial(declared.name, {"prompt": ASKED, "repository": place})
            work = await self.make(plain, workshop).perform(asked, line)
        said = " ".join(str(work.output["summary"]).split())[:SAID_MAX]
        return Proof(version, f"{program} answers: {said}", line.used.tokens)


class AcpAgent(CodingAgent):
    """A coding agent that may also have found its own way to a model."""

    @contextmanager
    def _access(
        self, assignment: Assignment, line: Line, model: str, environment: dict[str, str]
    ) -> Iterator[Access]:
        """Lend a way to models; without gateway and settings, the program is signed in itself."""
        if self._workshop.gateway is None and not self._source.base_url:
            yield Access("", "")
            return
        with super()._access(assignment, line, model, environment) as access:
            yield access


class Acp:
    """Speaks with one program."""

    def __init__(self, settings: AcpSettings, state: Path) -> None:
        """`state` lasts; a home directory that is kept lies in it."""
        self._settings = settings
        self._kept = state / "home"

    @property
    def title(self) -> str:
        """What people call it."""
        return Path(self._settings.argv[0]).name

    async def converse(self, bench: Bench, prompt: str, order: Order) -> None:
        """See `Tool.converse`. The program ends with its turn, so the next one tells it all."""
        _require_extra()
        from missioncontrol.adapters.agents.acp.conversation import Conversation

        if bench.thread:
            prompt = f"{bench.thread}\n\nYou answered:\n\n{bench.said}\n\n{prompt}"
        talk = Conversation(bench, self._settings, self._kept)
        await talk.prompted(prompt, order.risk)
        bench.thread = prompt


def _settings(declared: Declaration) -> AcpSettings:
    found = acp_settings(declared)
    refuse_bad_source(declared, Source(found.base_url, found.key_variable))
    return found


async def _introduced(declared: Declaration, settings: AcpSettings, workshop: Workshop) -> str:
    _require_extra()
    from missioncontrol.adapters.agents.acp.conversation import Conversation

    with tempfile.TemporaryDirectory(prefix="mission-proof-") as place:
        bench = Bench(
            declared.kind,
            ProofLine(),
            cwd=Path(place),
            home=Path(place),
            environment=seen_by(workshop),
            access=Access(settings.base_url, ""),
            model=declared.model,
            scrub=workshop.scrub,
            is_metered=False,
            rules=workshop.sandbox.rules(own=(place,), unix_sockets=settings.sockets),
        )
        told = await Conversation(bench, settings, workshop.state / "home").introduced()
    return told.version


def _is_not_of_the_library(record: logging.LogRecord) -> bool:
    """Whether a record is none in which the library repeats what a program said wrongly.

    It uses the logger of everybody, and what a program says may hold secrets.
    """
    place = getattr(sys.modules.get("acp"), "__file__", None)
    return place is None or Path(place).parent not in Path(record.pathname).parents


def _require_extra() -> None:
    logging.getLogger().addFilter(_is_not_of_the_library)  # Once, however often.
    require_extra(
        "agents",
        "The Agent Client Protocol",
        "acp",
        code="acp.not_installed",
        refuse=partial(AttemptFailed, retryable=False),
    )
