"""Who may plan a mission, what that can use, and how long it may take."""

import pytest

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.planners import planner_spending, planning_seconds
from missioncontrol.domain.step import Spending

OF_MODEL = Spending("m", by_call=True)


def card(kind: str, model: str = "") -> AgentCard:
    return AgentCard("a", "", kind, spending=Spending(model, 10, 10) if model else None)


@pytest.mark.parametrize(
    ("planner", "found", "expected"),
    [
        ("", None, OF_MODEL),
        ("model", None, OF_MODEL),
        ("local", None, None),
        ("codex", None, Spending(by_call=True)),
        ("a", card("claude", "wise"), Spending("wise", by_call=True)),
        ("codex", card("codex", "own"), Spending("own", by_call=True)),
    ],
)
def test_each_call_of_a_planner_is_set_aside(
    planner: str, found: AgentCard | None, expected: Spending | None
) -> None:
    assert planner_spending(planner, found, OF_MODEL) == expected


@pytest.mark.parametrize(
    ("planner", "found", "reason"),
    [
        ("a", None, "not known"),
        ("a", card("command"), "of kind command"),
        ("codex", card("http"), "of kind http"),
    ],
)
def test_who_can_not_plan_is_refused(planner: str, found: AgentCard | None, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as refused:
        planner_spending(planner, found, OF_MODEL)
    assert "claude-code" in refused.value.hint


def test_a_model_that_is_not_configured_is_refused_only_where_it_is_asked_for() -> None:
    assert planner_spending("", None, None) is None
    with pytest.raises(Rejected, match="No model is configured"):
        planner_spending("model", None, None)


def test_an_agent_has_more_time_than_our_rules() -> None:
    assert planning_seconds("", 120) == planning_seconds("local", 120) == 120
    assert planning_seconds("codex", 120) == 1_800
    assert planning_seconds("codex", 9_000) == 9_000
