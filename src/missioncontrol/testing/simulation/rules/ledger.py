"""Money and tokens as the log tells them: what is set aside, spent and allowed, in every window."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

from missioncontrol.testing.simulation.rules import hold
from missioncontrol.testing.simulation.rules.costs import Costs

Data = dict[str, Any]
Scope: TypeAlias = tuple[str, str]
Unit = str
UNITS = ("cost", "tokens")
WORKSPACE = ("workspace", "")
RUNS = ("run", "")
BUILT_IN = {"tokens": 2_000_000}
KINDS = {"workspace", "workflow", "run", "step", "agent", "model"}

Place: TypeAlias = tuple[Scope, str, Unit]
"""A cap in one unit: its scope, its period, and money or tokens."""


def scopes_in(pairs: Iterable[list[str]]) -> tuple[Scope, ...]:
    """Return scopes as the log tells them."""
    return tuple((kind, name) for kind, name in pairs)


def run_of(scope: Scope) -> str:
    """Return the run that a scope belongs to; empty for what outlives runs."""
    return scope[1].partition("/")[0] if scope[0] in ("run", "step") else ""


class Aside:
    """Something that is set aside."""

    def __init__(self, data: Data) -> None:
        """Nothing of it is used yet."""
        self.name: str = data["reservation"]
        self.scopes = scopes_in(data["scopes"])
        self.amount: Data = data["amount"]
        self.parent: str = data.get("parent", "")
        self.used = dict.fromkeys(UNITS, 0)  # by itself and by all that came out of it


class LedgerBook:
    """Every account, computed again from what is live at each event."""

    def __init__(self, costs: Costs) -> None:
        """`costs` knows what tokens cost."""
        self.costs = costs
        self.caps: dict[Scope, dict[str, Data]] = {}
        self.spent: dict[tuple[Scope, str, Unit], int] = {}  # by scope and window
        self.live: dict[str, Aside] = {}
        self.settled: dict[str, tuple[Scope, ...]] = {}
        self.runs: set[str] = set()
        self.day = ""
        self._metered: set[str] = set()  # attempts that ask before each call
        self._cut: set[str] = set()  # what was set aside for work that ended with its engine
        self._excess: dict[Place, int] = {}  # the reported excess over each cap

    def take(self, kind: str, data: Data, at: float) -> None:
        """Take an event of the ledger in.

        Raises:
            Violation: it breaks a rule.
        """
        self.look_at_clock(at)
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(data)

    def look_at_clock(self, at: float) -> None:
        """Close days and months that are over."""
        self.day = max(self.day, datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d"))

    def engine_began(self) -> None:
        """Take note that all work has ended for which something is set aside.

        Of an attempt that asks before each call, only its calls can have been in flight.
        """
        self._cut = self.live.keys() - self._metered

    # What follows from what is known.

    def held(self, scope: Scope, unit: Unit) -> int:
        """Return what is set aside in a scope; what a part took out of its whole counts once."""
        return sum(
            self.promised(each, unit)
            for each in self.live.values()
            if scope in each.scopes and not any(scope in above.scopes for above in self.above(each))
        )

    def promised(self, aside: Aside, unit: Unit) -> int:
        """Return what may still be used of something that is set aside."""
        lent = sum(self.promised(part, unit) for part in self.parts(aside))
        left: int = max(aside.amount.get(unit, 0) - aside.used[unit], lent, 0)
        return left

    def parts(self, aside: Aside) -> list[Aside]:
        """Return what came out of something that is set aside."""
        return [each for each in self.live.values() if each.parent == aside.name]

    def above(self, aside: Aside) -> Iterator[Aside]:
        """Yield what something came out of, and what that came out of."""
        while aside.parent:
            aside = self.live[aside.parent]
            yield aside

    def spent_in(self, scope: Scope, period: str, unit: Unit) -> int:
        """Return what was spent in a scope in all, today or this month."""
        return self.spent.get((scope, self._window(period), unit), 0)

    def _window(self, period: str) -> str:
        return {"total": "", "month": self.day[:7], "day": self.day}[period]

    def excess(self, place: Place) -> int:
        """Return how much more is spent and set aside than a cap allows."""
        scope, period, unit = place
        cap = self.caps[scope][period][unit]
        over: int = max(0, self.spent_in(scope, period, unit) + self.held(scope, unit) - cap)
        return over

    def places(self, scopes: Iterable[Scope]) -> list[Place]:
        """Return every cap of these scopes."""
        return [
            (scope, period, unit)
            for scope in scopes
            for period, amount in self.caps.get(scope, {}).items()
            for unit in UNITS
            if amount.get(unit) is not None
        ]

    def obstacle(self, asked: dict[Scope, Data]) -> str:
        """Return the code with which these amounts are refused; empty where they fit."""
        beyond = False
        for place in self.places(asked):
            scope, period, unit = place
            amount = asked[scope].get(unit)
            if amount is None:
                return "budget.unknown_price" if unit == "cost" else "budget.unknown_tokens"
            used = self.spent_in(scope, period, unit) + self.held(scope, unit)
            beyond |= bool(amount) and used + amount > self.caps[scope][period][unit]
        return "budget.exceeded" if beyond else ""

    # What the log tells.

    def _cap_set(self, data: Data) -> None:
        hold(data["reason"].strip(), "a cap is set for a reason")
        scope, period = (data["scope"][0], data["scope"][1]), data["period"]
        before = self.caps.get(scope, {}).get(period)
        hold(data.get("before") == before, f"the cap of {scope} was {before!r}")
        hold(not run_of(scope) or run_of(scope) in self.runs, "a run that has ended has no cap")
        if data["amount"] is None:
            del self.caps[scope][period]
        else:
            self.caps.setdefault(scope, {})[period] = data["amount"]
        self._excess = {place: self.excess(place) for place in self.places(self.caps)}

    def _run_budgeted(self, data: Data) -> None:
        hold(data["run"] not in self.runs, "a run gets its budget once")
        self.runs.add(data["run"])
        self.caps["run", data["run"]] = {"total": data["amount"]}

    def _step_budgeted(self, data: Data) -> None:
        hold(data["run"] in self.runs, "only a step of an open run gets a budget")
        scope = ("step", f"{data['run']}/{data['step']}")
        hold(scope not in self.caps, "a step gets its budget once")
        self.caps[scope] = {"total": data["amount"]}

    def _run_budget_closed(self, data: Data) -> None:
        run = data["run"]
        left = [each.name for each in self.live.values() if ("run", run) in each.scopes]
        hold(not left, f"everything is settled before its run is closed, and {left[:1]} is not")
        self.runs.remove(run)
        for scope in [scope for scope in self.caps if run_of(scope) == run]:
            del self.caps[scope]
        self.spent = {place: sum_ for place, sum_ in self.spent.items() if run_of(place[0]) != run}

    def _amount_reserved(self, data: Data) -> None:
        new = Aside(data)
        hold(new.name not in self.live, "something is set aside once")
        hold(WORKSPACE in new.scopes, "everything that is set aside counts in the workspace")
        runs = {run_of(scope) for scope in new.scopes} - {""}
        hold(runs and runs <= self.runs, "something is set aside for an open run alone")
        if new.parent:
            self._refuse_more_than_parent(new)
        self.live[new.name] = new
        attempt, _, number = new.name.rpartition("/")
        if "@" not in number:
            self._metered.add(attempt)
        for place in self.places(new.scopes):
            unit = place[2]
            hold(unit in new.amount, f"what is set aside under {place} is known in {unit}")
            grown = self.excess(place) if new.amount[unit] else 0
            hold(not grown, f"spent ≤ reserved ≤ cap: {place} is passed by {grown}")

    def _refuse_more_than_parent(self, new: Aside) -> None:
        hold(new.parent in self.live, "what something comes out of is live")
        parent = self.live[new.parent]
        for unit in UNITS:
            if new.amount.get(unit) and parent.amount.get(unit) is not None:
                lent = sum(self.promised(part, unit) for part in self.parts(parent))
                left = parent.amount[unit] - parent.used[unit] - lent
                hold(new.amount[unit] <= left, f"{new.name} comes out of what {parent.name} has")

    def _usage_charged(self, data: Data) -> None:
        name, scopes = data["reservation"], scopes_in(data["scopes"])
        charge = {"cost": data["cost"] or 0, "tokens": _tokens(data["usage"])}
        self._refuse_wrong_scopes(scopes, data)
        before = {place: self._known_excess(place) for place in self.places(scopes)}
        aside = self.live.get(name)
        if data.get("estimated"):
            self._cut.discard(name)
        hold(data.get("late", False) is (aside is None), "usage without a reservation is late")
        over = self._use(aside, charge, is_known=data["cost"] is not None)
        hold(data.get("over") == over, f"{over!r} of it goes beyond what was set aside")
        self._count(scopes, charge)
        self._refuse_unrecorded_excess(data, before)

    def _refuse_wrong_scopes(self, scopes: tuple[Scope, ...], data: Data) -> None:
        kinds = [kind for kind, _ in scopes]
        hold(len(set(scopes)) == len(scopes), "usage counts once in each scope")
        hold(kinds.count("model") <= 1 == kinds.count("run"), "usage is of one model and run")
        hold({"workspace", "workflow", "agent", "step"} <= set(kinds), "usage counts in each scope")
        aside = self.live.get(data["reservation"])
        known = aside.scopes if aside else self.settled.get(data["reservation"], ())
        models = [name for kind, name in (*scopes, *known) if kind == "model"]
        hold(models == list(map(self.costs.name_of, models)), "spellings of a model are one")
        if data.get("estimated") and aside is not None:
            cost = _left(aside, "cost")
            # Where a step states only its cost, no tokens were set aside and none are counted.
            left = _left(aside, "tokens") or 0
            hold(_tokens(data["usage"]) == left, "what was set aside counts")
        else:
            cost = self.costs.charged(models, data["usage"])
        hold(data["cost"] == cost, f"the usage costs {cost}")

    def _use(self, aside: Aside | None, charge: Data, *, is_known: bool) -> Data | None:
        """Use something up; return how much of it goes beyond what was set aside."""
        if aside is None:
            return {u: charge[u] for u in UNITS if u == "tokens" or is_known}
        over: dict[Unit, Any] = {}
        for unit in UNITS:
            whole, used = aside.amount.get(unit), aside.used[unit]
            if whole is not None:
                beyond = max(used + charge[unit] - whole, 0) - max(used - whole, 0)
                over |= {unit: beyond} if beyond else {}
        for each in (aside, *self.above(aside)):
            for unit in UNITS:
                each.used[unit] += charge[unit]
        return over or None

    def _count(self, scopes: tuple[Scope, ...], charge: Data) -> None:
        for scope in scopes:
            if run_of(scope) and run_of(scope) not in self.runs:
                continue
            for unit in UNITS:
                for window in ("", self.day[:7], self.day):
                    place = (scope, window, unit)
                    self.spent[place] = self.spent.get(place, 0) + charge[unit]

    def _refuse_unrecorded_excess(self, data: Data, before: dict[Place, int]) -> None:
        logged = {
            ((each["scope"][0], each["scope"][1]), each["period"], unit): by
            for each in data.get("passed", ())
            for unit, by in each["by"].items()
        }
        for place, known in before.items():
            after = self.excess(place)
            if after > known:
                hold(logged.get(place) == after, f"{place} is {after} over, and that is logged")
                self._excess[place] = after
        hold(set(logged) <= set(before), "a cap that is passed is one that there is")

    def _known_excess(self, place: Place) -> int:
        """Return by how much a cap is exceeded; more than what was reported is a fault."""
        excess = self.excess(place)
        hold(excess <= self._excess.get(place, 0), f"spent ≤ reserved ≤ cap: {place} is passed")
        self._excess[place] = excess
        return excess

    def _reservation_settled(self, data: Data) -> None:
        hold(data["reservation"] in self.live, "what is settled was set aside")
        aside = self.live[data["reservation"]]
        if aside.name in self._cut:
            is_used = not any(_left(aside, unit) for unit in UNITS)
            hold(is_used, f"{aside.name} was in flight when its engine ended, and is charged")
        for part in self.parts(aside):
            self._reservation_settled({"reservation": part.name})
        self.settled[aside.name] = aside.scopes
        del self.live[aside.name]

    def _ledger_opened(self, data: Data) -> None:
        """Check that the ledger that takes over knows all that the one before it knew."""
        hold(set(data.get("runs", {})) == self.runs, "a new ledger knows the open runs")
        reservations = {each["reservation"]: each for each in data.get("reservations", ())}
        hold(set(reservations) == set(self.live), "a new ledger knows what is set aside")
        for name, each in reservations.items():
            logged = {unit: each.get("used", {}).get(unit, 0) for unit in UNITS}
            hold(logged == self.live[name].used, f"a new ledger knows what was used of {name}")
            hold(each["amount"] == self.live[name].amount, "a new ledger knows each amount")
        accounts = {tuple(each["scope"]): each for each in data.get("accounts", ())}
        self._refuse_other_accounts(accounts, data.get("day", ""))

    def _refuse_other_accounts(self, accounts: dict[Any, Data], day: str) -> None:
        for scope, caps in self.caps.items():
            limits = accounts.get(scope, {}).get("limits", {})
            logged = {period: limit["amount"] for period, limit in limits.items()}
            hold(logged == caps, f"a new ledger knows the caps of {scope}")
        windows = {"total": "", "month": day[:7], "day": day}
        for (scope, window, unit), amount in self.spent.items():
            for period in (p for p, w in windows.items() if w == window):
                logged_spent = accounts.get(scope, {}).get("spent", {}).get(period, {})
                hold(logged_spent.get(unit, 0) == amount, f"a new ledger knows the sums of {scope}")


def _tokens(usage: Data) -> int:
    tokens: int = usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
    return tokens


def _left(aside: Aside, unit: Unit) -> int | None:
    amount: int | None = aside.amount.get(unit)
    return None if amount is None else max(0, amount - aside.used[unit])
