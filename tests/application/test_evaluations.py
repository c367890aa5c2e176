"""The way in for evaluations: begun once a plan, and a trial begins together with its run."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.application.audit import verify
from missioncontrol.application.evaluations import (
    EvaluationAsked,
    EvaluationDesk,
    TrialAsked,
    TrialEnded,
    listed,
    read_evaluation,
)
from missioncontrol.application.runs import Prepared, Runs
from missioncontrol.domain.definition import Definition
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.evaluation import Judged
from tests.application.parts import Office, run
from tests.domain.test_evaluation import BEGUN


class Desk:
    """A desk over a log in memory, whose workflow has one step."""

    def __init__(self, path: Path) -> None:
        self.command_bus = Office(path)
        self.adopted: list[str] = []
        self.begun = 0
        self.desk = EvaluationDesk(self.command_bus.journal, self.runs(), self.adopted.append)

    def runs(self) -> Any:
        desk = self

        class Begun(Runs):
            def __init__(self) -> None:
                """It has no workflows: what begins is counted."""

            async def prepare(self, *_: Any, **__: Any) -> Prepared:
                return Prepared(Definition("trial"), (), {})

            def begin(self, prepared: Any, origin: Any) -> str:
                desk.begun += 1
                return f"run-{desk.begun}"

        return Begun()

    def do(self, work: Any) -> Any:
        async def both() -> Any:
            answer = await work
            await self.command_bus.journal.commit()
            return answer

        return run(both())

    def begin(self, name: str = "evaluation-1", *, always: bool = False) -> Any:
        begun = msgspec.structs.replace(BEGUN, evaluation=name)
        return self.do(self.desk.begin(EvaluationAsked(begun, always), actor="user:ada"))

    def trial(self, number: int, name: str = "evaluation-1") -> str:
        ask = TrialAsked(name, number, "trial-x", 1, {})
        return str(self.do(self.desk.trial(ask, actor="user:ada"))["run"])

    def judge(self, number: int, name: str, outcome: Any = "passed", patch: str = "") -> Any:
        ask = TrialEnded("evaluation-1", number, name, Judged(outcome, patch=patch))
        return self.do(self.desk.judge(ask, actor="user:ada"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_same_plan_goes_on_until_it_has_ended(desk: Desk) -> None:
    assert desk.begin() == {"evaluation": "evaluation-1", "is_new": True}
    assert desk.begin("evaluation-2") == {"evaluation": "evaluation-1", "is_new": False}
    assert desk.begin("evaluation-3", always=True) == {"evaluation": "evaluation-3", "is_new": True}
    assert desk.begin("evaluation-3", always=True)["is_new"] is False
    names = [each.evaluation for each in run(listed(desk.command_bus.store))]
    assert names == ["evaluation-3", "evaluation-1"]


def test_the_last_judgement_ends_it(desk: Desk) -> None:
    desk.begin()
    assert [desk.trial(0), desk.trial(1)] == ["run-1", "run-2"]
    assert desk.adopted == ["run-1", "run-2"]
    assert desk.judge(0, "run-1") == {"is_new": True, "is_over": False}
    assert desk.judge(0, "run-1", "failed") == {"is_new": False, "is_over": False}
    assert desk.judge(1, "run-2", "stuck") == {"is_new": True, "is_over": True}
    assert desk.judge(1, "run-2", "stuck") == {"is_new": False, "is_over": True}
    [row] = run(listed(desk.command_bus.store))
    assert (row.passed, row.trials) == (1, 2)
    state = run(read_evaluation(desk.command_bus.store, "evaluation-1"))
    assert [state.judged[n].outcome for n in (0, 1)] == ["passed", "stuck"]
    assert desk.begin("evaluation-2")["is_new"], "one that has ended is not gone on with"


def test_no_run_begins_for_a_trial_that_has_ended_or_is_none(desk: Desk) -> None:
    desk.begin()
    desk.judge(0, desk.trial(0))
    for number in (0, 2):
        with pytest.raises(Rejected):
            desk.trial(number)
    assert desk.begun == 1


def test_what_is_no_evaluation_is_unknown(desk: Desk) -> None:
    for name in ("evaluation-9", "workflows"):
        with pytest.raises(NotFound):
            desk.trial(0, name)
        with pytest.raises(NotFound):
            run(read_evaluation(desk.command_bus.store, name))
    with pytest.raises(NotFound):
        desk.begin("workflows")
    assert run(listed(desk.command_bus.store)) == []


def test_what_a_trial_left_is_missed_where_it_is_gone(desk: Desk) -> None:
    desk.begin()
    files = MemoryArtifactStore()
    digest = files.put(b"diff")
    desk.judge(0, desk.trial(0), patch=digest)
    desk.judge(1, desk.trial(1), "stuck")
    found = run(verify(desk.command_bus.store, [], files))
    assert (found.is_intact, found.artifacts) == (True, 1)
    assert not run(verify(desk.command_bus.store, [], MemoryArtifactStore())).is_intact
