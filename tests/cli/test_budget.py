"""A person sees what may be spent and what was, and changes it under their name with a reason."""

import argparse
import asyncio
import json
from collections.abc import Collection, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import Budgets, CapChange, Ended, read_ended, read_ledger
from missioncontrol.application.journal import Journal
from missioncontrol.application.prices import read_prices
from missioncontrol.cli.budget import budget, price
from missioncontrol.cli.budget_arguments import add_budget, add_price
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.cli.parser import Parser
from missioncontrol.declarations import Operation
from missioncontrol.domain.budget.scopes import scopes_of
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.price_list import PriceList
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage
from tests.application.parts import NOW, StandingClock

T = TypeVar("T")
WHY = ("--reason", "the release is worth it")
RUN = "run-0abc"
DRAFT = scopes_of(RUN, "release-check", step="draft", agent="writer", model="gpt-4o")


class Desk:
    """An engine that is always there, over a log on disk; who types is alice."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteEventStore(path / "log.db", writable=True)
        self.journal = Journal(self.store, StandingClock())
        self.budgets = Budgets(self.journal, GenaiPrices())
        self._do(self.budgets.open())

    def ledger(self) -> Ledger | None:
        return asyncio.run(read_ledger(self.store))

    def ended(self, run: str) -> Ended | None:
        return asyncio.run(read_ended(self.store, run))

    def prices(self) -> PriceList:
        return asyncio.run(read_prices(self.store))

    def known(self, kind: str) -> Collection[str]:
        return {"agent": ("surveyor", "writer")}.get(kind, ())

    def execute(self, operation: Operation[Any, Any], target: str, given: Mapping[str, Any]) -> Any:
        office: Any = argparse.Namespace(budgets=self.budgets)
        command = operation.build(target, given)

        async def work() -> Any:
            return await operation.handle(office, command, "user:alice")

        answer = asyncio.run(work())
        self.save()
        return answer

    def deliver(self, change: CapChange) -> Any:
        sent = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(change)))
        answer: Any = self.budgets.change_cap(msgspec.convert(sent, CapChange), actor="user:alice")
        self.save()
        return msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(answer)))

    def spend(self, cost: int, tokens: int = 10, amount: Amount = Amount(0, 0)) -> None:  # noqa: B008
        self.budgets.open_run(RUN, "release-check", None)
        self.budgets.reserve("a", DRAFT, amount)
        self.budgets.spend("a", "", Usage(output_tokens=tokens, cost=cost))
        self.save()

    def save(self) -> None:
        self._do(self.journal.commit())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)


class Terminal:
    """Types `mission budget …` and `mission budget price …`, and reads what comes back."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = desk
        self.environment: dict[str, str] = {}
        self.noted = ""
        self._capsys = capsys
        self._parser = Parser("mission")
        verbs = self._parser.add_subparsers(dest="verb", parser_class=Parser)
        home = argparse.ArgumentParser(add_help=False)
        add_budget(verbs, home)
        add_price(verbs, home)

    def type(self, *words: str) -> str:
        if words[0] == "price":
            words = ("budget price", *words[1:])
        chosen = self._parser.parse_args(words)
        do = budget if chosen.verb == "budget" else price
        table = self.desk.budgets.prices.table
        assert do(chosen, self.desk, table, environment=self.environment, now=NOW) == 0
        captured = self._capsys.readouterr()
        self.noted = captured.err
        return captured.out

    def json(self, *words: str) -> Any:
        return json.loads(self.type(*words, "--json"))

    def refused(self, *words: str) -> MissionControlError:
        with pytest.raises(MissionControlError) as no:
            self.type(*words)
        return no.value


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(Desk(tmp_path), capsys)


def test_an_empty_home_tells_the_cap_that_is_built_in(terminal: Terminal) -> None:
    output = terminal.type("budget", "list")
    assert "at most 2,000,000 tokens" in output
    assert "built in" in output
    assert terminal.type("budget", "show", "run") == output
    assert "no cap of its own" in terminal.type("budget", "show", "agent", "writer")
    [only] = terminal.json("budget", "list")
    assert (only["scope"], only["name"], only["cap"]["tokens"]) == ("run", "", 2_000_000)


def test_a_cap_is_set_listed_and_shown_with_who_and_why(terminal: Terminal) -> None:
    output = terminal.type(
        "budget", "set", "workflow", "release-check", "--cost", "2", "--per", "month", *WHY
    )
    assert output == "The cap of workflow release-check each month is $2.00 now.\n"
    terminal.desk.spend(1_880_000)
    listed = terminal.type("budget", "list")
    assert "workflow release-check, 2026-09" in listed
    assert "$1.88 spent, $0.12 left of $2.00" in listed
    shown = terminal.type("budget", "show", "workflow", "release-check")
    assert "set by user:alice, 2026-09-21" in shown
    assert "the release is worth it" in shown


def test_what_is_set_aside_is_told_apart_from_what_is_spent(terminal: Terminal) -> None:
    terminal.type("budget", "set", "workspace", "--tokens", "1000", "--per", "day", *WHY)
    terminal.desk.spend(0, 100, Amount(0, 400))
    assert "100 tokens spent, 300 tokens set aside, 600 tokens left of 1,000 tokens" in (
        terminal.type("budget", "show", "workspace")
    )
    day = terminal.json("budget", "show", "workspace")[2]
    assert (day["window"], day["spent"]["tokens"], day["reserved"]["tokens"]) == (
        "2026-09-21",
        100,
        300,
    )
    assert day["left"] == {"cost": None, "tokens": 600}


def test_one_unit_is_changed_and_the_other_stays_until_none_ends_it(terminal: Terminal) -> None:
    terminal.type("budget", "set", "workspace", "--cost", "5", "--tokens", "9", *WHY)
    changed = terminal.json("budget", "set", "workspace", "--cost", "0.5", *WHY)
    assert changed["cap"] == {"cost": 500_000, "tokens": 9}
    assert changed["before"] == {"cost": 5_000_000, "tokens": 9}
    terminal.type("budget", "set", "workspace", "--cost", "none", *WHY)
    gone = terminal.type("budget", "set", "workspace", "--tokens", "none", *WHY)
    assert gone == "The cap of the workspace is gone; it was 9 tokens.\n"


def test_a_cap_below_what_is_spent_says_so(terminal: Terminal) -> None:
    terminal.desk.spend(500_000)
    output = terminal.type("budget", "set", "workspace", "--cost", "0.2", "--per", "day", *WHY)
    assert "$0.30 more than that is spent already" in output
    assert "until it is raised or the day is over" in " ".join(output.split())
    assert "$0.30 too much of $0.20" in terminal.type("budget", "list")


def test_an_amount_with_a_plus_counts_from_what_is_spent_when_it_is_set(
    terminal: Terminal,
) -> None:
    """Work side by side reports after the advice to raise a cap was written."""
    terminal.type("budget", "set", "workspace", "--cost", "1", *WHY)
    terminal.desk.spend(3_500_000)
    output = terminal.type("budget", "set", "workspace", "--cost", "+1.00", *WHY)
    assert "The cap of the workspace is $4.50 now (before: $1.00)." in output
    output = terminal.type("budget", "set", "workspace", "--tokens", "+10", *WHY)
    assert "$4.50" in output
    refusal = terminal.refused("budget", "set", "workspace", "--cost", "+", *WHY)
    assert refusal.code == "money.malformed"


def test_the_same_cap_again_changes_nothing(terminal: Terminal) -> None:
    terminal.type("budget", "set", "workspace", "--cost", "5", *WHY)
    same = terminal.json("budget", "set", "workspace", "--cost", "5", *WHY)
    assert same == {"scope": "workspace", "name": "", "period": "total", "changed": False}
    assert "was so already" in terminal.type("budget", "set", "workspace", "--cost", "5.00", *WHY)


def test_the_cap_of_runs_without_one_is_set_and_ended_like_any_other(terminal: Terminal) -> None:
    output = terminal.type("budget", "set", "run", "--tokens", "50000", *WHY)
    assert output == "The cap of each run without one of its own is 50,000 tokens now.\n"
    terminal.desk.spend(1)
    assert "the cap of each run without one of its own" in terminal.type("budget", "list")
    terminal.type("budget", "set", "run", "--tokens", "none", *WHY)
    assert "at most 2,000,000 tokens" in terminal.type("budget", "show", "run")


def test_the_beginning_of_the_id_of_a_run_is_enough(terminal: Terminal) -> None:
    terminal.desk.spend(5)
    terminal.type("budget", "set", "run", "0a", "--tokens", "3000000", *WHY)
    assert f"run {RUN}" in terminal.type("budget", "show", "run", "run-0")
    terminal.desk.budgets.open_run("run-0xyz", "w", None)
    terminal.desk.save()
    refusal = terminal.refused("budget", "show", "run", "0")
    assert (refusal.code, refusal.reason) == (
        "run.ambiguous",
        f"'0' could be {RUN}, run-0xyz.",
    )


def test_a_cap_of_a_model_counts_for_all_its_spellings(terminal: Terminal) -> None:
    output = terminal.type(
        "budget", "set", "model", "gpt-4o-2024-08-06", "--cost", "1", "--per", "day", *WHY
    )
    assert "model gpt-4o each day is $1.00" in output
    terminal.desk.spend(400_000)
    assert "$0.40 spent, $0.60 left" in terminal.type("budget", "show", "model", "openai:gpt-4o")


def test_tokens_of_unknown_price_are_told_apart(terminal: Terminal) -> None:
    terminal.desk.budgets.open_run(RUN, "w", None)
    terminal.desk.budgets.spend("x", "odd", Usage(input_tokens=7), scopes=scopes_of(RUN, "w"))
    terminal.type("budget", "set", "workspace", "--cost", "1", *WHY)
    assert "7 tokens have no known price" in terminal.type("budget", "show", "workspace")
    assert "7 tokens of unknown price not counted" in terminal.type("budget", "list")


def test_a_name_that_is_not_known_here_is_noted_and_a_near_one_named(terminal: Terminal) -> None:
    words = ("budget", "set", "agent", "surveyer", "--tokens", "5", *WHY)
    printed = terminal.type(*words), terminal.noted
    assert printed[0].startswith("The cap of agent surveyer is 5 tokens now.")
    assert printed[1] == "There is no agent 'surveyer' here yet. Did you mean 'surveyor'?\n"
    terminal.type("budget", "set", "agent", "writer", "--tokens", "5", *WHY)
    assert terminal.noted == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "workspace", *WHY), "budget.nothing_to_do"),
        (("set", "workspace", "mine", "--cost", "1", *WHY), "budget.bad_scope"),
        (("set", "agent", "--cost", "1", *WHY), "budget.bad_scope"),
        (("set", "workspace", "--cost", "two", *WHY), "money.malformed"),
        (("set", "workspace", "--cost", "1.0000001", *WHY), "money.malformed"),
        (("set", "workspace", "--tokens", "1e6", *WHY), "budget.bad_amount"),
        (("set", "workspace", "--tokens", "-5", *WHY), "budget.bad_amount"),
        (("set", "workspace", "--cost", "1", "--reason", "  "), "budget.no_reason"),
        (("set", "workspace", "--cost", "none", *WHY), "budget.no_cap"),
        (("set", "run", "nope", "--cost", "1", *WHY), "budget.run_not_open"),
        (("set", "run", "--tokens", "1", "--per", "day", *WHY), "budget.bad_scope"),
        (("show", "run", "nope"), "budget.unknown_run"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    terminal: Terminal, words: tuple[str, ...], code: str
) -> None:
    refusal = terminal.refused("budget", *words)
    assert refusal.code == code
    assert "\n" not in str(refusal)
    assert refusal.hint


def test_the_budget_of_a_run_that_has_ended_tells_its_cap_who_raised_it_and_what_was_spent(
    terminal: Terminal,
) -> None:
    desk = terminal.desk
    desk.spend(3_350, tokens=8)
    terminal.type("budget", "set", "run", RUN, "--cost", "2", *WHY)
    desk.budgets.close_run(RUN)
    desk.budgets.open_run("run-later", "release-check", None)
    desk.save()
    shown = terminal.type("budget", "show", "run", RUN)
    assert "$0.00335 spent" in shown
    assert "$1.99665 left of $2.00" in shown
    assert "set by user:alice" in shown
    assert "its run ended at 2026-09-21 " in shown
    (view,) = terminal.json("budget", "show", "run", RUN)
    assert (view["cap"]["cost"], view["spent"]["cost"], view["spent"]["tokens"]) == (
        2_000_000,
        3_350,
        8,
    )
    assert terminal.refused("budget", "show", "run", "run-none").code == "budget.unknown_run"


def test_an_agent_at_work_cannot_raise_the_cap_it_is_under(terminal: Terminal) -> None:
    terminal.environment = {IN_ATTEMPT: "run-1/draft@1"}
    assert terminal.refused("budget", "set", "workspace", "--cost", "9", *WHY).code == (
        "budget.by_agent"
    )
    rates = ("--input", "0", "--output", "0")
    assert terminal.refused("price", "set", "m", *rates, *WHY).code == "price.by_agent"
    assert terminal.type("budget", "list")


# ── Prices


def test_the_price_of_a_model_is_shown_with_its_source(terminal: Terminal) -> None:
    output = terminal.type("price", "show", "gpt-4o-2024-08-06")
    assert output.startswith("gpt-4o: genai-prices ")
    assert "$2.50 input, $1.25 cached input, $10.00 output, a million tokens" in output
    tiers = terminal.type("price", "show", "claude-sonnet-4-5")
    assert "with more than 200,000 input tokens, all of them:" in tiers
    shown = terminal.json("price", "show", "claude-sonnet-4-5")
    assert (shown["input"], shown["tiers"][0]["above"]) == ("3", 200_000)


def test_a_price_that_holds_later_is_told_with_the_one_that_holds_now(terminal: Terminal) -> None:
    later = ("--input", "1", "--output", "2", "--from", "2999-01-01", *WHY)
    terminal.type("price", "set", "soon", *later)
    assert "it is set from 2999-01-01 on" in terminal.refused("price", "show", "soon").reason
    terminal.type("price", "set", "soon", "--input", "3", "--output", "4", *WHY)
    output = terminal.type("price", "show", "soon")
    assert output.index("$3.00 input") < output.index("override 1, from 2999-01-01 on")


def test_a_price_is_set_for_a_model_that_no_table_knows(terminal: Terminal) -> None:
    assert terminal.refused("price", "show", "llama-at-home").code == "price.unknown"
    rates = ("--input", "0", "--output", "$0.25", "--from", "2026-09-01")
    terminal.type("price", "set", "llama-at-home", *rates, *WHY)
    output = terminal.type("price", "show", "LLAMA-at-home")
    assert "override 1, from 2026-09-01 on" in output
    assert "$0.00 input, $0.25 output, a million tokens" in output
    again = terminal.json("price", "set", "llama-at-home", *rates, "--cached", "0.1", *WHY)
    assert (again["version"], again["cached"]) == ("2", "0.1")
    listed = terminal.type("price", "show")
    assert "set by user:alice: the release is worth it" in listed
    first, _ = terminal.json("price", "show")["set"]
    assert (first["model"], first["output"], first["actor"]) == (
        "llama-at-home",
        "0.25",
        "user:alice",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--input", "x", "--output", "1", *WHY), "price.bad_rate"),
        (("--input", "1", "--output", "NaN", *WHY), "price.bad_rate"),
        (("--input", "1", "--output", "1", "--cached", "-1", *WHY), "price.bad_rate"),
        (("--input", "1", "--output", "1", "--from", "today", *WHY), "price.bad_date"),
        (("--input", "1", "--output", "1", "--reason", " "), "price.no_reason"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(
    terminal: Terminal, words: tuple[str, ...], code: str
) -> None:
    assert terminal.refused("price", "set", "m", *words).code == code


def test_where_no_price_is_set_the_table_is_named(terminal: Terminal) -> None:
    assert terminal.type("price", "show") == (
        f"No price is set here; all are from {terminal.desk.budgets.prices.table.version}: "
        "`mission budget price show MODEL`.\n"
    )
