"""Turns a definition into the steps that a run executes, with all that they call embedded."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition.calls import DEPTH_MAX, Calls, Library
from missioncontrol.domain.definition.definition import Definition, StepDefinition
from missioncontrol.domain.definition.plain import in_marks
from missioncontrol.domain.definition.reachability import has_status_function
from missioncontrol.domain.definition.shapes import RESERVED
from missioncontrol.domain.definition.templates import is_template
from missioncontrol.domain.definition.tier import COMMAND, Tiers, chosen_card, effects_of, tier_of
from missioncontrol.domain.definition.value_reader import STEPS_MAX
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.media import media_type
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.step import ApprovalRule, InputSchema, Risk, Spending, Step, tighter


def compiled(
    definition: Definition, *, cards: Mapping[str, AgentCard], library: Library
) -> tuple[Step, ...]:
    """Return the steps of a definition in which nothing is wrong.

    A called workflow is pinned to the version that `library` gives now and embedded in `body`,
    where keys and needs are its own. What a step does not state itself comes from its agent's
    card, and inputs that it leaves out from defaults.

    Raises:
        Rejected: `workflow.unknown_agent`, `workflow.cycle`, `workflow.too_deep` or
            `workflow.too_long`.
        NotFound: `workflow.unknown`.
    """
    calls = Calls(definition, library)
    _refuse_without_end(definition, calls)
    return _Compiling(cards, calls).steps_of(definition, 0)


def _refuse_without_end(definition: Definition, calls: Calls) -> None:
    extents = [calls.extent(step) for step in definition.steps.values()]
    circle = next((each.circle for each in extents if each.circle), ())
    if circle:
        raise Rejected(
            "workflow.cycle",
            f"Workflows call each other in a circle: {' → '.join((definition.name, *circle))}.",
            hint="Take one call away.",
        )
    if any(each.depth > DEPTH_MAX for each in extents):
        raise _too_deep(definition)
    total = len(definition.steps) + sum(each.steps for each in extents)
    if total > STEPS_MAX:
        raise Rejected(
            "workflow.too_long",
            f"With what it calls, workflow {definition.name!r} has {total:,} steps; "
            f"at most {STEPS_MAX:,}.",
            hint="Split it, or use `for_each`.",
        )


def _too_deep(definition: Definition) -> Rejected:
    return Rejected(
        "workflow.too_deep",
        f"Around or in workflow {definition.name!r}, calls are nested more than {DEPTH_MAX} deep.",
        hint="Call some of them from a higher place, or take a call of itself away.",
    )


class _Compiling:
    def __init__(self, cards: Mapping[str, AgentCard], calls: Calls) -> None:
        self.cards = cards
        self.calls = calls
        self.tiers = Tiers(cards, calls)
        self.bodies: dict[tuple[str, int | None], tuple[Step, ...]] = {}

    def steps_of(self, definition: Definition, depth: int) -> tuple[Step, ...]:
        if depth > DEPTH_MAX:
            raise _too_deep(definition)
        needs, handled = definition.needs(), definition.handled()
        return tuple(
            self.step(key, step, needs[key], handled.get(key, ()), definition, depth)
            for key, step in definition.steps.items()
        )

    def step(
        self,
        key: str,
        step: StepDefinition,
        needs: tuple[str, ...],
        handles: tuple[str, ...],
        within: Definition,
        depth: int,
    ) -> Step:
        looks_on = bool(handles) or has_status_function(step.condition)
        card = None if step.workflow else self.card(key, step, within)
        called = self.called(step) if step.workflow else None
        given = _call_inputs(step, called) if called else _agent_inputs(step, card, within)
        declared = tier_of(step, card)
        return Step(
            key,
            card.name if card else "",
            needs,
            "any" if looks_on else "success",
            given,
            step.title,
            step.retry,
            _smaller(step.timeout.run, called.seconds_max if called else 0.0),
            step.timeout.heartbeat,
            tuple(ExpectedArtifact(name, media_type(name)) for name in step.artifacts),
            when=step.condition or "",
            has_templates=is_template(given),
            for_each=in_marks(step.for_each) if isinstance(step.for_each, str) else step.for_each,
            concurrency=step.concurrency,
            slots=(step.slot,) if step.slot else (),
            body=self.body(step, called, depth) if called else (),
            calls=f"{called.name}@{called.version}" if called else "",
            takes=_takes(called) if called else {},
            outputs=called.outputs if called else {},
            budget=tighter(step.budget, called.budget) if called else step.budget,
            spending=_spending(step, card),
            risk=self.tiers.of(step),
            effects=effects_of(step, card),
            approval=_approval(step, declared),
            queue_seconds_max=step.timeout.queue,
            total_seconds_max=step.timeout.total,
            on_failure="continue" if step.on_failure == "continue" else "stop",
            handles=handles,
            repeat=step.repeat,
            capability=step.capability,
        )

    def card(self, key: str, step: StepDefinition, within: Definition) -> AgentCard:
        card = chosen_card(step, self.cards)
        if card is None:
            who = f"agent {step.agent!r}" if step.agent else f"capability {step.capability!r}"
            raise Rejected(
                "workflow.unknown_agent",
                f"Step {key!r} of workflow {within.name!r} asks for {who}, and there is none here.",
                hint="Register it, or save the workflow with another one.",
            )
        return card

    def called(self, step: StepDefinition) -> Definition:
        called = self.calls.called(step)
        if called is None:
            raise NotFound(
                "workflow.unknown",
                f"There is no workflow {step.workflow!r} here.",
                hint="`mission workflow list` names those that are saved.",
            )
        return called

    def body(self, step: StepDefinition, called: Definition, depth: int) -> tuple[Step, ...]:
        assert step.call is not None
        if step.call not in self.bodies:
            self.bodies[step.call] = self.steps_of(called, depth + 1)
        return self.bodies[step.call]


def _call_inputs(step: StepDefinition, called: Definition) -> dict[str, Any]:
    """Return what a called workflow is given: every input, with its default or null."""
    return {
        name: step.inputs.get(name, None if asked.default is UNSET else asked.default)
        for name, asked in called.inputs.items()
    }


def _takes(called: Definition) -> dict[str, InputSchema]:
    return {
        name: InputSchema(asked.type, asked.pattern, asked.enum, asked.required)
        for name, asked in called.inputs.items()
    }


def _agent_inputs(
    step: StepDefinition, card: AgentCard | None, within: Definition
) -> dict[str, Any]:
    """Return what an agent is given; what it takes from the workflow by itself is written out.

    So it is part of what is approved, and the same within a call.
    """
    assert card is not None
    given = dict(step.inputs)
    for name in card.from_run:
        if name not in given and name in card.inputs.fields and name in within.inputs:
            given[name] = f"${{{{ {_input(name)} }}}}"
    listed = given.get("artifacts", [])
    if card.kind == COMMAND and step.artifacts and isinstance(listed, list):
        # A command hands in only the files that are listed for it.
        given["artifacts"] = [*listed, *(name for name in step.artifacts if name not in listed)]
    return given


def _input(name: str) -> str:
    is_plain = name.isidentifier() and name not in RESERVED
    return f"inputs.{name}" if is_plain else f"inputs['{name}']"


def _approval(step: StepDefinition, declared: Risk) -> ApprovalRule | None:
    """Return who has to agree. The steps of a call ask for themselves."""
    if step.approval is None and declared == "irreversible":
        return ApprovalRule()
    return step.approval


def _spending(step: StepDefinition, card: AgentCard | None) -> Spending | None:
    """Return the most that an attempt can use; no more tokens than the step has altogether."""
    spending = card.spending if card else None
    most = step.budget.tokens if step.budget else None
    if spending is None:
        return None if step.workflow else _stated(step, card)
    if most is None or spending.by_call:
        return spending
    room = max(0, most - spending.input_tokens)
    return Spending(
        spending.model,
        min(spending.input_tokens, most),
        min(spending.output_tokens, room),
        spending.by_call,
    )


def _stated(step: StepDefinition, card: AgentCard | None) -> Spending | None:
    """Return what a step may use whose agent can't say it; without a word it must use nothing.

    One that calls models and does not say how much is held to whatever the caps leave.
    """
    if step.budget is not None:
        return Spending(step.model, stated=step.budget)
    calls = step.model or "calls_model" in effects_of(step, card)
    return Spending(step.model, open=True) if calls else None


def _smaller(one: float, other: float) -> float:
    """Return the tighter of two limits in seconds; 0 is no limit."""
    return min(one, other) if one and other else one or other
