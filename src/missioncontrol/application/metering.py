"""Ties steps and their attempts to the ledger: what they may use is set aside, then settled."""

from collections.abc import Iterator
from functools import cached_property

import msgspec

from missioncontrol.application.budgets import Budgets
from missioncontrol.application.item_counts import ListEstimator, has_open_list, is_metered
from missioncontrol.application.scope import Scopes
from missioncontrol.application.step_resolution import Cards
from missioncontrol.domain.agent import AgentCard, cannot_spend
from missioncontrol.domain.budget.events import NOTHING, PassedCap
from missioncontrol.domain.budget.refusals import UNITS, raising_above_spent, words
from missioncontrol.domain.budget.scopes import Scope, called, scopes_of
from missioncontrol.domain.definition.tier import COMMAND
from missioncontrol.domain.run.states import Expanded, Run, SettledState, Working
from missioncontrol.domain.step import Amount, Spending, Step
from missioncontrol.domain.work import Usage


class Used(msgspec.Struct, frozen=True):
    """A usage as it is written down: priced, with what it passed."""

    usage: Usage
    model: str
    price: str  # version of the price; empty where there is none
    over: str = ""  # which limit it passed, in words; empty where it passed none
    estimated: bool = False  # it was not measured


HERE = "g"
"""Ends the reservation of a call that this process makes itself: it ends with the process."""


class Meter:
    """Everything between a run and the ledger. Steps that can use nothing never come here."""

    def __init__(self, budgets: Budgets, scopes: Scopes, cards: Cards) -> None:
        """All are shared with the rest of the engine."""
        self._budgets = budgets
        self._cards = cards
        self._estimator = ListEstimator(scopes)
        self._calls: dict[str, int] = {}  # admitted calls by attempt, while it works

    def open(self, run: Run) -> None:
        """Allow `run` to spend up to its own cap, and hold its worst case against every cap.

        Raises:
            Rejected: `budget.exceeded` or `budget.unknown_price`; nothing of it may start.
        """
        if run.budget is None and not run.governed:
            return  # None of its steps can use anything.
        own = (step for step in run.steps.values() if not step.parent)
        open_steps = [left for step in own if (left := self._to_come(run, step)) is not None]
        if run.budget is None and not any(map(is_metered, open_steps)):
            return
        self._budgets.open_run(run.id, run.workflow, run.budget)
        self._budgets.admit_run(run.id, run.workflow, self._budgets.forecast(open_steps))

    def may_need_more(self, run: Run, step: str) -> bool:
        """Say whether a step that has just become others may need more than was forecast of it.

        A list that a step hands back was counted as one item until now.
        """
        return has_open_list(run.steps[step])

    def refuse_spent(self, run: Run, step: Step) -> None:
        """Refuse an attempt below a cap that is spent, whatever its step declares.

        Only an agent that provably spends nothing may start there.

        Raises:
            Rejected: `budget.exceeded`, or `budget.unknown_model` where it may report the usage of
                any model and the cap of one is spent.
        """
        card = self._cards(step.agent)
        if cannot_spend(card):
            return
        may_report = _may_report(run, step, card)
        model = step.spending.model if step.spending else ""
        self._budgets.refuse_spent(_scopes(run, step, model), may_report=may_report)
        if may_report and step.spending is None:
            self._budgets.refuse_any_model(step.key)

    def reserve(self, run: Run, step: Step) -> None:
        """Set the worst case of the next attempt aside, in the transaction that starts it.

        Raises:
            Rejected: `budget.exceeded` or `budget.unknown_price`, and others of `Budgets.reserve`.
        """
        spending = step.spending
        if spending is not None:
            self._open(run, step)  # First: else the budget of the step itself would not count.
        if spending is None or spending.by_call:
            self.refuse_spent(run, step)
        if spending is None:
            return
        if not spending.model and (spending.open or spending.stated is not None):
            self._budgets.refuse_any_model(step.key)
        if spending.by_call:
            return  # Each call is set aside when the agent asks for it.
        name = _attempt(run.id, step.key, run.fence + 1)
        worst = self._worst(run, step, spending)
        self._budgets.reserve(name, _scopes(run, step, spending.model), worst, starts=True)

    def may_wait(self, run: Run, step: Step) -> bool:
        """Whether what was refused would fit once other work has ended and used nothing."""
        spending = step.spending
        if spending is None or spending.by_call:
            return False  # A cap stands against it that is spent, and not only set aside.
        scopes = _scopes(run, step, spending.model)
        worst = Amount(1, 1) if spending.open else self._worst(run, step, spending)
        return self._budgets.fits_later(scopes, worst)

    def admit(
        self, run: Run, step: Step, fence: int, call: Spending, *, is_here: bool = False
    ) -> None:
        """Set the worst case of one model call aside: out of its attempt's, or out of the caps.

        `is_here` where this process makes the call, so that the call can't outlast it.

        Raises:
            Rejected: as `reserve`; the call must not be made.
        """
        self._open(run, step)
        attempt = _attempt(run.id, step.key, fence)
        number = self._calls_of(attempt)
        self.release(run, step.key, fence)  # The call before this one has ended.
        self._budgets.reserve(
            f"{attempt}/{number + 1}{HERE if is_here else ''}",
            _scopes(run, step, call.model),
            self._budgets.worst(call, step.agent),
            parent=attempt if attempt in self._budgets.ledger.live else "",
        )
        self._calls[attempt] = number + 1

    def room(self, run: Run, step: Step, fence: int, model: str) -> Amount:
        """Return what the next call of an attempt may use; None in a unit without a cap."""
        self._open(run, step)
        parent = _attempt(run.id, step.key, fence)
        return self._budgets.room(_scopes(run, step, model), parent=parent)

    def release(self, run: Run, step: str, fence: int) -> None:
        """Free what the last call of an attempt did not use: it has ended, and its use is known."""
        attempt = _attempt(run.id, step, fence)
        for name in _names(attempt, self._calls_of(attempt)):
            self._budgets.settle(name)

    def forfeit(
        self,
        run: Run,
        step: str,
        fence: int,
        *,
        only_here: bool = False,
        only_untold: bool = False,
    ) -> Iterator[Used]:
        """Charge what an attempt had in flight when its engine or worker ended without a word.

        What was set aside counts as used. An attempt that asks before each call had no other than
        that in flight; else all that is left of the attempt's own reservation counts. With
        `only_here`, the attempt goes on elsewhere, and only calls that the lost engine made count.
        With `only_untold`, the attempt was ended by us: only a call of its own counts of which
        nothing was reported, as this engine itself still reports what its calls used.
        """
        attempt = _attempt(run.id, step, fence)
        asked = self._calls_of(attempt) > 0
        for name in self._held(attempt):
            if (asked and name == attempt) or (only_here and not name.endswith(HERE)):
                continue
            if only_untold and (name == attempt or not self._is_untold(name)):
                continue
            model = _model_of(self._budgets.ledger.live[name].scopes)
            usage = self._budgets.forfeit(name)
            if usage is not None:
                yield Used(usage, model, "", estimated=True)

    def _is_untold(self, call: str) -> bool:
        return not call.endswith(HERE) and self._budgets.ledger.live[call].used == NOTHING

    def spend(
        self, run: Run, step: str, fence: int, usage: Usage, model: str, *, estimated: bool = False
    ) -> Used:
        """Count what an attempt used; a usage without a cost is priced."""
        known = run.steps[step]
        if not run.is_settled:  # A late report counts everywhere but in a run that is closed.
            self._open(run, known)
        attempt = _attempt(run.id, step, fence)
        live = next((each for each in self._held(attempt) if each != attempt), attempt)
        model = model or (known.spending.model if known.spending else "")
        scopes = _scopes(run, known, model)
        charge = self._budgets.spend(live, model, usage, scopes=scopes, estimated=estimated)
        priced = msgspec.structs.replace(usage, cost=charge.cost)
        over = self._over(charge.passed)
        if not over and charge.cost is None:
            over = self._unpriced(scopes, model)
        return Used(priced, model, charge.price, over, estimated)

    def _over(self, passed: tuple[PassedCap, ...]) -> str:
        """Say in words which caps a usage went beyond, by how much, and what would allow it."""
        if not passed:
            return ""
        overruns = [f"the cap of {called(each.scope)} by {words(each.by)}" for each in passed]
        commands = [command for each in passed for command in self._raising(each)]
        would = f" {' and '.join(commands)} would allow it." if commands else ""
        return f"The work went beyond {', '.join(overruns)}.{would}"

    def _raising(self, passed: PassedCap) -> Iterator[str]:
        """Yield the command lines that raise a cap, so that the work may go on."""
        for each in self._budgets.standing(passed.scope):
            if each.period != passed.period or each.limit is None:
                continue
            for unit in UNITS:
                cap = getattr(each.limit.amount, unit)
                if cap is not None and getattr(passed.by, unit):
                    yield raising_above_spent(passed.scope, passed.period, unit, cap)

    def _unpriced(self, scopes: tuple[Scope, ...], model: str) -> str:
        """Explain why work of unknown cost goes no further where a cap in money holds."""
        for scope in scopes:
            limits = (each.limit for each in self._budgets.standing(scope))
            if any(limit is not None and limit.amount.cost is not None for limit in limits):
                named = f"Model {model!r} has" if model else "What was used names no model and has"
                return (
                    f"{named} no known price, and the cap of {called(scope)} is in money. "
                    "`mission budget price set` tells what a model costs."
                )
        return ""

    def settle(self, run: Run, step: str, fence: int) -> None:
        """Free what an attempt did not use, also one that an engine before this one began."""
        attempt = _attempt(run.id, step, fence)
        for name in self._held(attempt):
            self._budgets.settle(name)  # And with it all calls that came out of it.
        self._calls.pop(attempt, None)

    def _held(self, attempt: str) -> list[str]:
        """Name what is set aside for an attempt: the call that it makes, and itself."""
        live = self._budgets.ledger.live
        if not live:
            return []
        number = self._calls.get(attempt, 0)
        names = list(_names(attempt, number))
        names += self._found.get(attempt, ())
        return [name for name in dict.fromkeys((*names, attempt)) if name in live]

    @cached_property
    def _found(self) -> dict[str, list[str]]:
        """Calls by attempt for which something was set aside when this was first asked.

        Later ones are known by their numbers; to look through all for each step took too long.
        """
        found: dict[str, list[str]] = {}
        for name in self._budgets.ledger.live:
            attempt, _, number = name.rpartition("/")
            if number.removesuffix(HERE).isdigit() and "@" in attempt.rpartition("/")[2]:
                found.setdefault(attempt, []).append(name)
        return found

    def _calls_of(self, attempt: str) -> int:
        """Return how many calls of an attempt were admitted, by whichever engine.

        One on another machine outlasts the engine that admitted its last call.
        """
        known = self._calls.get(attempt)
        if known is not None:
            return known
        ledger = self._budgets.ledger
        names = (name for name in (*ledger.live, *ledger.settled) if _is_call(name, attempt))
        return max((_number_of(name, attempt) for name in names), default=0)

    def close(self, run: Run) -> None:
        """Forget a run that has ended."""
        self._budgets.close_run(run.id)

    def _open(self, run: Run, step: Step) -> None:
        """Apply the budgets of the run, and of all steps that `step` is a part of, to it."""
        if run.id not in self._budgets.ledger.runs:
            self._budgets.open_run(run.id, run.workflow, run.budget)
        for whole in _budgeted(run, step):
            assert whole.budget is not None, f"{whole.key} has no budget"
            self._budgets.open_step(run.id, whole.key, whole.budget)

    def _worst(self, run: Run, step: Step, spending: Spending) -> Amount:
        """Return the worst case of an attempt, or what the steps it is a part of have left.

        Of one that does not say it, that is all that every cap leaves.

        Where nothing is left it is the worst case all the same: that is refused, and says so.
        """
        if spending.open:
            return self._budgets.left(_scopes(run, step, spending.model), step.key)
        amount = self._budgets.worst(spending, step.agent)
        for whole in _budgeted(run, step):
            left = self._left(run, whole)
            amount = Amount(
                min(amount.cost, left.cost) if amount.cost and left.cost else amount.cost,
                min(amount.tokens, left.tokens) if amount.tokens and left.tokens else amount.tokens,
            )
        return amount

    def _left(self, run: Run, step: Step) -> Amount:
        """Return what is left of the budget of a step, by whatever was spent of it."""
        total = self._budgets.standing(Scope("step", f"{run.id}/{step.key}"))[0]
        amount = total.limit.amount if total.limit is not None else step.budget or Amount()
        return Amount(
            None if amount.cost is None else max(0, amount.cost - total.spent.cost),
            None if amount.tokens is None else max(0, amount.tokens - total.spent.tokens),
        )

    def _to_come(self, run: Run, step: Step) -> Step | None:
        """Return a step as far as nothing of it was begun or set aside yet; None for no part."""
        state = run.states[step.key]
        if isinstance(state, SettledState | Working):
            return None
        budget = self._left(run, step) if step.budget is not None else None
        if not isinstance(state, Expanded):
            left = msgspec.structs.replace(_what_is_left(run, step), budget=budget)
            return self._estimator.counted(run, left)
        children = (self._to_come(run, run.steps[key]) for key in state.children)
        body = tuple(child for child in children if child is not None)
        if not body:
            return None
        return msgspec.structs.replace(step, budget=budget, body=body, for_each=None, repeat=None)


def _may_report(run: Run, step: Step, card: AgentCard | None) -> bool:
    """Whether an attempt may report what it used; a plain command has nothing to report with."""
    if card is None or card.name != COMMAND:
        return True
    return bool(run.inputs_of.get(step.key, step.inputs).get("reports"))


def _budgeted(run: Run, step: Step) -> list[Step]:
    """Return the steps with a budget that `step` is, or is a part of, however deep.

    All items of `for_each`, and all rounds, share the budget of their step.
    """
    found = []
    while True:
        if step.budget is not None and step.index < 0:
            found.append(step)
        if not step.parent:
            return found
        step = run.steps[step.parent]


def _what_is_left(run: Run, step: Step) -> Step:
    """Return a step with the attempts and rounds that it has left."""
    tries, rounds = run.tries.get(step.key, 0), run.rounds.get(step.key, 0)
    retry, repeat = step.retry, step.repeat
    if tries:
        retry = msgspec.structs.replace(retry, attempts=max(1, retry.attempts - tries))
    if repeat is not None and rounds:
        repeat = msgspec.structs.replace(repeat, times=max(1, repeat.times - rounds))
    return msgspec.structs.replace(step, retry=retry, repeat=repeat)


def _is_call(name: str, attempt: str) -> bool:
    """Whether a reservation is of a call of an attempt."""
    return name.startswith(f"{attempt}/")


def _names(attempt: str, number: int) -> tuple[str, ...]:
    """Return the names that the reservation of a call may have."""
    return (f"{attempt}/{number}", f"{attempt}/{number}{HERE}") if number else ()


def _number_of(name: str, attempt: str) -> int:
    return int(name.removeprefix(f"{attempt}/").removesuffix(HERE))


def _model_of(scopes: tuple[Scope, ...]) -> str:
    return next((scope.name for scope in scopes if scope.kind == "model"), "")


def _attempt(run: str, step: str, fence: int) -> str:
    return f"{run}/{step}@{fence}"


def _scopes(run: Run, step: Step, model: str) -> tuple[Scope, ...]:
    within = [whole.key for whole in _budgeted(run, step) if whole.key != step.key]
    return scopes_of(
        run.id, run.workflow, step=step.key, within=within, agent=step.agent, model=model
    )
