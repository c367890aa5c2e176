"""A run as plain values, at any moment of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.views import run_view
from missioncontrol.cli.formatters import used
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run.commands import (
    CancelRun,
    CreateRun,
    RecordProcess,
    ReportFailure,
    ReportSuccess,
    ReportUsage,
    StartSteps,
)
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Usage, Work
from tests.application.parts import NOW, Office, run


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    steps = (
        Step("a", "hand", title="First"),
        Step("b", "hand", ("a",), retry=Retry(attempts=2, wait_seconds=2.0)),
        Step("c", "hand", ("b",)),
        Step("d", "hand"),
        Step("e", "hand", ("d",)),
    )
    tell = made.journal.handle_run
    create = CreateRun("run-1", "w", steps, 3, 0.0, {"x": 1}, retry_of="run-0")
    tell("run-1", create)
    tell("run-1", StartSteps(("a", "d")))
    tell("run-1", RecordProcess("a", 1, 42, 1.5, 42))
    tell("run-1", ReportUsage("a", 1, Usage(input_tokens=3)))
    tell("run-1", ReportSuccess("a", 1, Work("Done.", output=1)))
    tell("run-1", ReportFailure("d", 2, Failure("x", "It broke.", retryable=False)))
    tell("run-1", StartSteps(("b",)))
    tell("run-1", ReportFailure("b", 3, Failure("x", "Not yet.")))
    tell("run-1", CancelRun("Enough."))
    run(made.journal.commit())
    return made


def view(office: Office, at: int | None = None) -> dict[str, Any]:
    return run(run_view(office.store, "run-1", at=at))


def states(office: Office, at: int | None = None) -> dict[str, str]:
    return {step["step"]: step["state"] for step in view(office, at)["steps"]}


def test_a_run_is_told_as_it_ended(office: Office) -> None:
    shown = view(office)
    assert (shown["run"], shown["status"], shown["cancel_reason"]) == (
        "run-1",
        "cancelled",
        "Enough.",
    )
    assert (shown["created"], shown["started"], shown["ended"]) == (NOW, NOW, NOW)
    assert (shown["inputs"], shown["retry_of"], shown["concurrency"]) == ({"x": 1}, "run-0", 3)
    assert shown["position"] == len(run(office.store.read()))
    first = shown["steps"][0]
    assert (first["title"], first["attempts"], first["work"]["output"]) == ("First", 1, 1)
    assert (first["usage"]["input_tokens"], first["usage"]["is_priced"]) == (3, True)
    assert shown["steps"][3]["failure"]["reason"] == "It broke."
    assert states(office) == {
        "a": "succeeded",
        "b": "cancelled",
        "c": "cancelled",
        "d": "failed",
        "e": "blocked",
    }


def test_a_run_is_told_as_it_stood_at_any_position(office: Office) -> None:
    kinds = [event.type for event in run(office.store.read_stream("run-1"))]
    at = {kind: place for place, kind in reversed(list(enumerate(kinds, start=1)))}
    assert states(office, at["run_created"]) == {
        "a": "ready",
        "b": "waiting",
        "c": "waiting",
        "d": "ready",
        "e": "waiting",
    }
    working = view(office, at["process_started"])["steps"][0]
    assert working["state"] == "working"
    assert working["processes"][0]["pid"] == 42
    resting = view(office, at["attempt_failed"])["steps"][1]
    assert (resting["state"], resting["retry_at"]) == ("resting", NOW + 1.0)
    assert view(office, at["attempt_failed"])["position"] == at["attempt_failed"]


def test_the_same_position_is_told_in_the_same_bytes(office: Office) -> None:
    assert msgspec.json.encode(view(office, 5)) == msgspec.json.encode(view(office, 5))


def test_a_run_that_had_not_begun_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound):
        view(office, 0)


def test_one_unknown_price_hides_no_known_one(tmp_path: Path) -> None:
    made = Office(tmp_path)
    tell = made.journal.handle_run
    tell("run-1", CreateRun("run-1", "w", (Step("a", "hand"), Step("b", "maker")), 3))
    tell("run-1", StartSteps(("a", "b")))
    tell("run-1", ReportUsage("a", 1, Usage(input_tokens=3350, cost=3350), "gpt-5"))
    tell("run-1", ReportUsage("a", 1, Usage(input_tokens=100, cost=168), "gpt-5"))
    tell("run-1", ReportUsage("b", 2, Usage(output_tokens=8, cost=None), "strange"))
    run(made.journal.commit())
    shown = view(made)
    money = ("cost", "unpriced_tokens", "is_priced")
    assert [shown["usage"][name] for name in money] == [3518, 8, False]
    assert [shown["usage_by_agent"]["hand"][name] for name in money] == [3518, 0, True]
    assert [shown["usage_by_agent"]["maker"][name] for name in money] == [0, 8, False]
    by_step = {step["step"]: step["usage"] for step in shown["steps"]}
    for parts in (shown["usage_by_agent"], shown["usage_by_model"], by_step):
        for name in ("cost", "unpriced_tokens", "input_tokens", "output_tokens"):
            assert sum(part[name] for part in parts.values()) == shown["usage"][name]
    assert used(shown["usage"]) == "3,458 tokens, $0.003518 (8 tokens have no known price)"
    assert used(by_step["b"]) == "8 tokens, price unknown"
    assert used(by_step["a"]) == "3,450 tokens, $0.003518"
