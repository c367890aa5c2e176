"""Whether an amount fits under every cap, and the message where it does not."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.budget.events import Limit
from missioncontrol.domain.budget.scopes import RUNS, Period, Scope, called
from missioncontrol.domain.budget.states import Ledger, Reservation
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import dollars, plain_dollars, tokens
from missioncontrol.domain.step import Amount

Unit = Literal["cost", "tokens"]
UNITS: tuple[Unit, ...] = ("cost", "tokens")
CAP_REFUSALS = frozenset(
    {"budget.exceeded", "budget.unknown_price", "budget.unknown_tokens", "budget.unknown_model"}
)
"""Codes of what a cap does not allow; once the cap is changed, the work may go on."""

BEYOND_LIMIT = "budget.beyond_limit"
"""The code of a call beyond what was set aside for its own attempt. No cap can change that: only
the step can declare more, so it is not among `CAP_REFUSALS`."""

SENTENCES_MAX = 3
COMMANDS_MAX = 10
"""Commands that one hint names; with all of them at once the refused work may start."""

DURING = {"total": "", "month": " for this month", "day": " for today"}


class Shortfall(msgspec.Struct, frozen=True):
    """An amount that a cap, or what was set aside, does not allow."""

    scope: Scope
    period: Period
    unit: Unit
    asked: int
    cap: int
    spent: int
    held: int

    @property
    def missing(self) -> int:
        """By how much it is too much."""
        return self.asked + self.spent + self.held - self.cap


def refuse_excess(
    ledger: Ledger,
    asked: Mapping[Scope, Amount],
    day: str,
    *,
    about: Sequence[Scope],
    models: Sequence[str] = (),
    at_least: bool = False,
) -> None:
    """Refuse amounts that a cap does not allow.

    `about` says whose they are, and `models` which ones have no known price, where that is not in
    `about`. With `at_least` the message adds that more may follow.

    Raises:
        Rejected: `budget.unknown_price`, where a cap in money is to hold what has no known cost,
            `budget.unknown_tokens` likewise, and `budget.exceeded`, naming the caps and by how
            much.
    """
    for scope, period, limit, amount in _limits(ledger, asked):
        if amount.cost is None and limit.amount.cost is not None:
            raise _unknown_price(about, models, scope, period, limit.amount.cost)
        if amount.tokens is None and limit.amount.tokens is not None:
            raise _unknown_tokens(about, scope, period, limit.amount.tokens)
    found = list(shortfalls(ledger, asked, day))
    if found:
        raise _exceeded(subject_of(about), found, at_least=at_least)


def _limits(
    ledger: Ledger, asked: Mapping[Scope, Amount]
) -> Iterator[tuple[Scope, Period, Limit, Amount]]:
    for scope, amount in asked.items():
        account = ledger.accounts.get(scope)
        if account is not None and account.limits:
            for period, limit in account.limits.items():
                yield scope, period, limit, amount


def shortfalls(
    ledger: Ledger, asked: Mapping[Scope, Amount], day: str, *, held: bool = True
) -> Iterator[Shortfall]:
    """Yield where an amount is too much; without `held`, were all other work to use nothing."""
    for scope, period, limit, amount in _limits(ledger, asked):
        account = ledger.accounts[scope]
        spent = account.spent(period, day)
        for unit in UNITS:
            wanted, cap = getattr(amount, unit), getattr(limit.amount, unit)
            if not wanted or cap is None:
                continue  # Nothing at all always fits, also where too much is spent already.
            used, aside = getattr(spent, unit), getattr(account.held, unit) if held else 0
            if wanted + used + aside > cap:
                yield Shortfall(scope, period, unit, wanted, cap, used, aside)


def refuse_spent(
    ledger: Ledger, scopes: Sequence[Scope], day: str, *, may_report: bool = True
) -> None:
    """Refuse work below a cap that is spent, whatever the work says that it will use.

    What can't report usage (without `may_report`) is only refused where something was spent: a
    cap of 0 stops what costs something, and nothing else.

    Raises:
        Rejected: `budget.exceeded`, naming the caps, what is spent, and how to raise them.
    """
    found = list(spent_caps(ledger, scopes, day))
    found = [each for each in found if each.spent or may_report]
    if not found:
        return
    sentences = " ".join(map(_spent_sentence, found[:SENTENCES_MAX]))
    more = len(found) - SENTENCES_MAX
    raise Rejected(
        "budget.exceeded",
        f"{subject_of(scopes)} can't start. {sentences}{_more_caps(more)}",
        hint=_advice(
            [raising_above_spent(each.scope, each.period, each.unit, each.cap) for each in found]
        ),
    )


def _more_caps(number: int) -> str:
    if number <= 0:
        return ""
    return f" {number} more {'cap does' if number == 1 else 'caps do'} not allow it either."


def _advice(commands: Sequence[str]) -> str:
    """Name the commands that together allow what was refused; of many, how many more there are."""
    named = " and ".join(commands[:COMMANDS_MAX])
    more = len(commands) - COMMANDS_MAX
    if more <= 0:
        return f"{named} would allow it."
    return f"{named} and {more} more would allow it; `mission budget list` names all caps."


_STEP_UP: dict[Unit, int] = {"cost": 1_000_000, "tokens": 100_000}
"""The rise that a refusal suggests for a cap of 0."""


def spent_caps(ledger: Ledger, scopes: Iterable[Scope], day: str) -> Iterator[Shortfall]:
    """Yield the caps of these scopes that are spent; what is set aside does not count."""
    for scope in scopes:
        account = ledger.accounts.get(scope)
        for period, limit in _limits_of(ledger, scope):
            for unit in UNITS:
                cap = getattr(limit.amount, unit)
                spent = getattr(account.spent(period, day), unit) if account is not None else 0
                if cap is not None and spent >= cap:
                    yield Shortfall(scope, period, unit, 0, cap, spent, 0)


def _limits_of(ledger: Ledger, scope: Scope) -> Iterable[tuple[Period, Limit]]:
    """Return the caps of a scope; a run that has no account yet has the default of runs."""
    account = ledger.accounts.get(scope)
    if account is None and scope.kind == "run":
        account = ledger.accounts.get(RUNS)
    return account.limits.items() if account is not None else ()


def _spent_sentence(short: Shortfall) -> str:
    cap = f"The cap of {called(short.scope)}{DURING[short.period]}"
    if not short.cap:
        return f"{cap} is {written(short.unit, 0)}: nothing may be spent there."
    return (
        f"{cap}, {written(short.unit, short.cap)}, is spent: "
        f"{written(short.unit, short.spent)} so far."
    )


def refuse_beyond_parent(parent: Reservation, amount: Amount, *, about: Sequence[Scope]) -> None:
    """Refuse what does not come out of the reservation above it.

    Raises:
        Rejected: `budget.beyond_limit`.
    """
    for unit in UNITS:
        asked, whole = getattr(amount, unit), getattr(parent.amount, unit)
        if not asked or whole is None:
            continue
        used, lent = getattr(parent.used, unit), getattr(parent.lent, unit)
        left = max(whole - used - lent, 0)
        if asked > left:
            raise Rejected(
                BEYOND_LIMIT,
                f"{subject_of(about)} may need {written(unit, asked)} and what was set aside for "
                f"it leaves {written(unit, left)} of {written(unit, whole)}: "
                f"{written(unit, asked - left)} too much.",
                hint="Give the step that it works for a larger limit.",
            )


def written(unit: Unit, amount: int) -> str:
    """Return an amount for a person: `$0.40`, `1,200 tokens`."""
    return dollars(amount) if unit == "cost" else tokens(amount)


def words(amount: Amount) -> str:
    """Return money and tokens for a person; what says nothing about either is `nothing`."""
    parts = [
        written(unit, getattr(amount, unit)) for unit in UNITS if getattr(amount, unit) is not None
    ]
    return " and ".join(parts) or "nothing"


def raising_above_spent(scope: Scope, period: Period, unit: Unit, cap: int) -> str:
    """Return the command line that leaves as much again as `cap` did, beyond what is spent.

    What is spent counts when the command runs: work side by side may report until then.
    """
    return raising(scope, period, unit, cap or _STEP_UP[unit], sign="+")


def raising(scope: Scope, period: Period, unit: Unit, amount: int, *, sign: str = "") -> str:
    """Return the command line that sets a cap to an amount; with a `+`, beyond what is spent."""
    name = f" {_quoted(scope.name)}" if scope.name else ""
    figure = plain_dollars(amount) if unit == "cost" else str(amount)
    value = f"--{unit} {sign}{figure}"
    during = "" if period == "total" else f" --per {period}"
    return f"`mission budget set {scope.kind}{name} {value}{during} --reason TEXT`"


def subject_of(scopes: Iterable[Scope]) -> str:
    """Return how a sentence about work in these scopes begins."""
    names: dict[str, str] = {}
    for scope in scopes:
        names.setdefault(scope.kind, called(scope))
    found = names.get("step") or names.get("run") or "this work"
    return found[0].upper() + found[1:]


def _exceeded(who: str, found: list[Shortfall], *, at_least: bool) -> Rejected:
    found = sorted(found, key=lambda each: -each.missing)
    need = "may need at least" if at_least else "may need"
    sentences = [
        _sentence(each, f"{who if place == 0 else 'It'} {need}")
        for place, each in enumerate(found[:SENTENCES_MAX])
    ]
    reason = " ".join(sentences) + _more_caps(len(found) - SENTENCES_MAX)
    commands = [
        raising(each.scope, each.period, each.unit, each.cap + each.missing) for each in found
    ]
    return Rejected("budget.exceeded", reason, hint=_advice(commands))


def _sentence(short: Shortfall, begin: str) -> str:
    unit = short.unit
    need = f"{begin} {written(unit, short.asked)}"
    cap = f"the cap of {called(short.scope)}{DURING[short.period]}"
    if not short.cap:
        return f"{need} and {cap} is {written(unit, 0)}: nothing may be spent there."
    left = max(short.cap - short.spent - short.held, 0)
    aside = f", with {written(unit, short.held)} set aside for other work" if short.held else ""
    return (
        f"{need} and {cap} leaves {written(unit, left)} of {written(unit, short.cap)}{aside}: "
        f"{written(unit, short.missing)} too much."
    )


def _unknown_price(
    about: Sequence[Scope], models: Sequence[str], scope: Scope, period: Period, cap: int
) -> Rejected:
    who = subject_of(about)
    used = models or [each.name for each in about if each.kind == "model"]
    names = [name for name in dict.fromkeys(used) if name]
    held = f"the cap of {called(scope)}{DURING[period]} is in money ({dollars(cap)})"
    if not names:
        return Rejected(
            "budget.unknown_price",
            f"{who} does not say which model it uses, so what it may cost is not known, and "
            f"{held}.",
            hint="Name a model whose price is known; `mission budget price show` tells which are.",
        )
    which = f"model {names[0]!r}" if len(names) == 1 else f"models {', '.join(map(repr, names))}"
    return Rejected(
        "budget.unknown_price",
        f"{who} may use {which}, whose price is not known, and {held}.",
        hint=f"`mission budget price set {_quoted(names[0])} --input USD --output USD "
        "--reason TEXT` "
        "says what a million tokens cost.",
    )


def _unknown_tokens(about: Sequence[Scope], scope: Scope, period: Period, cap: int) -> Rejected:
    return Rejected(
        "budget.unknown_tokens",
        f"{subject_of(about)} does not say how many tokens it may use, and the cap of "
        f"{called(scope)}{DURING[period]} is {tokens(cap)}.",
        hint="Say the most that it can use.",
    )


def _quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    if re.fullmatch(r"[\w@%+=:,./-]+", name, re.ASCII):
        return name
    return "'" + name.replace("'", "'\\''") + "'"
