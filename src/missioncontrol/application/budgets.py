"""Budgets as the engine and people use them: worst cases, reservations, charges and caps."""

from collections.abc import Iterable

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import ENGINE, READ_AT_ONCE, Journal, fold
from missioncontrol.application.prices import PriceBook
from missioncontrol.domain.budget.balances import Standing, capped, standings
from missioncontrol.domain.budget.commands import (
    BudgetCommand,
    ChargeUsage,
    CloseRun,
    OpenLedger,
    OpenRun,
    OpenStep,
    Reserve,
    SetCap,
    Settle,
)
from missioncontrol.domain.budget.decide import decide
from missioncontrol.domain.budget.events import (
    EVENTS,
    NOTHING,
    BudgetEvent,
    CapSet,
    PassedCap,
    RunBudgetClosed,
    UsageCharged,
)
from missioncontrol.domain.budget.evolve import evolve
from missioncontrol.domain.budget.forecast import Forecast, forecast
from missioncontrol.domain.budget.refusals import (
    Unit,
    refuse_excess,
    refuse_spent,
    shortfalls,
    spent_caps,
)
from missioncontrol.domain.budget.scopes import (
    WORKSPACE,
    Cap,
    Period,
    Scope,
    called,
    day_of,
    run_of,
)
from missioncontrol.domain.budget.states import Ledger, Reservation
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.price import charged, worst
from missioncontrol.domain.register import Event
from missioncontrol.domain.step import NO_AMOUNT, Amount, Spending, Step, tighter
from missioncontrol.domain.work import Usage
from missioncontrol.ports.event_store import EventStore
from missioncontrol.ports.prices import Prices

CLOSED = EVENTS[RunBudgetClosed][0]
LEDGER_EVENTS_MAX = 10_000
"""From here on a new ledger takes over, so that an engine never has to read more to begin."""


class Charge(msgspec.Struct, frozen=True):
    """What counts as spent for a usage."""

    cost: int | None  # micro-dollars; None where it can't be known
    over: Amount | None = None  # how much of it goes beyond what was set aside
    passed: tuple[PassedCap, ...] = ()  # caps that it went beyond
    price: str = ""  # version of the price it was worked out by; empty where there is none


class CapChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to set a cap; a unit that is left out stays as it is."""

    scope: Scope
    reason: str
    period: Period = "total"
    cost: int | msgspec.UnsetType | None = msgspec.UNSET  # micro-dollars; None: no cap in money
    tokens: int | msgspec.UnsetType | None = msgspec.UNSET
    above_spent: tuple[Unit, ...] = ()  # units whose amount counts from what is spent by then


def _unknown(stream: str) -> NotFound:
    return NotFound("budget.no_ledger", f"There is no ledger {stream!r} here.")


LEDGER: Concept[Ledger, BudgetCommand, BudgetEvent] = Concept(decide, evolve, _unknown)


def stream_of(number: int) -> str:
    """Return where a ledger stands in the log."""
    return f"ledger-{number}"


async def last_ledger(store: EventStore) -> int:
    """Return the number of the ledger that holds now; 0 where nothing was ever spent or capped.

    Found by doubling and halving: a home may have thousands.
    """

    async def is_there(number: int) -> bool:
        return bool(await store.read_stream(stream_of(number), limit=1))

    beyond = 1
    while await is_there(beyond):
        beyond *= 2
    known = beyond // 2
    while beyond - known > 1:
        middle = (known + beyond) // 2
        known, beyond = (middle, beyond) if await is_there(middle) else (known, middle)
    return known


async def read_ledger(store: EventStore) -> Ledger | None:
    """Rebuild the ledger that holds from the log alone; None where there is none yet."""
    number = await last_ledger(store)
    if not number:
        return None
    ledger: Ledger | None = (await fold(store, LEDGER, stream_of(number)))[0]
    return ledger


class Ended(msgspec.Struct, frozen=True):
    """The budgets as they stood when a run ended."""

    ledger: Ledger
    at: float  # seconds since the epoch


async def read_ended(store: EventStore, run: str) -> Ended | None:
    """Rebuild the ledger as it was when `run` ended; None where it has not, or had no budget.

    The newest ledgers are looked through first.
    """
    for number in range(await last_ledger(store), 0, -1):
        end = await _closing(store, stream_of(number), run)
        if end is not None:
            ledger, _ = await fold(store, LEDGER, stream_of(number), until=end.position - 1)
            return Ended(ledger, end.time / 1_000_000)
    return None


async def _closing(store: EventStore, stream: str, run: str) -> Recorded | None:
    version = 0
    while rows := await store.read_stream(stream, after=version, limit=READ_AT_ONCE):
        for row in rows:
            if row.type == CLOSED and row.correlation == run:
                return row
        version = rows[-1].version
    return None


class Budgets:
    """The one place where something is set aside or counted as spent."""

    def __init__(
        self, journal: Journal, prices: Prices, *, events_max: int = LEDGER_EVENTS_MAX
    ) -> None:
        """`prices` is the table for models whose price is not set here."""
        self._journal = journal
        self._events_max = events_max
        self._number = 0
        self.prices = PriceBook(journal, prices)

    async def open(self) -> None:
        """Load the ledger that holds, and the prices that were set."""
        await self.prices.open()
        self._number = await last_ledger(self._journal.store)
        if self._number:
            await self._journal.load(LEDGER, stream_of(self._number))

    @property
    def ledger(self) -> Ledger:
        """How everything stands; an empty one where nothing was ever spent or capped."""
        found: Ledger | None = self._journal.others.get(stream_of(self._number))
        return found or Ledger()

    def set_cap(self, cap: Cap, *, actor: str, reason: str) -> CapSet | None:
        """Raise, lower, set or (without an amount) take away a cap; None where it was so already.

        Raises:
            Rejected: `budget.bad_scope`, `budget.bad_amount`, `budget.no_reason`, `budget.no_cap`,
                `budget.needs_cap`, `budget.too_many` or `budget.run_not_open`.
        """
        command = SetCap(self._counted(cap.scope), cap.period, cap.amount, actor, reason)
        events = self._handle(command, actor=actor, run=run_of(cap.scope))
        return next((event for event in events if isinstance(event, CapSet)), None)

    def change_cap(self, change: CapChange, *, actor: str) -> CapSet | None:
        """Change one unit of a cap, or both, and leave the rest as it is; see `set_cap`.

        Raises:
            Rejected: as `set_cap`, and `budget.nothing_to_do`, where no unit is named.
        """
        if change.cost is msgspec.UNSET and change.tokens is msgspec.UNSET:
            raise Rejected(
                "budget.nothing_to_do",
                "The new cap is missing.",
                hint="Give --cost USD, --tokens N or both.",
            )
        limit = self.ledger.account(self._counted(change.scope)).limits.get(change.period)
        present = Amount() if limit is None else limit.amount
        amount = Amount(
            present.cost if change.cost is msgspec.UNSET else change.cost,
            present.tokens if change.tokens is msgspec.UNSET else change.tokens,
        )
        amount = self._from_spent(change, amount)
        return self.set_cap(
            Cap(change.scope, change.period, amount), actor=actor, reason=change.reason
        )

    def _from_spent(self, change: CapChange, amount: Amount) -> Amount:
        """Count the units that `change` names from what is spent when it is carried out.

        Parallel attempts may still report spending after a cap is passed, so an absolute figure
        would be too small by the time it is set.
        """
        account = self.ledger.account(self._counted(change.scope))
        spent = account.spent(change.period, self._day())
        for unit in change.above_spent:
            more = getattr(amount, unit)
            if more is not None:
                amount = msgspec.structs.replace(amount, **{unit: getattr(spent, unit) + more})
        return amount

    def caps(self) -> list[Standing]:
        """Return every cap that holds and how it stands; see `domain.budget.balances.capped`."""
        return list(capped(self.ledger, self._journal.clock.now()))

    def standing(self, scope: Scope) -> list[Standing]:
        """Return how a scope stands: all time, this month and today."""
        return standings(self.ledger, self._counted(scope), self._journal.clock.now())

    def open_run(
        self, run: str, workflow: str, amount: Amount | None, *, actor: str = ENGINE
    ) -> None:
        """Give a run its own cap, or the default where its workflow names none; once."""
        self._handle(OpenRun(run, workflow, amount), actor=actor, run=run)

    def open_step(self, run: str, step: str, amount: Amount, *, actor: str = ENGINE) -> None:
        """Give a step of an open run a cap for all its attempts; once.

        Raises:
            Rejected: `budget.run_not_open`.
        """
        self._handle(OpenStep(run, step, amount), actor=actor, run=run)

    def close_run(self, run: str) -> None:
        """Free what is set aside for a run that has settled, and forget its own caps."""
        if run in self.ledger.runs:
            self._handle(CloseRun(run), run=run)

    def worst(self, spending: Spending | None, agent: str = "") -> Amount:
        """Return the most that one attempt can use; its cost is None where no price is known.

        Without a declaration that is nothing at all.
        """
        del agent
        if spending is not None and spending.stated is not None:
            return spending.stated
        tokens = spending.input_tokens + spending.output_tokens if spending else 0
        if spending is None or not tokens:
            return NO_AMOUNT
        price = self.prices.price(spending.model, self._journal.clock.now())
        if price is None:
            return Amount(None, tokens)
        return Amount(worst(price, spending.input_tokens, spending.output_tokens), tokens)

    def forecast(self, steps: Iterable[Step]) -> Forecast:
        """Return the worst case of everything that is known to be done, by agent and model too."""
        return forecast(steps, self.worst, self._model)

    def estimate(self, steps: Iterable[Step]) -> Amount:
        """Return the worst case of everything that is known to be done, over all attempts."""
        return self.forecast(steps).total

    def admit_run(
        self,
        run: str,
        workflow: str,
        estimate: Amount | Forecast,
        scopes: Iterable[Scope] = (),
    ) -> None:
        """Refuse a run whose worst case does not fit under a cap; nothing is set aside.

        A whole forecast also holds every agent and model to its own caps.

        Raises:
            Rejected: `budget.exceeded`, naming the caps and by how much, or
                `budget.unknown_price`.
        """
        whole = estimate if isinstance(estimate, Forecast) else Forecast(estimate)
        more = map(self._counted, scopes)
        about = (WORKSPACE, Scope("workflow", workflow), Scope("run", run), *more)
        refuse_excess(
            self.ledger,
            {**whole.shares_by(self.ledger.counted), **dict.fromkeys(about, whole.total)},
            self._day(),
            about=(Scope("run", run),),
            models=whole.unpriced,
            at_least=whole.at_least,
        )

    def reserve(
        self,
        reservation: str,
        scopes: tuple[Scope, ...],
        amount: Amount,
        *,
        parent: str = "",
        starts: bool = False,
    ) -> None:
        """Set the worst case of some work aside under every cap of every scope, or refuse it.

        With a `parent` it comes out of what that one has left. The workspace is always among the
        scopes. Doing it twice is doing it once. What `starts` work, or sets anything aside, is
        also refused below a cap that is spent in another unit.

        Raises:
            Rejected: `budget.exceeded`, naming the caps and by how much, `budget.beyond_limit`,
                where the parent has less left, `budget.unknown_price`, `budget.unknown_tokens`,
                `budget.run_not_open`, `budget.no_run`, `budget.duplicate` or `budget.too_deep`.
            NotFound: `budget.unknown_reservation`, where there is no such parent.
        """
        about = self._all(scopes)
        self._handle(Reserve(reservation, about, amount, parent, starts), run=_run_among(scopes))

    def room(self, scopes: tuple[Scope, ...], *, parent: str = "") -> Amount:
        """Return what may still be set aside in these scopes; None in a unit without a cap.

        With a live `parent` it comes out of what that one has left.
        """
        above, about = self.ledger.live.get(parent), self._all(scopes)
        least = Amount()
        if above is not None:
            about = tuple(scope for scope in about if scope not in above.scopes)
            least = above.left
        for each in (each for scope in about for each in self.standing(scope)):
            least = tighter(least, each.left) or least
        return least

    def left(self, scopes: tuple[Scope, ...], step: str) -> Amount:
        """Return all that the caps of these scopes leave to a step; None where none is in a unit.

        Raises:
            Rejected: `budget.exceeded`, where one of them leaves nothing.
        """
        least: Amount | None = None
        for each in (each for scope in self._all(scopes) for each in self.standing(scope)):
            if _leaves_nothing(each.left):
                raise Rejected(
                    "budget.exceeded",
                    f"Step {step!r} calls models and does not say how much it may use, so it "
                    f"takes all that is left, and the cap of {called(each.scope)} leaves nothing.",
                    hint="Raise it with `mission budget set`, or give the step a `budget`.",
                )
            least = tighter(least, each.left)
        return least or Amount()

    def refuse_spent(self, scopes: tuple[Scope, ...], *, may_report: bool) -> None:
        """Refuse work below a cap that is spent; see `domain.budget.refusals.refuse_spent`.

        Raises:
            Rejected: `budget.exceeded`.
        """
        if self.ledger.accounts:
            about = self._all(scopes)
            refuse_spent(self.ledger, about, self._day(), may_report=may_report)

    def refuse_any_model(self, step: str) -> None:
        """Refuse a step that does not say which model it calls, where a model is used up.

        Raises:
            Rejected: `budget.unknown_model`, naming the model that it may not be.
        """
        for scope in (scope for scope in self.ledger.accounts if scope.kind == "model"):
            if any(map(_is_spent, self.standing(scope))):
                raise Rejected(
                    "budget.unknown_model",
                    f"Step {step!r} does not say which model it calls, and the cap of "
                    f"{called(scope)} leaves nothing.",
                    hint="Say it in the step as `model: NAME`, or raise that cap.",
                )

    def fits_later(self, scopes: tuple[Scope, ...], amount: Amount, *, parent: str = "") -> bool:
        """Say whether what was refused would fit if all other work used nothing.

        Then it may as well wait; else only a higher cap helps.
        """
        above, about = self.ledger.live.get(parent), self._all(scopes)
        if above is not None:
            about = tuple(scope for scope in about if scope not in above.scopes)
            if not _fits_into(above, amount):
                return False
        asked, day = dict.fromkeys(about, amount), self._day()
        if any(spent_caps(self.ledger, about, day)):
            return False
        return not any(shortfalls(self.ledger, asked, day, held=False))

    def _all(self, scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
        """Return the scopes as they count, with the workspace: no work is outside of it."""
        named = map(self._counted, scopes)
        return tuple(dict.fromkeys((*map(self.ledger.counted, named), WORKSPACE)))

    def _counted(self, scope: Scope) -> Scope:
        """Return the scope under whose name all spellings of a model count together."""
        return Scope("model", self._model(scope.name)) if scope.kind == "model" else scope

    def _model(self, name: str) -> str:
        return self.prices.name(name, self._journal.clock.now())

    def _day(self) -> str:
        return self.ledger.today(day_of(self._journal.clock.now()))

    def spend(
        self,
        reservation: str,
        model: str,
        usage: Usage,
        *,
        scopes: tuple[Scope, ...] = (),
        estimated: bool = False,
    ) -> Charge:
        """Count a usage, priced as of now; `model` is as its agent reports it.

        A model without a known price is charged like the one that was reserved for. `scopes` say
        whose usage it is where nothing was set aside for it.

        Raises:
            NotFound: `budget.unknown_reservation`, where neither is known.
            Rejected: `usage.malformed`.
        """
        known = self._scopes_of(reservation) or scopes
        names = (model, *(scope.name for scope in known if scope.kind == "model"))
        now = self._journal.clock.now()
        found = (self.prices.price(name, now) for name in names if name)
        price = next((price for price in found if price is not None), None)
        cost = charged(price, usage)
        about = self._all(scopes) if scopes else ()
        named = self._model(model)
        command = ChargeUsage(reservation, named, usage, cost, price, about, estimated)
        events = self._handle(command, run=_run_among(known))
        counted = next((event for event in events if isinstance(event, UsageCharged)), None)
        version = f"{price.source} {price.version}" if price is not None else ""
        if counted is None:
            return Charge(cost, price=version)
        return Charge(cost, counted.over, counted.passed, version)

    def settle(self, reservation: str) -> None:
        """Free what was not used of a reservation and of all that came out of it; once."""
        live = self.ledger.live.get(reservation)
        if live is not None:
            self._handle(Settle(reservation), run=_run_among(live.scopes))

    def forfeit(self, reservation: str) -> Usage | None:
        """Charge all that is left of a reservation whose use a crash hides, and settle it.

        Return what was charged; None where nothing was left.
        """
        live = self.ledger.live.get(reservation)
        if live is None:
            return None
        tokens = max((live.amount.tokens or 0) - live.used.tokens, 0)
        cost = None if live.amount.cost is None else max(live.amount.cost - live.used.cost, 0)
        usage = Usage(input_tokens=tokens, cost=cost)
        command = ChargeUsage(reservation, "", usage, cost, None, estimated=True)
        self._handle(command, run=_run_among(live.scopes))
        self.settle(reservation)
        return usage if usage.tokens or usage.cost else None

    def reservations(self, run: str) -> list[str]:
        """Name what is set aside for a run, parents first."""
        return [
            each.id
            for each in self.ledger.live.values()
            if any(run_of(scope) == run for scope in each.scopes)
        ]

    def _scopes_of(self, reservation: str) -> tuple[Scope, ...]:
        live = self.ledger.live.get(reservation)
        return self.ledger.settled.get(reservation, ()) if live is None else live.scopes

    def _handle(self, command: BudgetCommand, *, actor: str = ENGINE, run: str = "") -> list[Event]:
        if not self._number or self.ledger.length >= self._events_max:
            self._turn_over()
        stream = stream_of(self._number)
        return self._journal.tell(LEDGER, stream, command, actor=actor, correlation=run)

    def _turn_over(self) -> None:
        """Create a new ledger from all that the one before it knows."""
        before = self.ledger if self._number else None
        number = self._number + 1
        self._journal.tell(LEDGER, stream_of(number), OpenLedger(before))
        if before is not None:
            self._journal.forget(stream_of(self._number))
        self._number = number


def _leaves_nothing(left: Amount) -> bool:
    return any(each is not None and each <= 0 for each in (left.cost, left.tokens))


def _is_spent(standing: Standing) -> bool:
    """Whether a cap leaves nothing, whatever becomes of what is set aside now."""
    return _leaves_nothing(msgspec.structs.replace(standing, held=NOTHING).left)


def _run_among(scopes: tuple[Scope, ...]) -> str:
    return next((scope.name for scope in scopes if scope.kind == "run"), "")


def _fits_into(parent: Reservation, amount: Amount) -> bool:
    """Say whether an amount would come out of a reservation that has lent nothing."""
    pairs = (
        (parent.amount.cost, parent.used.cost, amount.cost),
        (parent.amount.tokens, parent.used.tokens, amount.tokens),
    )
    return all(not asked or whole is None or asked <= whole - used for whole, used, asked in pairs)
