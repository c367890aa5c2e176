"""`mission budget`: caps, what is spent, and prices of models."""

import argparse
import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

import msgspec

from missioncontrol.application.budgets import CapChange, Ended
from missioncontrol.application.prices import name_of, price_of
from missioncontrol.application.queries import costs
from missioncontrol.application.queries.costs import PriceView
from missioncontrol.cli.budget_formatters import (
    cap_lines,
    changed_lines,
    changed_view,
    price_lines,
    price_view,
    scope_lines,
    set_lines,
    standing_view,
)
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.declarations import Operation
from missioncontrol.domain.budget.balances import capped, standings
from missioncontrol.domain.budget.events import CapSet
from missioncontrol.domain.budget.refusals import UNITS
from missioncontrol.domain.budget.scopes import RUNS, WORKSPACE, Period, Scope, day_of
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.money import micro_dollars
from missioncontrol.domain.price_list import PriceList, PriceSet, rate_in
from missioncontrol.domain.visible import visible
from missioncontrol.operations.price import SET
from missioncontrol.ports.prices import Prices

NONE = "none"
"""What ends a cap in one unit."""


class BudgetDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    def ledger(self) -> Ledger | None:
        """Fold the ledger that holds from the log; None where there is none yet."""
        ...

    def ended(self, run: str) -> Ended | None:
        """Rebuild the ledger as it was when `run` ended; None where it has not or had none."""
        ...

    def prices(self) -> PriceList:
        """Fold what was set from the log."""
        ...

    def known(self, kind: str) -> Collection[str]:
        """Name the agents or workflows there are; nothing where that is not known."""
        ...

    def deliver(self, change: CapChange) -> Any:
        """Send a change to the budgets; return the answer as plain values, once on disk."""
        ...

    def execute(self, operation: Operation[Any, Any], target: str, given: Mapping[str, Any]) -> Any:
        """See `Desk.execute`."""
        ...


def budget(
    arguments: argparse.Namespace,
    desk: BudgetDesk,
    table: Prices,
    *,
    environment: Mapping[str, str],
    now: float,
) -> int:
    """Do what `mission budget` was asked for; `now` is in seconds since the epoch."""
    match arguments.budget:
        case "list":
            return _list(arguments, desk, now)
        case "show":
            return _show(arguments, desk, _counted(_scope(arguments, desk), desk, table, now), now)
    refuse_agents(environment, "budget")
    return _set(arguments, desk, _counted(_scope(arguments, desk), desk, table, now))


def price(
    arguments: argparse.Namespace,
    desk: BudgetDesk,
    table: Prices,
    *,
    environment: Mapping[str, str],
    now: float,
) -> int:
    """Do what `mission budget price` was asked for; `now` is in seconds since the epoch."""
    if arguments.price == "show":
        show = _show_price if arguments.model else _show_all
        return show(arguments, desk, table, now)
    refuse_agents(environment, "price")
    return _set_price(arguments, desk)


def refuse_agents(environment: Mapping[str, str], noun: str) -> None:
    """Refuse where an agent's program types: agents can't raise the cap that they are under.

    Raises:
        Rejected: `budget.by_agent` or `price.by_agent`.
    """
    if environment.get(IN_ATTEMPT):
        raise Rejected(
            f"{noun}.by_agent",
            f"This command was started by an agent at work ({IN_ATTEMPT} is set), "
            f"and agents can't set a {noun}.",
            hint="A person does that, in a terminal of their own.",
        )


def _list(arguments: argparse.Namespace, desk: BudgetDesk, now: float) -> int:
    found = list(capped(desk.ledger(), now))
    if arguments.json:
        print_json([standing_view(each) for each in found])
        return SUCCEEDED
    for each in found:
        _print_lines(cap_lines(each, columns()))
    return SUCCEEDED


def _show(arguments: argparse.Namespace, desk: BudgetDesk, scope: Scope, now: float) -> int:
    ledger = desk.ledger()
    found = [each for each in capped(ledger, now) if each.scope == RUNS]
    ended: Ended | None = None
    if scope != RUNS:
        ended = _what_is_over(scope, ledger or Ledger(), desk)
        found = standings(ended.ledger, scope, ended.at)[:1] if ended else []
        found = found or standings(ledger, scope, now)
    if arguments.json:
        print_json([standing_view(each) for each in found])
        return SUCCEEDED
    _note_unknown(scope, ledger or Ledger(), desk)
    _print_lines(cap_lines(found[0], columns()) if scope == RUNS else scope_lines(found, columns()))
    if ended:
        print_text(f"  its run ended at {moment(ended.at)}\n")
    return SUCCEEDED


def _set(arguments: argparse.Namespace, desk: BudgetDesk, scope: Scope) -> int:
    period: Period = arguments.per or "total"
    change = CapChange(
        scope,
        arguments.reason,
        period,
        _cost(_plain(arguments.cost)),
        _tokens(_plain(arguments.tokens)),
        tuple(unit for unit in UNITS if _is_above_spent(getattr(arguments, unit))),
    )
    answer = desk.deliver(change)
    event = None if answer is None else msgspec.convert(answer, CapSet)
    if arguments.json:
        print_json(changed_view(scope, period, event))
        return SUCCEEDED
    _note_unknown(scope, Ledger(), desk)
    _print_lines(changed_lines(scope, period, event, columns()))
    return SUCCEEDED


def _scope(arguments: argparse.Namespace, desk: BudgetDesk) -> Scope:
    """Return what a command line means; of a run, the beginning of its id is enough.

    Raises:
        Rejected: `budget.bad_scope` or `run.ambiguous`.
    """
    kind, name = arguments.scope, arguments.name.strip()
    if kind == "workspace" and not name:
        return WORKSPACE
    if kind == "workspace" or (not name and kind != "run"):
        raise Rejected(
            "budget.bad_scope",
            f"The workspace has no name; {name[:60]!r} is one too many."
            if name
            else f"The name of the {kind} is missing.",
            hint=f"`mission budget {arguments.budget} workspace` is enough."
            if name
            else f"Name it: `mission budget {arguments.budget} {kind} NAME`.",
        )
    return Scope(kind, _run_name(kind, name, desk))


def _run_name(kind: str, name: str, desk: BudgetDesk) -> str:
    if kind not in ("run", "step") or not name:
        return name
    run, mark, step = name.partition("/")
    ledger = desk.ledger() or Ledger()
    whole = run if run.startswith("run-") else f"run-{run}"
    found = [each for each in ledger.runs if each == run] or sorted(
        each for each in ledger.runs if each.startswith(whole)
    )
    if len(found) > 1:
        raise Rejected(
            "run.ambiguous",
            f"{run!r} could be {', '.join(found[:5])}.",
            hint="Give more letters of the id.",
        )
    return f"{found[0] if found else run}{mark}{step}"


def _counted(scope: Scope, desk: BudgetDesk, table: Prices, now: float) -> Scope:
    """Return the scope under which all spellings of a model count together."""
    if scope.kind != "model":
        return scope
    return Scope("model", name_of(desk.prices(), table, scope.name, now))


def _what_is_over(scope: Scope, ledger: Ledger, desk: BudgetDesk) -> Ended | None:
    """Return how the budgets stood when the run of `scope` ended; None where it has not.

    Raises:
        NotFound: `budget.unknown_run`, where there never was such a budget.
    """
    if scope.kind not in ("run", "step") or scope in ledger.accounts:
        return None
    ended = desk.ended(scope.name.partition("/")[0])
    if ended is None or scope not in ended.ledger.accounts:
        raise NotFound(
            "budget.unknown_run",
            f"{scope.kind.capitalize()} {scope.name!r} never had a budget: it was never begun, or "
            "can spend nothing.",
            hint="`mission show RUN` tells what a run has used; `mission budget list` names caps.",
        )
    return ended


def _note_unknown(scope: Scope, ledger: Ledger, desk: BudgetDesk) -> None:
    """Say so where nothing here has such a name: a cap on a slip of the finger keeps nothing."""
    if scope.kind in ("agent", "workflow") and scope not in ledger.accounts:
        note_stranger(scope.kind, scope.name, desk.known(scope.kind))


def note_stranger(kind: str, name: str, known: Collection[str]) -> None:
    """Say so where `name` is none of those that are `known`, and which one may be meant."""
    if not known or name in known:
        return
    near = difflib.get_close_matches(name, known, 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    note(visible(f"There is no {kind} {name!r} here yet.{meant}\n"))


def _is_above_spent(text: str | None) -> bool:
    """Whether an amount begins with `+`, and so counts from what is spent."""
    return text is not None and text.strip().startswith("+") and len(text.strip()) > 1


def _plain(text: str | None) -> str | None:
    """Return an amount without the `+` that it may begin with."""
    return text.strip()[1:] if text is not None and _is_above_spent(text) else text


def _cost(text: str | None) -> int | msgspec.UnsetType | None:
    if text is None:
        return msgspec.UNSET
    return None if text.strip() == NONE else micro_dollars(text, "--cost")


def _tokens(text: str | None) -> int | msgspec.UnsetType | None:
    if text is None:
        return msgspec.UNSET
    if text.strip() == NONE:
        return None
    if not re.fullmatch(r"[0-9]{1,16}", text.strip(), re.ASCII):
        raise Rejected(
            "budget.bad_amount",
            f"--tokens is {text[:40]!r}; it must be a whole number, or none.",
            hint="Write it like 400000.",
        )
    return int(text)


# Prices.


def _show_price(arguments: argparse.Namespace, desk: BudgetDesk, table: Prices, now: float) -> int:
    known = price_of(desk.prices(), table, arguments.model, now)
    dated = desk.prices().dated.get(arguments.model.lower(), ())
    later = [each for each in dated if each.price.valid_from > day_of(now)]
    if known is None:
        set_when = f"it is set from {later[0].price.valid_from} on" if later else "no price is set"
        raise NotFound(
            "price.unknown",
            f"The price of {arguments.model[:80]!r} is not known: {set_when}, and it is not in "
            f"{table.version}.",
            hint="`mission budget price set MODEL --input USD --output USD --reason TEXT` sets it.",
        )
    if arguments.json:
        print_json(price_view(costs.price_view(known)))
    else:
        _print_lines(price_lines(costs.price_view(known), columns()))
        for each in later:
            _print_lines(set_lines(_view(each), columns()))
    return SUCCEEDED


def _show_all(arguments: argparse.Namespace, desk: BudgetDesk, table: Prices, now: float) -> int:
    del now
    found = [_view(each) for _, dated in sorted(desk.prices().dated.items()) for each in dated]
    if arguments.json:
        views = [{**price_view(each), "actor": each.actor, "reason": each.reason} for each in found]
        print_json({"table": table.version, "set": views})
        return SUCCEEDED
    for each in found:
        _print_lines(set_lines(each, columns()))
    rest = "All others are" if found else "No price is set here; all are"
    print_text(f"{rest} from {table.version}: `mission budget price show MODEL`.\n")
    return SUCCEEDED


def _view(event: PriceSet) -> PriceView:
    return costs.price_view(event.price, event.actor, event.reason)


def _set_price(arguments: argparse.Namespace, desk: BudgetDesk) -> int:
    given: dict[str, Any] = {"reason": arguments.reason, "valid_from": arguments.since}
    for name in ("input", "output", "cached", "cache_write"):
        if (text := getattr(arguments, name)) is not None:
            given[name] = rate_in(text, f"--{name.replace('_', '-')}")
    found = desk.execute(SET, arguments.model, given)
    if arguments.json:
        print_json(price_view(found))
    else:
        _print_lines(set_lines(found, columns()))
    return SUCCEEDED


def _print_lines(lines: list[str]) -> None:
    print_text("".join(f"{line}\n" for line in lines))
