"""The agent that asks a language model."""

import asyncio
from functools import partial

import msgspec

from missioncontrol.adapters.agents.declared import output_shape, seen_by
from missioncontrol.adapters.agents.model.settings import (
    ModelSettings,
    input_shape,
    model_settings,
)
from missioncontrol.adapters.agents.proving import ProofLine, trial
from missioncontrol.domain.agent import ANYTHING, AgentCard, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Work
from missioncontrol.extras import require_extra
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.ports.agent_kind import Proof, Workshop

PROOF_TOKENS_MAX = 200
SUMMARY_MAX = 200


class ModelKind:
    """Makes agents of models."""

    name = "model"

    def card(self, declared: Declaration) -> AgentCard:
        """See `AgentKind.card`. Every call of a model is admitted by itself."""
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
        """See `AgentKind.make`."""
        return ModelAgent(declared, model_settings(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """See `AgentKind.prove`: asks for the list of models; with `round_trip` for one word."""
        settings = model_settings(declared)
        _require_extra()
        from missioncontrol.adapters.agents.model.endpoints import listed

        names = await listed(settings, key=_key(settings, workshop))
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
        """Nothing is sent yet."""
        self._declared = declared
        self._settings = settings
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        _require_extra()
        from missioncontrol.adapters.agents.model.asking import Asking

        shape = output_shape(self._declared)
        asking = Asking(self._declared, self._settings, shape, self._workshop, line)
        output = await asking.answer(assignment, _key(self._settings, self._workshop))
        times = "1 call" if asking.turns == 1 else f"{asking.turns} calls"
        return Work(summary=f"{self._declared.model} answered after {times}.", output=output)


async def _answered(declared: Declaration, settings: ModelSettings, workshop: Workshop) -> Proof:
    """Ask for one word, outside of any run and past no gateway."""
    brief = msgspec.structs.replace(
        settings, output_tokens_max=PROOF_TOKENS_MAX, tries=1, instructions="", servers={}
    )
    plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
    alone = msgspec.structs.replace(workshop, gateway=None)
    line = ProofLine()
    asked = trial(declared.name, {"prompt": "Answer with the single word: ready"})
    async with asyncio.timeout(settings.seconds_max):
        work = await ModelAgent(plain, brief, alone).perform(asked, line)
    said = " ".join(str(work.output).split())[:SUMMARY_MAX]
    return Proof(said=f"{declared.model} says {said!r}.", spent_tokens=line.used.tokens)


def _key(settings: ModelSettings, workshop: Workshop) -> str:
    """Return the key of the endpoint.

    Raises:
        AttemptFailed: `model.no_key`.
    """
    variable = settings.key_variable
    if not variable:
        return ""
    key = seen_by(workshop).get(variable, "")
    if not key and workshop.gateway is None:
        raise AttemptFailed(
            "model.no_key",
            f"The agent does not see the variable {variable!r} with the key of its endpoint.",
            hint=f"Put it into the agent's `secrets`: {variable} = NAME, and store the secret.",
            retryable=False,
        )
    return key


def _require_extra() -> None:
    require_extra(
        "agents",
        "An agent of kind model",
        "pydantic_ai",
        code="model.not_installed",
        refuse=partial(AttemptFailed, retryable=False),
    )
