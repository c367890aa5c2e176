"""Decides what a due step comes to: it runs with these inputs, waits, is skipped, or is many."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.acceptance import accept_work, written_down
from missioncontrol.application.approvals import Approvals
from missioncontrol.application.expansion import (
    ITEMS_MAX,
    called_by,
    failure_of,
    items_of,
    outputs_of_items,
)
from missioncontrol.application.journal import Journal
from missioncontrol.application.last_round import exhausted
from missioncontrol.application.scope import Scopes
from missioncontrol.domain.agent import AgentCard, misfit
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.definition.values import refuse_misfits
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.run.commands import (
    ConcludeStep,
    ExpandStep,
    FailStep,
    HoldStep,
    ReadyStep,
    RunCommand,
    SkipStep,
)
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.needs_outcome import reason_to_skip
from missioncontrol.domain.run.states import Expanded, Run
from missioncontrol.domain.step import Repeat, Slot, Step
from missioncontrol.domain.work import Work

HandleCommand = Callable[[str, RunCommand], object]
Cards = Callable[[str], AgentCard | None]
"""Finds the card of an agent by its name."""

Rescoped = Callable[[Run, Step], dict[str, list[str]]]
"""Returns the files that people gave the tasks whose pack a step reads, by task."""


class WorkingOut:
    """Answers every due step of a run, one after the other, without waiting for anything."""

    def __init__(
        self,
        journal: Journal,
        scopes: Scopes,
        approvals: Approvals,
        cards: Cards,
        tell: HandleCommand,
        rescoped: Rescoped,
    ) -> None:
        """`tell` decides a command on a run, with all that follows from it elsewhere."""
        self._journal = journal
        self._scopes = scopes
        self._approvals = approvals
        self._cards = cards
        self._handle = tell
        self._rescoped = rescoped

    def work_out(self, run: Run) -> None:
        """Go on until no step of `run` is due: one answer can make the next step due."""
        while keys := run.to_work_out(self._journal.clock.now()):
            for key in keys:
                self._answer(run, run.steps[key])
                if run.is_settled:
                    return

    def again(self, run: Run, step: Step, work: Work) -> bool | Failure:
        """Say whether `step` is to be done once more after `work`, or why it has failed by now."""
        if step.repeat is None:
            return False
        try:
            holds = self._truth(run, step, step.repeat.until, output=work.output)
            uncounted = 0 if holds else self._uncounted(run, step, step.repeat, work)
        except MissionControlError as error:
            return failure_from(error)
        if holds:
            return False
        done = run.rounds.get(step.key, 0) + 1
        if done - uncounted < step.repeat.times:
            return True
        return exhausted(run, step, done, work)

    def _uncounted(self, run: Run, step: Step, repeat: Repeat, work: Work) -> int:
        """Return how many of the rounds so far don't count; there is a most of those as well."""
        if not repeat.uncounted:
            return 0
        value = self._scopes.value(run, step, repeat.uncounted, output=work.output)
        if type(value) is not int or value < 0:
            raise Rejected(
                "expression.failed",
                f"`{repeat.uncounted}` of step {step.key!r} gave {_kind(value)}, which is no "
                "number of rounds.",
                hint="Give a whole number, 0 or more.",
            )
        return min(value, repeat.times)

    def digest_now(self, run: Run, step: Step) -> str:
        """Return the digest of what would run if `step` were started at this moment."""
        return digest(self._subject(run, step, run.inputs_of.get(step.key, step.inputs)))

    def hold_again(self, run: Run, step: Step) -> None:
        """Ask again for an approval of a step that has changed since it was approved."""
        inputs = run.inputs_of.get(step.key, step.inputs)
        self._hold(run, step, inputs, run.slots_of.get(step.key, ()))

    def _answer(self, run: Run, step: Step) -> None:
        try:
            if isinstance(run.states[step.key], Expanded):
                self._conclude(run, step)
            else:
                self._begin(run, step)
        except MissionControlError as error:
            self._fail(run, step, failure_from(error))
        except Exception as error:  # noqa: BLE001 - the edge: one step must not end all others
            self._fail(run, step, failure_of_ours(step, error))

    def _fail(self, run: Run, step: Step, failure: Failure) -> None:
        if isinstance(run.states[step.key], Expanded):
            self._handle(run.id, ConcludeStep(step.key, failure=failure))
        else:
            self._handle(run.id, FailStep(step.key, failure))

    def _begin(self, run: Run, step: Step) -> None:
        reason = reason_to_skip(run, step.key)
        if not reason and step.when and not self._truth(run, step, step.when):
            reason = f"Its condition does not hold: {step.when}"
        if reason:
            self._handle(run.id, SkipStep(step.key, reason))
        elif step.for_each is not None:
            items = self._items(run, step)
            self._handle(run.id, ExpandStep(step.key, items_of(run, step, items)))
        elif step.body:
            self._call(run, step)
        else:
            self._ready(run, step)

    def _call(self, run: Run, step: Step) -> None:
        """Begin the called workflow, once it is approved where that is asked for."""
        if step.approval is None or run.lacks_approval(step.key):
            inputs, shown = self._inputs(run, step), ""
            if step.takes:  # A call of an older release names none.
                refuse_misfits(step.calls, step.takes, inputs)
            if step.approval is not None:
                self._hold(run, step, inputs, ())
                return
        else:
            inputs, shown = run.inputs_of[step.key], self.digest_now(run, step)
            if run.released[step.key] != shown:
                self.hold_again(run, step)
                return
        self._handle(run.id, ExpandStep(step.key, called_by(run, step), inputs, shown))

    def _inputs(self, run: Run, step: Step) -> dict[str, Any]:
        """Return what a step is given: what a person asked for, or else what its file says."""
        revised = run.revised.get(step.key)
        if revised is not None:
            return revised
        if not step.has_templates:
            return step.inputs
        found: dict[str, Any] = self._scopes.filled(run, step, step.inputs)
        return found

    def _ready(self, run: Run, step: Step) -> None:
        inputs = self._inputs(run, step)
        self._refuse_misfit(step, inputs)
        slots = tuple(
            Slot(str(self._scopes.filled(run, step, slot.key)), slot.limit) for slot in step.slots
        )
        if run.lacks_approval(step.key):
            self._hold(run, step, inputs, slots)
        else:
            given = inputs if inputs is not step.inputs else {}
            self._handle(run.id, ReadyStep(step.key, given, slots))

    def _hold(self, run: Run, step: Step, inputs: dict[str, Any], slots: tuple[Slot, ...]) -> None:
        assert step.approval is not None, f"{step.key} needs no approval"
        approval, shown = self._approvals.request(
            run.id,
            step.key,
            self._subject(run, step, inputs),
            step.approval,
            author=run.author,
            on_behalf=run.on_behalf,
            edited_by=run.revised_by.get(step.key, ()),
            os_user=run.os_user,
        )
        self._handle(run.id, HoldStep(step.key, approval, shown, inputs, slots))

    def _subject(self, run: Run, step: Step, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return all that decides what an attempt will do, as plain values."""
        card = self._cards(step.agent)
        return {
            "workflow": run.workflow,
            "version": run.version,
            "run": run.id,
            "step": step.key,
            "title": step.title,
            **_who(step, card),
            "inputs": inputs,
            "risk": step.risk,
            "effects": list(step.effects),
            "limits": {"seconds_max": step.seconds_max},
            "spending": msgspec.to_builtins(step.spending),
            **({"scopes": scopes} if (scopes := self._rescoped(run, step)) else {}),
        }

    def _items(self, run: Run, step: Step) -> list[Any]:
        items = step.for_each
        if isinstance(items, str):
            items = self._scopes.value(run, step, items)
        else:
            items = self._scopes.filled(run, step, items)
        if not isinstance(items, list):
            raise Rejected(
                "step.no_list",
                f"`for_each` of step {step.key!r} gave {_kind(items)} and no list.",
                hint="Give an expression whose value is a list.",
            )
        if len(items) > ITEMS_MAX:
            raise Rejected(
                "step.too_many_items",
                f"`for_each` of step {step.key!r} gave {len(items):,} items; at most "
                f"{ITEMS_MAX:,} fit.",
                hint="Filter the list, or split the work.",
            )
        return items

    def _conclude(self, run: Run, step: Step) -> None:
        failure = failure_of(run, step)
        if failure is not None:
            self._handle(run.id, ConcludeStep(step.key, failure=failure))
            return
        state = run.states[step.key]
        assert isinstance(state, Expanded), f"{step.key} did not become other steps"
        if step.for_each is not None:
            count = len(state.children)
            done = f"{count} item{'s' if count != 1 else ''} done."
            work = Work(done, outputs_of_items(run, step))
        else:
            within = state.children[0].rpartition("/")[0] if state.children else step.key
            output = self._scopes.filled(run, step, step.outputs, within=within)
            work = Work(f"{step.calls} succeeded.", output)
        accepted = accept_work(work)
        if isinstance(accepted, Failure):
            self._handle(run.id, ConcludeStep(step.key, failure=accepted))
            return
        again = self.again(run, step, accepted) if step.for_each is None else False
        if isinstance(again, Failure):
            self._handle(run.id, ConcludeStep(step.key, failure=again))
        else:
            self._handle(run.id, ConcludeStep(step.key, accepted, again=again))

    def _truth(self, run: Run, step: Step, source: str, **more: Any) -> bool:
        value = self._scopes.value(run, step, source, **more)
        if not isinstance(value, bool):
            raise Rejected(
                "expression.failed",
                f"The condition `{source}` of step {step.key!r} gave {_kind(value)}, which is "
                "neither true nor false.",
                hint="Compare it with something, for instance `… == 0`.",
            )
        return value

    def _refuse_misfit(self, step: Step, inputs: dict[str, Any]) -> None:
        card = self._cards(step.agent)
        problem = misfit(inputs, card.inputs) if card is not None else ""
        if problem:
            raise Rejected(
                "step.bad_inputs",
                f"The inputs of step {step.key!r} do not fit agent {step.agent!r}: {problem}.",
                hint="Change `with`, or what it takes its values from.",
            )


def _who(step: Step, card: AgentCard | None) -> dict[str, Any]:
    """Return who does a step: an agent, or the workflow that it calls, step by step."""
    if step.body:
        body = msgspec.to_builtins(step.body)
        return {"calls": {"workflow": step.calls, "digest": digest(body), "steps": _names(step)}}
    kind, version = (card.kind, card.version) if card else ("unknown", "")
    return {"agent": {"name": step.agent, "kind": kind, "version": version}}


def _names(step: Step) -> dict[str, Any]:
    """Return the steps of a called workflow, each with its agent, or with its own steps."""
    return {each.key: _names(each) if each.body else each.agent for each in step.body}


def failure_from(error: MissionControlError) -> Failure:
    """Return a refusal as the reason for which a step has failed."""
    return written_down(Failure(error.code, error.reason, error.hint, retryable=False))


def failure_of_ours(step: Step, error: Exception) -> Failure:
    """Return a fault in this program as the reason for which a step has failed."""
    reason = f"Step {step.key!r} could not be worked out: {type(error).__name__}: {error}."
    hint = "That is a fault of Mission Control: please report it with these words."
    return written_down(Failure("step.broken", reason, hint, retryable=False))


def _kind(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)
