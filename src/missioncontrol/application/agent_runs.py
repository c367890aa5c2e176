"""Runs of one agent on an instruction that a person types: a workflow with a single step.

The run passes the same gate as all others: its agent has to work, caps and rate limits hold, and
what is irreversible waits for an approval.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.application.agents import Agents
from missioncontrol.application.runs import Origin, Runs
from missioncontrol.application.task_workflow import budget_in_words
from missioncontrol.application.workflows import Workflows
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.step import Amount

SECONDS_MAX = 7_200
"""Of one attempt; a builder of a task has the same."""

INSTRUCTION_MAX = 60_000
NAME_MAX = 127
COST_MAX = 1_000_000.0
TOKENS_MAX = 10_000_000_000
FIELDS = ("prompt", "question", "instruction", "goal", "message", "text")
"""Inputs in which agents take an instruction, in the order in which they are looked for."""

REPOSITORY = "repository"


class RunAgent(msgspec.Struct, frozen=True):
    """Have an agent do what an instruction says, now."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_MAX)]
    instruction: Annotated[
        str, Meta(min_length=1, max_length=INSTRUCTION_MAX, description="What it is to do.")
    ]
    repository: Annotated[
        str, Meta(max_length=4_096, description="The absolute path of a checkout; empty for none.")
    ] = ""
    cost: Annotated[
        float, Meta(ge=0, le=COST_MAX, description="The most that it may spend, in US dollars.")
    ] = 0.0
    tokens: Annotated[
        int, Meta(ge=0, le=TOKENS_MAX, description="The most tokens that it may use.")
    ] = 0


class AgentRun(msgspec.Struct, frozen=True):
    """A run that was begun for an agent."""

    id: str  # the agent
    run: str
    status: str


class AgentRuns:
    """Begins runs of one agent."""

    def __init__(
        self,
        workflows: Workflows,
        runs: Runs,
        agents: Agents,
        took_up: Callable[[str], dict[str, Any]],
    ) -> None:
        """`took_up` has the engine carry a run out."""
        self._workflows = workflows
        self._runs = runs
        self._agents = agents
        self._took_up = took_up

    async def begin(self, command: RunAgent, *, actor: str) -> AgentRun:
        """Begin a run of one step.

        Raises:
            NotFound: `agent.unknown`.
            Rejected: `agent.no_instruction`, `agent.no_repository`, `agent.failed`, and as `Runs`.
            Unavailable: `operation.stopped`.
        """
        self._agents.life(command.name)
        self._agents.refuse_failed([command.name])
        card = self._workflows.card(command.name)
        budget = _budget(command)
        text = workflow_of(card, with_repository=bool(command.repository), budget=budget)
        self._runs.refuse_to_begin(actor)
        name = name_of(command.name)
        saved = await self._workflows.save(text, f"{name}.json", actor=actor)
        inputs = {"instruction": command.instruction}
        if command.repository:
            inputs[REPOSITORY] = command.repository
        prepared = await self._runs.prepare(name, saved.version, inputs)
        done = self._took_up(self._runs.begin(prepared, Origin(actor)))
        return AgentRun(command.name, done["run"], done["status"])


def instruction_field(card: AgentCard) -> str:
    """Return the input in which an agent takes an instruction; "" where it takes none."""
    fields = card.inputs.fields
    return next((name for name in FIELDS if name in fields and fields[name].kind == "string"), "")


def takes_instruction(card: AgentCard) -> bool:
    """Whether an agent can be run on an instruction alone."""
    field = instruction_field(card)
    optional = {field, REPOSITORY}
    others = (name for name, shape in card.inputs.fields.items() if shape.required)
    return bool(field) and not set(others) - optional


def workflow_of(card: AgentCard, *, with_repository: bool, budget: Amount | None) -> str:
    """Return the workflow file in which an agent does one instruction.

    Raises:
        Rejected: `agent.no_instruction`, `agent.no_repository`.
    """
    field, fields = instruction_field(card), card.inputs.fields
    if not takes_instruction(card):
        taken = ", ".join(fields) or "nothing"
        raise Rejected(
            "agent.no_instruction",
            f"Agent {card.name!r} follows no instruction alone: it takes {taken}.",
            hint="Name it in a step of a workflow that gives it what it takes.",
        )
    takes = fields.get(REPOSITORY)
    if with_repository and takes is None:
        raise Rejected(
            "agent.no_repository",
            f"Agent {card.name!r} takes no repository.",
            hint="Leave the repository out.",
        )
    if takes is not None and takes.required and not with_repository:
        raise Rejected(
            "agent.no_repository",
            f"Agent {card.name!r} works in a checkout, and none is named.",
            hint="Name the path of a repository.",
        )
    inputs: dict[str, Any] = {"instruction": {"type": "string"}}
    given = {field: "${{ inputs.instruction }}"}
    if with_repository:
        inputs[REPOSITORY] = {"type": "path"}
        given[REPOSITORY] = "${{ inputs.repository }}"
    step = {
        "title": f"Run {card.name}",
        "agent": card.name,
        "timeout": {"run": SECONDS_MAX},
        "with": given,
    }
    found: dict[str, Any] = {
        "name": name_of(card.name),
        "description": f"Runs {card.name} on an instruction.",
        "inputs": inputs,
        "steps": {"work": step},
    }
    if budget is not None:
        found["budget"] = budget_in_words(budget)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def name_of(agent: str) -> str:
    """Return the name of the workflow that runs an agent."""
    plain = re.sub(r"[^a-z0-9]+", "-", agent.lower()).strip("-")[:40]
    if plain == agent:
        return f"run-{plain}"
    return f"run-{plain}-{hashlib.sha256(agent.encode()).hexdigest()[:6]}"


def _budget(command: RunAgent) -> Amount | None:
    cost = round(command.cost * 1_000_000) if command.cost else None
    tokens = command.tokens or None
    return Amount(cost, tokens) if cost or tokens else None
