"""When a mission is complete, and what people say that its gaps may stand."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.missions import Goal
from missioncontrol.application.tracing import TraceAsked, Tracing
from missioncontrol.domain.building import NOT_PROVEN
from missioncontrol.domain.coverage_gaps import gaps
from missioncontrol.domain.errors import Conflict, MissionControlError, NotFound, Rejected
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.plan import Origin, Plan, Requirement, Risk
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.step import Step
from missioncontrol.domain.waivers import CompleteMission
from missioncontrol.domain.work import ArtifactRef, Finding, Work
from tests.application.parts import Office, run
from tests.domain.plans import a_plan, a_task

GOAL = "Make search fast."
OWNED = Risk("K1", "The index grows", "low", "high", "Watch it", owner="Mara Lind")
WHOLE = a_plan(
    a_task("survey"),
    a_task("report", needs=("survey",), risks=("K1",), decisions=("D1",)),
    requirements=(Requirement("R1", "Search is fast", origins=(Origin("goal", GOAL),)),),
    risks=(OWNED,),
)
UNOWNED = msgspec.structs.replace(WHOLE, risks=(msgspec.structs.replace(OWNED, owner=""),))
GAP = "risk.unowned:K1"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def kept(office: Office, name: str, content: bytes, kind: str) -> ArtifactRef:
    return ArtifactRef(name, office.artifacts.put(content), len(content), kind)


def carried_out(office: Office, plan: Plan = WHOLE, **works: Any) -> tuple[str, str]:
    """Plan and carry out; `works` are what tasks hand in, by default a file. Returns both ids."""
    mission, name = office.missions.begin(
        Goal(GOAL),
        execute=True,
        concurrency=4,
        limits={"plan_seconds_max": 60.0, "task_seconds_max": 30.0},
        actor="user:jo",
    )
    office.execution.start(name, (PLAN_STEP,))
    artifacts = (
        kept(office, "plan.json", b"{}", "application/json"),
        kept(office, "plan.md", b"# Plan", "text/markdown"),
    )
    output = {"plan": msgspec.to_builtins(plan)}
    office.execution.success(name, PLAN_STEP, 1, Work("Planned.", output, artifacts=artifacts))
    for fence, task in enumerate(plan.tasks(), 2):
        if not task.is_handover:
            office.execution.start(name, (task.key,))
            default = Work("Done.", artifacts=(kept(office, "a.txt", b"words", "text/plain"),))
            work = works.get(task.key, default)
            if isinstance(work, Failure):
                office.execution.failure(name, task.key, fence, work)
            else:
                office.execution.success(name, task.key, fence, work)
    return mission, name


def ask(office: Office, verb: Any, name: str, subject: str, words: str, *, digest: str = "") -> Any:
    asked = TraceAsked(verb, name, subject, words, digest)
    return run(Tracing(office.journal).take(asked, actor="user:ann"))


def status(office: Office, mission: str) -> str:
    return run(office.journal.load_mission(mission)).status


def test_a_mission_is_completed_in_the_append_that_settles_it(office: Office) -> None:
    mission, name = carried_out(office)
    assert status(office, mission) == "completed"
    assert office.journal.missions[mission].completed == name
    run(office.journal.commit())
    assert office.types(mission)[-2:] == ["mission_settled", "mission_completed"]
    assert len(office.store.appends) == 1


@pytest.mark.parametrize(
    ("plan", "works"),
    [
        (UNOWNED, {}),
        (WHOLE, {"survey": Work("Done.")}),  # Nothing that could be checked was handed in.
        (
            a_plan(
                *WHOLE.tasks(),
                a_task("change", role="builder", needs=("report",)),
                requirements=WHOLE.requirements,
                risks=(OWNED,),
            ),
            {},
        ),
        (
            WHOLE,
            {
                "report": Work(
                    findings=(Finding(NOT_PROVEN, "medium", "No test ran"),),
                    artifacts=(ArtifactRef("a.txt", "", 0, "text/plain"),),
                )
            },
        ),
        (WHOLE, {"report": Failure("x", "It broke.", retryable=False)}),
    ],
    ids=["gap", "unchecked", "handed over", "unproven", "failed"],
)
def test_a_mission_that_lacks_anything_is_not_completed(
    office: Office, plan: Plan, works: dict[str, Any]
) -> None:
    for key, work in works.items():
        if isinstance(work, Work) and work.artifacts:
            real = (kept(office, "a.txt", b"words", "text/plain"),)
            works = {**works, key: msgspec.structs.replace(work, artifacts=real)}
    mission, _ = carried_out(office, plan, **works)
    expected = (
        "failed" if any(isinstance(work, Failure) for work in works.values()) else "succeeded"
    )
    assert status(office, mission) == expected
    run(office.journal.commit())
    assert "mission_completed" not in office.types(mission)


def test_the_last_waiver_completes_a_mission_and_its_withdrawal_takes_that_back(
    office: Office,
) -> None:
    mission, name = carried_out(office, UNOWNED)
    run(office.journal.commit())
    answer = ask(office, "waive", name, GAP, "It is small.")
    assert answer["is_completed"]
    assert answer["status"] == "completed"
    (waiver,) = run(office.journal.load_mission(mission)).waivers
    assert (waiver.gap, waiver.reason, waiver.by) == (GAP, "It is small.", "user:ann")
    run(office.journal.commit())
    assert office.types(mission)[-2:] == ["gap_waived", "mission_completed"]
    assert len(office.store.appends[-1][0].events) == 2
    assert not ask(office, "waive", name, GAP, "Again.")["is_new"]
    gone = ask(office, "withdraw", name, GAP, "It has grown.")
    assert gone["status"] == "succeeded"
    assert not gone["is_completed"]
    run(office.journal.commit())
    assert run(office.journal.load_mission(mission)).waivers == ()


def test_naming_an_owner_closes_the_gap_and_a_needless_waiver_may_go(office: Office) -> None:
    mission, name = carried_out(office, UNOWNED)
    run(office.journal.commit())
    ask(office, "waive", name, GAP, "It is small.")
    assert ask(office, "assign", name, "K1", " Jonas   Weber ")["status"] == "completed"
    (owner,) = run(office.journal.load_mission(mission)).owners
    assert owner.owner == "Jonas Weber"
    still = ask(office, "withdraw", name, GAP, "Somebody sees to it now.")
    assert still["status"] == "completed"
    run(office.journal.commit())
    assert office.types(mission)[-2:] == ["waiver_withdrawn", "mission_completed"]


def test_no_waiver_stands_in_for_evidence(office: Office) -> None:
    mission, name = carried_out(office, WHOLE, survey=Work("Done."))
    run(office.journal.commit())
    answer = ask(office, "waive", name, "task.unchecked:survey", "I looked at it.")
    assert answer["status"] == "succeeded"
    state = run(office.journal.load_mission(mission))
    with pytest.raises(Rejected) as no:
        office.journal.handle_mission(mission, CompleteMission(name, ()))
    assert no.value.code == "mission.incomplete"
    assert "no checked evidence for survey, report" in no.value.reason
    assert state.status == "succeeded"


def test_only_the_newest_run_that_succeeded_completes_a_mission(office: Office) -> None:
    mission, name = carried_out(office, WHOLE, report=Failure("x", "It broke.", retryable=False))
    with pytest.raises(Rejected) as no:
        office.journal.handle_mission(mission, CompleteMission(name, ()))
    assert no.value.code == "mission.incomplete"
    assert "the mission is failed" in no.value.reason


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (("waive", "", GAP, " "), Rejected, "mission.bad_reason"),
        (("waive", "", GAP, "…"), Rejected, "mission.bad_reason"),
        (("waive", "", GAP, "x" * 2_001), Rejected, "mission.bad_reason"),
        (("waive", "", GAP, "a\x07b"), Rejected, "mission.bad_reason"),
        (("waive", "", "risk.unowned:K9", "why"), NotFound, "gap.unknown"),
        (("withdraw", "", GAP, "why"), NotFound, "waiver.unknown"),
        (("assign", "", "K9", "Mara"), NotFound, "risk.unknown"),
        (("assign", "", "K1", ""), Rejected, "mission.bad_owner"),
        (("assign", "", "K1", "x" * 201), Rejected, "mission.bad_owner"),
    ],
)
def test_what_cannot_be_said_is_refused_with_its_reason(
    office: Office, words: tuple[str, ...], kind: type[MissionControlError], code: str
) -> None:
    _, name = carried_out(office, UNOWNED)
    run(office.journal.commit())
    with pytest.raises(kind) as no:
        ask(office, words[0], name, words[2], words[3])
    assert no.value.code == code


def test_a_gap_that_has_changed_since_it_was_looked_at_is_not_waived(office: Office) -> None:
    mission, name = carried_out(office, UNOWNED)
    run(office.journal.commit())
    found = run(office.journal.load_mission(mission))
    (gap,) = gaps(UNOWNED, found.asked)
    with pytest.raises(Conflict) as no:
        ask(office, "waive", name, GAP, "It is small.", digest="0" * 64)
    assert no.value.code == "gap.changed"
    assert ask(office, "waive", name, GAP, "It is small.", digest=gap.digest)["is_new"]


def test_a_mission_without_a_plan_has_nothing_to_waive(office: Office) -> None:
    _, name = office.missions.begin(
        Goal(GOAL),
        execute=True,
        concurrency=4,
        limits={"plan_seconds_max": 60.0, "task_seconds_max": 30.0},
        actor="user:jo",
    )
    run(office.journal.commit())
    with pytest.raises(Rejected) as no:
        ask(office, "waive", name, GAP, "It is small.")
    assert no.value.code == "mission.no_plan"
    with pytest.raises(Rejected) as no:
        ask(office, "assign", name, "K1", "Mara")
    assert no.value.code == "mission.no_plan"
    with pytest.raises(NotFound):
        ask(office, "waive", "mission-1", GAP, "It is small.")


def test_a_new_run_of_a_completed_mission_counts_from_then_on(office: Office) -> None:
    mission, name = carried_out(office)
    assert office.journal.handle_mission(mission, CompleteMission(name, ())) == []
    run(office.journal.commit())
    again = run(office.repeats.retry(name, "report", actor="user:jo"))
    assert status(office, mission) == "running"
    run(office.journal.commit())
    answer = ask(office, "assign", name, "K1", "Jonas Weber")
    assert answer["run"] == again
    assert answer["status"] == "running"
    assert not answer["is_completed"]
    office.execution.start(again, ("report",))
    artifacts = (kept(office, "a.txt", b"words", "text/plain"),)
    office.execution.success(again, "report", 1, Work("Done.", artifacts=artifacts))
    assert office.journal.missions[mission].completed == again


def test_a_run_of_a_workflow_has_no_trace(office: Office) -> None:
    office.execution.tell("run-9", CreateRun("run-9", "w", (Step("a", "hand"),), 1))
    with pytest.raises(Rejected) as no:
        ask(office, "waive", "run-9", GAP, "It is small.")
    assert no.value.code == "run.no_mission"


def planned(office: Office, name: str, plan: Plan) -> None:
    """Hand a plan in for a run that is to make one."""
    office.execution.start(name, (PLAN_STEP,))
    fence = office.journal.runs[name].fence
    artifacts = (
        kept(office, "plan.json", b"{}", "application/json"),
        kept(office, "plan.md", b"# Plan", "text/markdown"),
    )
    work = Work("Planned.", {"plan": msgspec.to_builtins(plan)}, artifacts=artifacts)
    office.execution.success(name, PLAN_STEP, fence, work)


def test_evidence_for_the_tasks_of_another_plan_completes_no_mission(office: Office) -> None:
    """Run 1 has a plan, run 2 a better one; run 1 is retried: its plan counts from then."""
    mission, first = carried_out(office, UNOWNED)
    run(office.journal.commit())
    second = run(office.repeats.retry(first, PLAN_STEP, actor="user:jo"))
    planned(office, second, WHOLE)
    office.execution.cancel(second, "No time.", actor="user:jo")
    run(office.journal.commit())
    assert run(office.journal.load_mission(mission)).plan == WHOLE
    third = run(office.repeats.fork(first, "report", {}, actor="user:jo"))
    office.execution.start(third, ("report",))
    files = (kept(office, "a.txt", b"words", "text/plain"),)
    fence = office.journal.runs[third].fence
    office.execution.success(third, "report", fence, Work("Done.", artifacts=files))
    assert office.journal.runs[third].status == "succeeded"
    found = office.journal.missions[mission]
    assert found.plan == UNOWNED
    assert found.status == "succeeded"
