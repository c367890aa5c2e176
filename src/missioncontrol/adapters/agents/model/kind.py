"""The kind `model`: asks a language model."""

import asyncio

import msgspec

from missioncontrol.adapters.agents.kind_support import (
    HealthCheckLine,
    health_check_assignment,
    output_shape,
    program_environment,
    require_package,
)
from missioncontrol.adapters.agents.model.settings import (
    ModelSettings,
    input_shape,
    model_settings,
)
from missioncontrol.domain.agent import ANYTHING, AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

PROOF_TOKENS_MAX = 200
SUMMARY_MAX = 200


class ModelKind:
    """Makes agents of models."""

    name = "model"

    def card(self, declared: Declaration) -> AgentCard:
        """Return the card. Every call of the model is admitted separately."""
        settings = model_settings(declared)
        most = declared.limits
        effects = declared.effects or ("calls_model",)
        return msgspec.structs.replace(
            card_of(declared),
            inputs=input_shape(declared),
            effects=effects,
            risk=tier(effects),
            spending=Spending(
                declared.model,
                most.input_tokens,
                most.output_tokens or settings.output_tokens_max,
                by_call=True,
            ),
        )

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return ModelAgent(declared, model_settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Check that the endpoint lists the model; with `round_trip`, ask it for one word."""
        settings = model_settings(declared)
        _require_extra()
        from missioncontrol.adapters.agents.model.endpoints import list_models

        names = await list_models(settings, key=_key(settings, workshop))
        if names and declared.model not in names:
            raise AttemptFailed(
                "model.unknown",
                f"{settings.base_url} has no model {declared.model!r}.",
                hint=f"It has: {', '.join(names[:20])}.",
                retryable=False,
            )
        if not round_trip:
            return Proof(said=f"{settings.base_url} has the model {declared.model!r}.")
        return await _answered(declared, settings, workshop)


class ModelAgent:
    """Asks one model."""

    def __init__(self, declared: Declaration, settings: ModelSettings, workshop: Workshop) -> None:
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        _require_extra()
        from missioncontrol.adapters.agents.model.conversation import ModelConversation

        shape = output_shape(self._declared)
        conversation = ModelConversation(
            self._declared, self._settings, shape, self._workshop, line
        )
        output = await conversation.answer(assignment, _key(self._settings, self._workshop))
        times = "1 call" if conversation.turns == 1 else f"{conversation.turns} calls"
        return Work(summary=f"{self._declared.model} answered after {times}.", output=output)


async def _answered(declared: Declaration, settings: ModelSettings, workshop: Workshop) -> Proof:
    """Ask for one word, outside of any run and without the gateway."""
    brief = msgspec.structs.replace(
        settings, output_tokens_max=PROOF_TOKENS_MAX, tries=1, instructions="", servers={}
    )
    plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
    alone = msgspec.structs.replace(workshop, gateway=None)
    line = HealthCheckLine()
    assignment = health_check_assignment(
        declared.name, {"prompt": "Answer with the single word: ready"}
    )
    async with asyncio.timeout(settings.seconds_max):
        work = await ModelAgent(plain, brief, alone).perform(assignment, line)
    answer = " ".join(str(work.output).split())[:SUMMARY_MAX]
    return Proof(said=f"{declared.model} answers {answer!r}.", spent_tokens=line.used.tokens)


def _key(settings: ModelSettings, workshop: Workshop) -> str:
    """Return the key of the endpoint.

    Raises:
        AttemptFailed: `model.no_key`.
    """
    variable = settings.key_variable
    if not variable:
        return ""
    key = program_environment(workshop).get(variable, "")
    if not key and workshop.gateway is None:
        raise AttemptFailed(
            "model.no_key",
            f"The agent does not see the variable {variable!r} with the key of its endpoint.",
            hint=f"Add {variable} = NAME to the agent's `secrets`, and store the secret NAME.",
            retryable=False,
        )
    return key


def _require_extra() -> None:
    require_package("pydantic_ai", "model.not_installed", "An agent of kind model")
