"""The request to a planner and how its answers are read, for every planner."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.agents.planning import conforming

from missioncontrol.domain.plan import Plan, faults
from missioncontrol.ports import wire
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.planner.answer import answer_schema, read_answer
from missioncontrol.specialists.planner.groundwork import without_groundwork
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

BRIEF = Brief("Add a recipe search", "", (), "", None, None, None, {}, 60, planner="coder")
Reply = Callable[[wire.Consults], str]


class AskingDesk(LocalDesk):
    """A desk from which one agent can be asked, that answers from a list."""

    def __init__(self, directory: Path, *replies: str | AttemptFailed) -> None:
        super().__init__(directory)
        self.asked: list[wire.Consults] = []
        self._replies = list(replies)

    def consult(self, asked: wire.Consults) -> wire.Consulted:
        self.asked.append(asked)
        reply = self._replies.pop(0)
        if isinstance(reply, AttemptFailed):
            raise reply
        return wire.Consulted(asked.number, reply)


@pytest.fixture
def local(tmp_path: Path) -> Plan:
    return LocalPlanner().plan(BRIEF, LocalDesk(tmp_path / "local"))


def text(local: Plan, **changes: Any) -> str:
    whole = json.loads(msgspec.json.encode(without_groundwork(local)))
    return json.dumps({**conforming(whole), **changes})


def objects(value: Any) -> list[dict[str, Any]]:
    """Return every part of a schema that describes an object."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [each for part in inner for each in objects(part)]
    is_object = isinstance(value, dict) and value.get("type") == "object"
    return [value, *found] if is_object else found


def test_the_schema_is_strict_and_holds_nothing_that_is_computed() -> None:
    schema = answer_schema()
    for each in objects(schema):
        assert each["required"] == list(each["properties"])
        assert each["additionalProperties"] is False
    assert not {"summary", "goal", "estimates", "likely", "obtained"} & schema["properties"].keys()
    assert '"default"' not in json.dumps(schema)
    named = set(schema["$defs"])
    assert all(f"#/$defs/{name}" in json.dumps(schema) for name in named)


def test_an_answer_of_that_form_is_a_sound_plan(local: Plan) -> None:
    plan, none = read_answer(text(local), local)
    assert none == []
    assert plan is not None
    assert faults(plan) == []
    assert (plan.summary, plan.kinds) == (local.summary, local.kinds)


def test_a_refused_answer_goes_back_to_the_same_conversation(tmp_path: Path, local: Plan) -> None:
    desk = AskingDesk(tmp_path, "no plan", text(local, title="Search"))
    work = Planner().work(BRIEF, desk)
    first, second = desk.asked
    assert work.output["plan"]["title"] == "Search"
    assert "by agent coder, answer 2" in work.output["plan"]["obtained"]
    assert BRIEF.goal in first.prompt
    assert first.schema == answer_schema()
    assert msgspec.json.decode(first.plan, type=Plan).goal == local.goal
    assert "cannot be accepted" in second.prompt
    assert BRIEF.goal not in second.prompt
    assert (second.schema, second.plan) == ({}, "")


def test_an_agent_that_fails_lets_the_local_plan_stand_in(tmp_path: Path) -> None:
    desk = AskingDesk(tmp_path, AttemptFailed("codex.budget_refused", "The cap is spent."))
    work = Planner().work(msgspec.structs.replace(BRIEF, repository=_code(tmp_path)), desk)
    expected = "This is the local plan, as agent coder gave none: The cap is spent."
    assert work.output["plan"]["summary"].startswith(expected)
    assert len(desk.asked) == 1


def test_what_a_person_has_to_see_to_ends_the_attempt(tmp_path: Path) -> None:
    missing = AttemptFailed("codex.not_found", "There is no program.", hint="Install it.")
    desk = AskingDesk(tmp_path, missing)
    with pytest.raises(AttemptFailed, match="There is no program") as failed:
        Planner().work(BRIEF, desk)
    assert failed.value.hint == "Install it."


def _code(root: Path) -> Path:
    place = root / "tiny"
    place.mkdir()
    (place / "recipes.py").write_text("def recipes():\n    return []\n")
    return place
