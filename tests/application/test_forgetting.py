"""What a person deleted from memory is in no plan made from then on, also of older runs."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.memory import MEMORY
from missioncontrol.application.memory_removal import Forgetting
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.memory import ForgetMemory
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Failed, Succeeded, Working
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import Work
from tests.application.parts import Office

GONE, KEPT = "memory-" + "a" * 20, "memory-" + "b" * 20
TOLD = {
    "recalled": [{"item": GONE, "text": "x"}, {"item": KEPT, "text": "y"}],
    "silenced": ["memory-1"],
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def begin(office: Office, inputs: Mapping[str, Any] = TOLD) -> None:
    steps = (Step(PLAN_STEP, "planner"),)
    office.execution.tell("run-1", CreateRun("run-1", "mission", steps, 10, inputs=dict(inputs)))
    office.execution.start("run-1", (PLAN_STEP,))


def test_what_was_forgotten_before_the_planner_begins_is_not_told(office: Office) -> None:
    forgetting = office.execution.forgetting
    assert forgetting.without(TOLD) is TOLD
    forgetting.note(GONE)
    cleaned = forgetting.without(TOLD)
    assert [each["item"] for each in cleaned["recalled"]] == [KEPT]
    assert cleaned["silenced"] == ["memory-1", GONE], "no document brings it back"


@pytest.mark.parametrize("inputs", [{"recalled": "all"}, {"recalled": [1]}, {"recalled": [{}]}, {}])
def test_other_inputs_of_that_name_are_left_alone(office: Office, inputs: dict[str, Any]) -> None:
    office.execution.forgetting.note(GONE)
    assert office.execution.forgetting.without(inputs) is inputs


def test_a_plan_that_was_being_made_meanwhile_is_made_again(office: Office) -> None:
    begin(office)
    office.clock.time += 1.0
    office.execution.forgetting.note(GONE)
    office.execution.success("run-1", PLAN_STEP, 1, Work("Planned."))
    run = office.journal.runs["run-1"]
    assert not isinstance(run.states[PLAN_STEP], Working)
    office.clock.time += 1.0
    office.execution.start("run-1", (PLAN_STEP,))
    office.execution.success("run-1", PLAN_STEP, 2, Work("Planned."))
    after = office.journal.runs["run-1"].states[PLAN_STEP]
    assert not isinstance(after, Working | Failed), "the second plan knew nothing of it"


def test_an_engine_after_it_knows_what_was_forgotten(office: Office) -> None:
    begin(office)
    office.journal.tell(MEMORY, GONE, ForgetMemory(GONE), actor="user:ann")

    async def open_() -> Forgetting:
        await office.journal.commit()
        found = Forgetting(office.journal)
        await found.open(office.journal.runs["run-1"])
        return found

    cleaned = asyncio.run(open_()).without(TOLD)
    assert [each["item"] for each in cleaned["recalled"]] == [KEPT]


def test_a_run_that_has_planned_is_told_nothing_more(office: Office) -> None:
    begin(office)
    office.execution.success("run-1", PLAN_STEP, 1, Work("Planned."))
    office.journal.tell(MEMORY, GONE, ForgetMemory(GONE), actor="user:ann")

    async def open_() -> None:
        await office.journal.commit()
        run = office.journal.runs["run-1"]
        assert isinstance(run.states[PLAN_STEP], Succeeded)
        await office.execution.forgetting.open(run)

    asyncio.run(open_())
    assert office.execution.forgetting.without(TOLD) is TOLD


def test_only_so_many_are_kept_at_hand(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("missioncontrol.application.memory_removal.FORGOTTEN_MAX", 1)
    office.execution.forgetting.note(GONE)
    office.execution.forgetting.note(KEPT)
    cleaned = office.execution.forgetting.without(TOLD)
    assert [each["item"] for each in cleaned["recalled"]] == [GONE]
