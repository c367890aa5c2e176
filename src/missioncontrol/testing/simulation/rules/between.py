"""What must hold between runs, approvals, money, schedules and what holds for all work at once."""

from collections.abc import Iterator
from typing import Any

from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.rules.approvals import ApprovalBook
from missioncontrol.testing.simulation.rules.costs import Costs
from missioncontrol.testing.simulation.rules.ledger import (
    BUILT_IN,
    RUNS,
    WORKSPACE,
    LedgerBook,
)
from missioncontrol.testing.simulation.rules.lives import LivesBook
from missioncontrol.testing.simulation.rules.operation import (
    OBEDIENT_SECONDS,
    STUBBORN_SECONDS,
    OperationBook,
)
from missioncontrol.testing.simulation.rules.run_state import ENDS
from missioncontrol.testing.simulation.rules.runs import RunBook
from missioncontrol.testing.simulation.rules.schedules import ScheduleBook

Data = dict[str, Any]
TINY = 0.000_01


class Books:
    """Everything that the log has reported, and which parts of it belong together."""

    def __init__(self, costs: Costs, places: dict[str, int], concurrency: int) -> None:
        """`places` says how many attempts each agent may have, `concurrency` all together."""
        self.costs = costs
        self.places = places
        self.concurrency = concurrency
        self.runs: dict[str, RunBook] = {}
        self.ledger = LedgerBook(costs)
        self.approvals: dict[str, ApprovalBook] = {}
        self.schedules: dict[str, ScheduleBook] = {}
        self.operation = OperationBook()
        self.lives = LivesBook(places)
        self.clinging: set[tuple[str, int]] = set()  # attempts that don't stop when asked to
        self.superseded: set[str] = set()  # runs that make way for a newer one
        self.stubborn: set[str] = set()  # runs with such an attempt when everything was stopped
        self.is_recovering = False
        self.release = ""  # the version that all agents have now
        self.commit = 1
        self.requested_in: dict[str, int] = {}  # approvals and the transactions that asked them
        self.revisers: dict[tuple[str, str], set[str]] = {}
        self.overshot: set[tuple[str, int]] = set()  # attempts that went beyond a cap
        self.charged: list[tuple[str, str, int, int]] = []  # in this transaction
        self.reported: list[tuple[str, str, int, int]] = []
        self.reported_by: dict[tuple[str, int], int] = {}  # tokens by run and fence
        self.versions: dict[str, int] = {}  # the newest of each workflow
        self.reserved_in: dict[str, int] = {}
        self.started_in: dict[tuple[str, int], int] = {}
        self.touched: set[str] = set()
        self.halt_due: tuple[str, str] = ("", "")  # the run that is halted next, and why

    # Runs.

    def run_created(self, data: Data, actor: str, at: float) -> None:
        """Take a new run in."""
        run = data["run"]
        hold(run not in self.runs, "a run is created once")
        hold(self.operation.may_begin, f"no run begins while it is {self.operation.stage}")
        hold(data.get("author", "") == actor, "the author of a run is who asked for it")
        self.operation.run_began(actor, at)
        old = data.get("retry_of", "") or data.get("fork_of", "")
        newest = self.runs[old].told["version"] if old else self.versions[data["workflow"]]
        hold(data.get("version", 0) == newest, f"the run is of version {newest}")
        if old:
            self._refuse_wrong_results(self.runs[old], data)
        else:
            hold(not data.get("kept"), "only a run that repeats another one keeps results")
        self.runs[run] = RunBook(data, at)

    def _refuse_wrong_results(self, old: RunBook, data: Data) -> None:
        hold(old.outcome, "a run is repeated after its end")
        own = [step for step in old.steps.values() if not step.get("parent")]
        hold(data["steps"] == own, "a run that repeats another one has the same steps")
        follows = _followers(old, data.get("forked_at", ""))
        for key, reused in data.get("kept", {}).items():
            hold(old.state[key] == "succeeded", f"{key} had no result that could be reused")
            hold(reused.get("work", {}).get("output") == old.output[key], f"{key} keeps its result")
            hold(key not in follows, f"{key} follows from what is done again")

    def run_event(self, run: RunBook, kind: str, data: Data, at: float) -> None:
        """Take an event of a run in, with what it means elsewhere."""
        self._refuse_long_stop(at)
        self.touched.add(run.id)
        run.changed = at
        before = getattr(self, f"_before_{kind}", None)
        if before is not None:
            before(run, data, at)
        run.take(kind, data, at)
        after = getattr(self, f"_after_{kind}", None)
        if after is not None:
            after(run, data, at)

    def operation_event(self, kind: str, data: Data, at: float) -> None:
        """Take in what holds for all work at once."""
        if kind == "emergency_stopped":
            at_work = self.working()
            self.stubborn = {run.id for run, _, f in at_work if (run.id, f) in self.clinging}
        self.operation.take(kind, data, at)

    def working(self) -> Iterator[tuple[RunBook, str, int]]:
        """Yield every attempt at work: run, step and fence."""
        for run in self.runs.values():
            if not run.outcome:
                for key, fence in run.working.items():
                    yield run, key, fence

    def _refuse_long_stop(self, at: float) -> None:
        """Check that what worked when everything was stopped has ended by now."""
        if self.operation.stage != "stopped" or self.is_recovering:
            return
        passed = at - self.operation.stopped_at
        if passed > OBEDIENT_SECONDS:
            for run, key, _ in self.working():
                clings = run.id in self.stubborn
                most = STUBBORN_SECONDS if clings else OBEDIENT_SECONDS
                hold(passed <= most, f"an emergency stop ends {run.id}/{key} within {most} s")

    def _after_step_started(self, run: RunBook, data: Data, at: float) -> None:
        key = data["step"]
        self.started_in[run.id, data["fence"]] = self.commit
        hold(self.operation.may_dispatch, f"nothing starts while it is {self.operation.stage}")
        self.operation.attempt_started(data["agent"], at)
        self.lives.attempt_started(data["agent"])
        self._refuse_too_many(run, key, data["agent"])
        self._refuse_unpaid(run, key, data["fence"])
        self.ledger.look_at_clock(at)
        self._refuse_spent(run, key, data["agent"])

    def _refuse_spent(self, run: RunBook, key: str, agent: str) -> None:
        """Refuse an attempt below a cap of which nothing is left.

        Only a built-in specialist that calls no model may start there; here the agents are such
        that do not say what they can spend.
        """
        spending = run.steps[key].get("spending")
        if spending is None:
            return
        steps = {key, *_budgeted(run, key)}
        model = spending.get("model", "")
        scopes = [
            WORKSPACE,
            ("workflow", run.told["workflow"]),
            ("run", run.id),
            ("agent", agent),
            *(("step", f"{run.id}/{each}") for each in sorted(steps)),
            *([("model", self.costs.name_of(model))] if model else []),
        ]
        for scope, period, unit in self.ledger.places(scopes):
            spent = self.ledger.spent_in(scope, period, unit)
            cap = self.ledger.caps[scope][period][unit]
            hold(spent < cap, f"{key} does not start: {spent} of {cap} {unit} of {scope} are spent")

    def _refuse_too_many(self, run: RunBook, key: str, agent: str) -> None:
        at_work = list(self.working())
        hold(len(at_work) <= self.concurrency, f"at most {self.concurrency} attempts are at work")
        of_agent = [1 for each, step, _ in at_work if each.steps[step]["agent"] == agent]
        most = self.places.get(agent, self.concurrency)
        hold(len(of_agent) <= most, f"{agent} works on at most {most} steps at once")
        for slot, limit in run.slots.get(key, ()):
            sharing = [
                (dict(each.slots[step])[slot], self.started_in[each.id, fence])
                for each, step, fence in at_work
                if slot in dict(each.slots.get(step, ()))
            ]
            # Of those that begin together, the one that allows more may have been first.
            most = max(limit, *(other for other, begun in sharing if begun == self.commit))
            hold(len(sharing) <= most, f"at most {most} attempts share {slot!r}")

    def life_event(self, name: str, kind: str, data: Data, at: float) -> None:
        """Take in what happens to an agent.

        Raises:
            Violation: it should not.
        """
        at_work = [1 for run, step, _ in self.working() if run.steps[step]["agent"] == name]
        self.lives.take(name, kind, data, at, len(at_work))

    def lacks_room(self, run: RunBook, key: str) -> bool:
        """Whether there is no place for another attempt at a step now."""
        at_work = list(self.working())
        if len(at_work) >= self.concurrency or len(run.working) >= run.told["concurrency"]:
            return True
        agent = run.steps[key]["agent"]
        of_agent = [1 for each, step, _ in at_work if each.steps[step]["agent"] == agent]
        if len(of_agent) >= self.places.get(agent, self.concurrency):
            return True
        if not self.lives.is_ready(agent):
            return True
        return any(
            sum(slot in dict(each.slots.get(step, ())) for each, step, _ in at_work) >= limit
            for slot, limit in run.slots.get(key, ())
        )

    def is_crowded(self, run: RunBook, key: str) -> bool:
        """Whether a step is a call for an item, and has to give way to others."""
        step = run.steps[key]
        limited = "index" in step and run.steps[step["parent"]].get("concurrency", 0)
        return bool(limited and step.get("body"))

    def _refuse_unpaid(self, run: RunBook, key: str, fence: int) -> None:
        step = run.steps[key]
        spending = step.get("spending")
        if spending is None or spending.get("by_call"):
            return
        aside = self.ledger.live.get(f"{run.id}/{key}@{fence}")
        hold(aside is not None, f"the worst case of {key} is set aside before it starts")
        assert aside is not None
        hold(self.reserved_in[aside.name] == self.commit, "it is set aside when it starts")
        amount = self.costs.worst(spending)
        for whole in _budgeted(run, key):
            left = self._left(run, whole)
            amount = {u: min(n, left.get(u) or n) if n else n for u, n in amount.items()}
        hold(aside.amount == amount, f"{amount} is set aside for {key}, and not {aside.amount}")

    def _left(self, run: RunBook, key: str) -> Data:
        """Return what is left of the budget of a step."""
        scope = ("step", f"{run.id}/{key}")
        budget = self.ledger.caps.get(scope, {}).get("total") or run.steps[key]["budget"]
        spent = {unit: self.ledger.spent_in(scope, "total", unit) for unit in budget}
        return {unit: max(0, amount - spent[unit]) for unit, amount in budget.items()}

    def _before_step_started(self, run: RunBook, data: Data, at: float) -> None:
        """Check that a step which needs approval starts with a grant of its own."""
        key = data["step"]
        step = run.steps[key]
        if "approval" not in step and step.get("risk") != "irreversible":
            return
        hold(key in run.released, f"{key} starts only when it was approved")
        approval = self.approvals[run.released[key]]
        hold(approval.answer == "approved", f"{key} starts only when it was approved")
        hold(approval.subject["inputs"] == run.inputs_of(key), f"{key} does what was shown")
        shown = approval.subject["agent"]
        hold(shown["name"] == data["agent"], f"{key} is done by who was shown")
        hold(shown["version"] == self.release, f"{key} is done by the release that was shown")

    def _before_step_expanded(self, run: RunBook, data: Data, _: float) -> None:
        step = run.steps[data["step"]]
        if "approval" in step and step.get("body") and step.get("for_each") is None:
            hold(data["step"] in run.released, "a call that has to be approved begins after that")

    def _before_step_held(self, run: RunBook, data: Data, _: float) -> None:
        key, approval = data["step"], self.approvals[data["approval"]]
        subject = approval.told
        hold(approval.is_open, "a step waits for an approval that has no answer yet")
        hold(self.requested_in[data["approval"]] == self.commit, "it is asked when it is held")
        hold((subject["run"], subject["step"]) == (run.id, key), "an approval is about its step")
        hold(approval.digest == data["digest"], "a step waits for what is shown")
        hold(approval.subject["inputs"] == data.get("inputs", {}), "what is shown is what runs")
        hold(approval.subject["step"] == key, "what is shown is what runs")
        hold(subject["rule"] == run.steps[key]["approval"], "the rule is that of the step")
        hold(subject["author"] == run.told.get("author", ""), "the author is that of the run")
        edited = set(subject.get("edited_by", ()))
        hold(self.revisers.get((run.id, key), set()) <= edited, "who changed it has written it")

    def _before_step_released(self, run: RunBook, data: Data, _: float) -> None:
        approval = self._answered_now(data["approval"], "approved")
        hold(approval.digest == data["digest"], f"{run.id} goes on with what was approved")

    def _before_step_revised(self, run: RunBook, data: Data, _: float) -> None:
        approval = self._answered_now(data["approval"], "changed")
        hold(approval.inputs == data["inputs"], "a step gets the inputs that were asked for")
        self.revisers.setdefault((run.id, data["step"]), set()).add(data["by"])

    def _after_step_repeated(self, run: RunBook, data: Data, _: float) -> None:
        self.revisers.pop((run.id, data["step"]), None)

    def _before_step_failed(self, run: RunBook, data: Data, _: float) -> None:
        prefix, _, answer = data["failure"]["code"].partition(".")
        if prefix == "approval" and data["step"] in run.held:
            self._answered_now(run.held[data["step"]], answer)

    def _answered_now(self, name: str, answer: str) -> ApprovalBook:
        approval = self.approvals[name]
        hold(approval.answer == answer, f"{name} was {answer}")
        hold(approval.answered_in == self.commit, "an answer takes effect when it is given")
        return approval

    def _after_usage_reported(self, run: RunBook, data: Data, _: float) -> None:
        usage = data["usage"]
        self.reported.append((run.id, data["step"], _tokens(usage), usage.get("cost", 0) or 0))
        place = (run.id, data["fence"])
        self.reported_by[place] = self.reported_by.get(place, 0) + _tokens(usage)
        hold(run.attempts.get(data["fence"]) == data["step"], "usage is of an attempt there was")

    def _after_step_expanded(self, run: RunBook, data: Data, at: float) -> None:
        if not run.halted and not run.cancelled and _has_open_list(run.steps[data["step"]]):
            self.ledger.look_at_clock(at)
            self._expect_halt(run)

    def _after_run_resumed(self, run: RunBook, _: Data, at: float) -> None:
        self.ledger.look_at_clock(at)
        if self._has_a_budget(run):
            self._expect_halt(run)

    def _after_run_halted(self, run: RunBook, data: Data, _: float) -> None:
        expected = self.halt_due
        hold(expected[0] in ("", run.id), f"{expected[0]} is halted at once")
        self.halt_due = ("", "")

    # Money.

    def ledger_event(self, kind: str, data: Data, at: float) -> None:
        """Take an event of the ledger in."""
        self.ledger.take(kind, data, at)
        if kind == "amount_reserved":
            self.reserved_in[data["reservation"]] = self.commit
        elif kind == "run_budgeted":
            self._run_budgeted(data)
        elif kind == "usage_charged":
            self._usage_charged(data)

    def _run_budgeted(self, data: Data) -> None:
        run = self.runs[data["run"]]
        hold(not run.outcome, "a run that has ended gets no budget")
        default = self.ledger.caps.get(RUNS, {}).get("total", BUILT_IN)
        expected = run.told.get("budget") or default
        hold(data["amount"] == expected, f"the budget of {run.id} is {expected!r}")
        if self._has_a_budget(run):
            self._expect_halt(run)

    def _has_a_budget(self, run: RunBook) -> bool:
        """Whether a run is held to its caps before anything more of it starts."""
        return bool(run.told.get("budget")) or any(map(_is_metered, self._left_to_do(run)))

    def _left_to_do(self, run: RunBook) -> list[Data]:
        own = [key for key, step in run.steps.items() if not step.get("parent")]
        return [step for key in own if (step := self._to_come(run, key)) is not None]

    def _to_come(self, run: RunBook, key: str) -> Data | None:
        """Return a step as far as nothing of it has begun; None where nothing is left."""
        step, state = dict(run.steps[key]), run.state[key]
        if state in ENDS or state == "working":
            return None
        if "budget" in step:
            step["budget"] = self._left(run, key)
        _take_off(step, "retry", "attempts", run.tries.get(key, 0), 1)
        _take_off(step, "repeat", "times", run.rounds.get(key, 0), 10)
        if state != "expanded":
            return step
        parts = [self._to_come(run, part) for part in run.children[key]]
        step["body"] = [part for part in parts if part is not None]
        step.pop("for_each", None)
        step.pop("repeat", None)
        return step if step["body"] else None

    def _expect_halt(self, run: RunBook) -> None:
        """Work out whether the worst case of all that is left to do fits under every cap."""
        worst = self.costs.forecast(self._left_to_do(run))
        total = worst.pop(("", ""))
        scopes = (WORKSPACE, ("workflow", run.told["workflow"]), ("run", run.id))
        code = self.ledger.obstacle({**worst, **dict.fromkeys(scopes, total)})
        self.halt_due = (run.id, code) if code else ("", "")

    def _usage_charged(self, data: Data) -> None:
        name, _, step = next(n for kind, n in data["scopes"] if kind == "step").partition("/")
        self.charged.append((name, step, _tokens(data["usage"]), data["cost"] or 0))
        if data.get("passed"):
            run, fence = self.runs[name], _fence_of(data["reservation"])
            attempt = (name, fence)
            if run.working.get(step) == fence and attempt not in self.clinging:
                hold(attempt not in self.overshot, "an attempt goes beyond a cap with one call")
                self.overshot.add(attempt)

    # Approvals and schedules.

    def approval_event(self, name: str, kind: str, data: Data, at: float, actor: str) -> None:
        """Take an event of an approval in."""
        if kind == "approval_requested":
            hold(name not in self.approvals, "an approval is asked once")
            self.approvals[name] = ApprovalBook(data, at)
            self.requested_in[name] = self.commit
            return
        approval = self.approvals[name]
        approval.take(kind, data, at, actor)
        if not approval.is_open:
            approval.answered_in = self.commit

    def schedule_event(self, name: str, kind: str, data: Data, at: float) -> None:
        """Take an event of a schedule in."""
        if kind == "schedule_added":
            before = self.schedules.get(name)
            hold(before is None or before.is_removed, "a schedule is added once")
            self.schedules[name] = ScheduleBook(data, at, before)
            return
        if kind in ("slot_fired", "queued_slot_started", "started_by_hand"):
            run = self.runs[data["run"]].told
            slot = 0.0 if kind == "started_by_hand" else data["slot"]
            hold(f"schedule-{run['schedule']}" == name, "a slot has a run of its schedule")
            hold(run.get("slot", 0.0) == slot, "a run knows the slot that it is for")
            hold(run["author"] == self.schedules[name].told["author"] or not slot, "for its author")
        if kind == "schedule_run_ended":
            run_book = self.runs[data["run"]]
            hold(run_book.outcome == data["outcome"], "a schedule learns how its run ended")
            hold(abs(run_book.settled_at - data["ended"]) < TINY, "… and when")
        self.schedules[name].take(kind, data, at)
        if kind == "slot_queued" and data.get("why") == "cancel":
            self.superseded.update(self.schedules[name].active)

    # Between two transactions.

    def commit_ended(self) -> None:
        """Look at what has to be true whenever a transaction has ended."""
        hold(not self.halt_due[0], f"{self.halt_due} is halted before anything starts")
        hold(sorted(self.charged) == sorted(self.reported), "what is charged is what was reported")
        for name in sorted(self.touched):
            self._look_at(self.runs[name])
        for each in self.ledger.live.values():
            run, _, key = next(n for k, n in each.scopes if k == "step").partition("/")
            state = self.runs[run].state[key]
            hold(state in ("working", "expanded"), f"{each.name} is settled with its step")
        for name, approval in self.approvals.items():
            if approval.is_open:
                book = self.runs[approval.told["run"]]
                held = book.held.get(approval.told["step"])
                hold(held == name, f"nothing waits for {name}, which is still open")
        for old in (self.runs[name] for name in self.superseded):
            hold(old.cancelled or old.outcome, f"{old.id} makes way for a newer run")
        self.superseded.clear()
        self.charged, self.reported = [], []
        self.touched.clear()
        self.commit += 1

    def _look_at(self, run: RunBook) -> None:
        run.commit_ended()
        for key, name in run.held.items():
            hold(self.approvals[name].is_open, f"{key} waits for {name}, which has its answer")
        if run.outcome:
            hold(run.id not in self.ledger.runs, "a run that has ended has no budget any more")
        elif self._has_a_budget(run):
            hold(run.id in self.ledger.runs, "a run that can spend has a budget")
        schedule = run.told.get("schedule", "")
        if schedule and run.outcome and not self.is_recovering:
            active = self.schedules[f"schedule-{schedule}"].active
            hold(run.id not in active, "a schedule learns at once how its run ended")

    def finish(self) -> None:
        """Look at what has to be true when everybody has gone home."""
        for name, run in self.runs.items():
            hold(run.outcome, f"{name} never ended")
        for name, schedule in self.schedules.items():
            hold(not schedule.active, f"{name} never learned how its runs ended")
        hold(not self.ledger.live and not self.ledger.runs, "everything is settled in the end")


def _followers(run: RunBook, first: str) -> set[str]:
    """Return a step and all that follows from it."""
    found: set[str] = set()
    todo = [first] if first else []
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo.extend(run.dependants.get(key, ()))
    return found


def _budgeted(run: RunBook, key: str) -> Iterator[str]:
    """Yield the steps with a budget that a step is, or is a part of; items share that of all."""
    while key:
        step = run.steps[key]
        if "budget" in step and "index" not in step:
            yield key
        key = step.get("parent", "")


def _take_off(step: Data, name: str, count: str, done: int, usual: int) -> None:
    """Leave of the attempts, or rounds, of a step those that are not done yet."""
    if step.get(name) and done:
        left = max(1, step[name].get(count, usual) - done)
        step[name] = {**step[name], count: left}


def _has_open_list(step: Data) -> bool:
    """Whether it is not known beforehand how much of what costs something there will be."""
    if isinstance(step.get("for_each"), str):
        return _is_metered(step)
    return any(map(_has_open_list, step.get("body", ())))


def _is_metered(step: Data) -> bool:
    return step.get("spending") is not None or any(map(_is_metered, step.get("body", ())))


def _tokens(usage: Data) -> int:
    tokens: int = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    return tokens


def _fence_of(reservation: str) -> int:
    return int(reservation.rpartition("@")[2].partition("/")[0])
