"""What was in flight when an engine or a worker was lost is charged, once."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.metering import HERE
from missioncontrol.application.queries.costs import cap_view
from missioncontrol.application.views import view_of
from missioncontrol.cli.budget_formatters import scope_lines, standing_view
from missioncontrol.cli.formatters import used
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage
from tests.application.play import CARDS, Play

WORST = 1_000


@pytest.fixture(autouse=True)
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    from msgspec.structs import replace

    by_call = Spending("", 600, 400, by_call=True)
    monkeypatch.setitem(CARDS, "caller", replace(CARDS["thinker"], name="caller", spending=by_call))


def played(directory: Path, agent: str, **more: Any) -> Play:
    head = more.get("head", "budget: {tokens: 10000}")
    play = Play(directory, f"name: costly\n{head}\nsteps:\n  a: {{agent: {agent}}}")
    play.start()
    return play


def admit(play: Play, tokens: int = WORST, *, is_here: bool = False) -> None:
    run = play.run
    call = Spending("", tokens, 0)
    meter = play.command_bus.execution.meter
    meter.admit(run, run.steps["a"], run.working["a"].fence, call, is_here=is_here)


def use(play: Play, tokens: int) -> None:
    fence = play.run.working["a"].fence
    play.command_bus.execution.usage(play.name, "a", fence, Usage(input_tokens=tokens, cost=0))


def lose(play: Play) -> None:
    play.command_bus.execution.meter._calls.clear()
    play.command_bus.execution.meter.__dict__.pop("_found", None)
    play.command_bus.execution.lose(play.name, "The engine ended.", ("a",))


def spent(play: Play, scope: Scope = WORKSPACE) -> tuple[int, int]:
    account = play.command_bus.budgets.ledger.account(scope)
    return account.total.tokens, account.held.tokens


@pytest.mark.parametrize("is_here", [False, True])
@pytest.mark.parametrize("agent", ["caller", "hand", "thinker"])
def test_a_call_in_flight_is_charged_with_what_was_set_aside(
    tmp_path: Path, agent: str, is_here: bool
) -> None:
    play = played(tmp_path, agent)
    admit(play, is_here=is_here)
    lose(play)
    assert spent(play) == (WORST, 0)
    assert play.run.usage.tokens == WORST
    assert play.run.status == "running"


def cut(play: Play) -> None:
    fence = play.run.working["a"].fence
    play.command_bus.execution.cut(play.name, "a", fence, "budget.exceeded", "The cap is reached.")


def test_a_call_in_flight_is_charged_where_its_attempt_is_cut(tmp_path: Path) -> None:
    play = played(tmp_path, "caller")
    admit(play)
    cut(play)
    assert spent(play) == (WORST, 0)
    assert play.run.usage.tokens == WORST
    assert play.run.status == "halted"


def test_a_call_that_was_told_or_that_the_engine_will_tell_is_not_charged_by_a_cut(
    tmp_path: Path,
) -> None:
    for place, is_here in (("told", False), ("here", True)):
        play = played(tmp_path / place, "caller")
        admit(play, is_here=is_here)
        if not is_here:
            use(play, 120)
        cut(play)
        assert spent(play) == ((0, 0) if is_here else (120, 0))


def test_an_attempt_that_does_not_ask_by_the_call_is_charged_as_a_whole(tmp_path: Path) -> None:
    play = played(tmp_path, "thinker")
    use(play, 300)
    lose(play)
    assert spent(play) == (WORST, 0)
    assert play.run.usage.tokens == WORST


def test_a_call_that_reported_its_usage_and_was_released_is_charged_once(tmp_path: Path) -> None:
    play = played(tmp_path, "caller")
    admit(play)
    use(play, 120)
    play.command_bus.execution.meter.release(play.run, "a", play.run.working["a"].fence)
    lose(play)
    assert spent(play) == (120, 0)


def test_of_an_attempt_that_goes_on_elsewhere_only_calls_of_the_engine_are_charged(
    tmp_path: Path,
) -> None:
    for place, is_here in (("engine", True), ("worker", False)):
        play = played(tmp_path / place, "caller")
        admit(play, is_here=is_here)
        play.command_bus.execution.charge_lost(play.name, "a", only_here=True)
        assert spent(play) == ((WORST, 0) if is_here else (0, WORST))


def test_kills_never_bring_a_run_beyond_its_cap(tmp_path: Path) -> None:
    play = played(tmp_path, "caller", head="budget: {tokens: 3500}")
    for _ in range(5):
        if "a" not in play.run.working:
            break
        try:
            admit(play)
        except Exception:  # noqa: BLE001 - the cap refuses it
            break
        lose(play)
        play.start()
    assert spent(play)[0] == 3 * WORST


def test_a_crash_is_marked_as_an_estimate_in_the_log(tmp_path: Path) -> None:
    play = played(tmp_path, "caller")
    admit(play, is_here=True)
    lose(play)
    play.settle()
    appends = (append for each in play.command_bus.store.appends for append in each)
    bodies = b"".join(event.body for append in appends for event in append.events)
    assert bodies.count(b'"estimated":true') == 2
    assert f"/1{HERE}".encode() in bodies


def test_totals_of_the_run_and_of_the_budget_say_how_much_a_crash_let_them_estimate(
    tmp_path: Path,
) -> None:
    play = played(tmp_path, "caller")
    use(play, 120)
    admit(play, is_here=True)
    lose(play)
    usage = view_of(play.run)["usage"]
    assert (usage["estimated_tokens"], usage["estimated_cost"]) == (WORST, 0)
    assert used(usage) == "1,120 tokens, price unknown, of which 1,000 tokens estimated"
    total = play.command_bus.budgets.standing(WORKSPACE)[0]
    assert standing_view(total)["spent"]["estimated_tokens"] == WORST
    assert cap_view(total, None, 0.0).spent.estimated_tokens == WORST
    expected = (
        "all time: $0.00 and 1,120 tokens spent, of which 1,000 tokens estimated, "
        "of which 1,120 tokens have no known price"
    )
    assert scope_lines([total], 200)[1].strip() == expected


def test_an_estimate_of_the_gateway_is_marked_and_a_measured_usage_is_not(tmp_path: Path) -> None:
    play = played(tmp_path, "caller")
    fence = play.run.working["a"].fence
    for tokens, estimated in ((120, False), (70, True)):
        usage = Usage(input_tokens=tokens, cost=tokens)
        play.command_bus.execution.usage(play.name, "a", fence, usage, estimated=estimated)
    assert (play.run.bill.cost, play.run.bill.estimated_cost) == (190, 70)
    assert play.run.bill_by_step["a"].estimated_tokens == 70
    assert play.command_bus.budgets.standing(WORKSPACE)[0].spent.estimated_cost == 70
