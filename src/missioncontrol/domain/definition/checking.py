"""Finds everything that is wrong with a definition before it is saved."""

from collections.abc import Iterable, Mapping, Sequence

from missioncontrol.domain.agent import EFFECTS, AgentCard
from missioncontrol.domain.definition.calls import Calls, Library, check_calls
from missioncontrol.domain.definition.definition import Definition, StepDefinition
from missioncontrol.domain.definition.expression_checking import Expressing, Scope
from missioncontrol.domain.definition.fault import Fault, Faults, Marks, Place, nearest
from missioncontrol.domain.definition.input_checks import Feeding
from missioncontrol.domain.definition.order import Order, check_order
from missioncontrol.domain.definition.quantities import cost_in_words
from missioncontrol.domain.definition.reachability import Reaching, check_reach
from missioncontrol.domain.definition.shapes import Checker, Shapes
from missioncontrol.domain.definition.tier import Tiers, chosen_card, is_undeclared, tier_of


def faults(
    definition: Definition,
    marks: Marks,
    cards: Mapping[str, AgentCard],
    expressions: Checker,
    library: Library,
    *,
    workflows: Iterable[str] = (),
    found: Sequence[Fault] = (),
) -> list[Fault]:
    """Return all that keeps `definition` from being saved, in the order of its file.

    `library` finds saved workflows and `workflows` are their names. `found` is what was wrong
    already when the file was read: nothing more is reported of those things.
    """
    reported = [fault.thing for fault in found]
    check = _Check(definition, Faults(marks), cards, expressions, library, reported)
    check.everything(tuple(workflows))
    more = [fault for fault in check.faults.in_order() if not _is_consequence(fault, reported)]
    return sorted({*found, *more})


def _is_consequence(fault: Fault, reported: Sequence[str]) -> bool:
    """Whether a fault may just follow from a value that could not be read."""
    return any(
        fault.thing == thing
        or thing.startswith((f"{fault.thing}.", f"{fault.thing}["))
        or fault.thing.startswith((f"{thing}.", f"{thing}["))
        for thing in reported
        if thing.count(".") >= 2
    )


class _Check:
    """One look at one definition."""

    def __init__(
        self,
        definition: Definition,
        faults: Faults,
        cards: Mapping[str, AgentCard],
        expressions: Checker,
        library: Library,
        reported: Sequence[str],
    ) -> None:
        self.definition = definition
        self.faults = faults
        self.cards = cards
        self.expressions = expressions
        self.calls = Calls(definition, library)
        self.tiers = Tiers(cards, self.calls)
        self.order = Order(definition.needs())
        self.shapes = Shapes(definition, cards, expressions, self.calls)
        self.expressing = Expressing(
            self.shapes, self.order, expressions, faults, unsure=_unsure(definition, reported)
        )
        self.feeding = Feeding(self.shapes, faults)
        self.reaching = Reaching(definition, expressions, self.asked())
        self.broken: set[str] = set()  # steps whose condition can't be used

    def everything(self, workflows: tuple[str, ...]) -> None:
        check_order(self.definition, self.order, self.faults)
        check_calls(self.calls, workflows, self.faults)
        for key, step in self.definition.steps.items():
            self.references(key, step)
            self.who(key, step)
            self.risk(key, step)
            self.budget(key, step)
            self.expressions_of(key, step)
        self.expressing.check_value(self.definition.outputs, ("outputs",), Scope())
        self.reaching.look(self.order)
        check_reach(self.definition, self.reaching, frozenset(self.broken), self.faults)

    def references(self, key: str, step: StepDefinition) -> None:
        """Check the names of steps and effects."""
        steps = self.definition.steps
        for index, need in enumerate(step.needs):
            if need not in steps:
                self.faults.unknown(("steps", key, "needs", index), "step", need, steps)
        place: Place = ("steps", key, "on_failure")
        if step.handler == key:
            self.faults.add(
                place, "A step can't handle its own failure.", "Name another one, or use `retry`."
            )
        elif step.handler and step.handler not in steps:
            self.faults.unknown(place, "step", step.handler, (*steps, "stop", "continue"))
        for index, effect in enumerate(step.effects):
            if effect not in EFFECTS:
                self.faults.unknown(("steps", key, "effects", index), "effect", effect, EFFECTS)

    def who(self, key: str, step: StepDefinition) -> None:
        """Check who does a step, and what it is given."""
        called = self.calls.called(step)
        card = self.shapes.card_of(step)
        if called is not None:
            self.feeding.check_call(key, step, called)
        elif card is not None:
            self.feeding.check_agent(key, step, card)
        elif step.capability:
            known = dict.fromkeys(name for c in self.cards.values() for name in c.capabilities)
            place: Place = ("steps", key, "capability")
            self.faults.unknown(place, "agent with the capability", step.capability, known)
        elif step.agent:
            self.faults.unknown(("steps", key, "agent"), "agent", step.agent, self.cards)
        self.model(key, step, card)
        if step.workflow and step.artifacts:
            self.faults.add(
                ("steps", key, "artifacts"),
                "A call hands in no files of its own: the steps of the workflow do.",
                "Name them there.",
            )

    def model(self, key: str, step: StepDefinition, card: AgentCard | None) -> None:
        """Check that a step names a model only where no other part does."""
        if not step.model:
            return
        place: Place = ("steps", key, "model")
        if step.workflow:
            self.faults.add(
                place,
                "A call uses no model itself: the steps of the workflow do.",
                "Name it there.",
            )
        elif card is not None and card.spending is not None:
            self.faults.add(
                place, f"The agent {card.name!r} says itself which model it uses.", "Leave it out."
            )

    def risk(self, key: str, step: StepDefinition) -> None:
        """Check that no tier is lowered, and that no person is asked about what only reads."""
        card = self.shapes.card_of(step)
        if step.risk == "read" and card is not None and is_undeclared(step, card):
            self.faults.add(
                ("steps", key, "risk"),
                "It can't lower the tier: a command that declares no effects counts as `write`.",
                "Say what the command does instead, such as `effects: [reads_files]`.",
            )
        if step.approval is None:
            return
        if (self.calls.called(step) if step.workflow else card) is None:
            return  # Its effects are unknown.
        if self.tiers.of(step) == "read":
            self.faults.add(
                ("steps", key, "approval"),
                "The step only reads, and a read needs no approval.",
                "Leave `approval` out, or declare what the step changes with `effects` or `risk`.",
            )

    def asked(self) -> set[str]:
        """Return the steps that wait for a person before they start."""
        return {
            key
            for key, step in self.definition.steps.items()
            if step.approval or tier_of(step, chosen_card(step, self.cards)) == "irreversible"
        }

    def budget(self, key: str, step: StepDefinition) -> None:
        """Check that a step may not spend more than the whole workflow."""
        whole, part = self.definition.budget, step.budget
        if whole is None or part is None:
            return
        if whole.cost is not None and part.cost is not None and part.cost > whole.cost:
            self.faults.add(
                ("steps", key, "budget", "cost"),
                f"The step may spend {cost_in_words(part.cost)}, and the whole workflow "
                f"{cost_in_words(whole.cost)}.",
                "Lower the one or raise the other.",
            )
        if whole.tokens is not None and part.tokens is not None and part.tokens > whole.tokens:
            self.faults.add(
                ("steps", key, "budget", "tokens"),
                f"The step may use {part.tokens:,} tokens, and the whole workflow "
                f"{whole.tokens:,}.",
                "Lower the one or raise the other.",
            )

    def expressions_of(self, key: str, step: StepDefinition) -> None:
        """Check everything in a step that is worked out."""
        has_items = step.for_each is not None
        place: Place = ("steps", key)
        within = Scope(key, item=has_items, previous=step.repeat is not None)
        self.expressing.check_value(step.inputs, (*place, "with"), within)
        if step.condition is not None:
            self.condition(step.condition, (*place, "if"), Scope(key, standing=True))
            if key not in self.broken:
                self.reaching.learn(step.condition)
        if isinstance(step.for_each, str):
            self.items(step.for_each, (*place, "for_each"), key)
        if step.slot is not None:
            slot = Scope(key, item=has_items)
            self.expressing.check_value(step.slot.key, (*place, "concurrency", "key"), slot)
        if step.repeat is not None:
            until = Scope(key, item=has_items, output=True)
            self.condition(step.repeat.until, (*place, "repeat", "until"), until)
            if step.repeat.uncounted:
                self.number(step.repeat.uncounted, (*place, "repeat", "uncounted"), until)

    def condition(self, source: str, place: Place, scope: Scope) -> None:
        """Check that a condition compiles and is true or false."""
        if not self.expressing.check(source, place, scope):
            self.broken.add(scope.step)
            return
        kind = self.shapes.of_source(source, scope.step).kind
        if kind not in ("boolean", "any"):
            self.broken.add(scope.step)
            hint = "A condition is true or false: compare it with something."
            self.faults.add(place, f"It gives a value of type {kind}.", hint)

    def number(self, source: str, place: Place, scope: Scope) -> None:
        """Check that an expression compiles and gives a number."""
        if self.expressing.check(source, place, scope):
            kind = self.shapes.of_source(source, scope.step).kind
            if kind not in ("integer", "number", "any"):
                self.faults.add(place, f"It gives a value of type {kind}.", "Give a whole number.")

    def items(self, source: str, place: Place, key: str) -> None:
        """Check that what a step is done for each of is a list."""
        if self.expressing.check(source, place, Scope(key)):
            kind = self.shapes.of_source(source, key).kind
            if kind not in ("list", "any"):
                self.faults.add(
                    place,
                    f"It gives a value of type {kind}.",
                    "Give a list: the step is done for each `item` of it.",
                )


def _unsure(definition: Definition, reported: Sequence[str]) -> list[str]:
    """Return the steps of which it is not known what they need, since that is misspelt."""
    places = {thing.rpartition(".needs")[0] for thing in reported}
    steps = definition.steps
    unknown = {step.handler for step in steps.values() if step.handler} - steps.keys()
    meant = {nearest(handler, steps) for handler in unknown}
    return [
        key
        for key, step in steps.items()
        if f"steps.{key}" in places or key in meant or any(need not in steps for need in step.needs)
    ]
