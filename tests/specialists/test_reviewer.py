"""Planted contradictions and missing things are each found; where nothing is wrong, nothing is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain import work as kinds
from missioncontrol.domain.plan import Decision, Option, Plan, Requirement, Risk
from missioncontrol.domain.work import (
    CommandRan,
    Fact,
    FilesRead,
    Finding,
    Work,
)
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.reviewer import Reviewer
from missioncontrol.specialists.reviewer.evidence import NoSuchPlace, agrees, resolve
from missioncontrol.specialists.reviewer.testing import junit_counts
from missioncontrol.specialists.specialist import Delivered
from missioncontrol.specialists.writer import Writer
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.small_mission import (
    DECISIONS,
    JUNIT,
    PLAN,
    STORE_PATH,
    brief_for,
    delivered,
    drawn,
    suite_ran,
    task,
    with_tasks,
    write_repository,
)


class Mission:
    """A finished mission that a test may spoil before it is reviewed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.repository: Path | None = write_repository(directory)
        self.plan = PLAN
        self.constraints: tuple[str, ...] = ("No new runtime dependencies",)
        self.upstream = {
            "tests": suite_ran(directory / "tests"),
            "architecture": drawn(directory / "architecture"),
        }
        self.write()

    def write(self) -> None:
        """Have the writer do its task on the present plan."""
        desk = LocalDesk(self.directory / "written")
        needed = {key: self.upstream[key] for key in ("tests", "architecture")}
        brief = brief_for("specification", self.repository, plan=self.plan, upstream=needed)
        work = Writer().work(brief, desk)
        files = {ref.name: desk.directory / ref.name for ref in work.artifacts}
        self.upstream["specification"] = Delivered("succeeded", work, files)

    def change(self, key: str, **work: Any) -> None:
        """Replace parts of what a task handed in."""
        before = self.upstream[key]
        after = msgspec.structs.replace(before.work, **work)
        self.upstream[key] = Delivered(before.state, after, before.files, before.error)

    def replan(self, **parts: Any) -> None:
        """Replace parts of the plan and write the documents again."""
        self.plan = msgspec.structs.replace(self.plan, **parts)
        self.write()

    def reviewed(self) -> Work:
        """Review it."""
        desk = LocalDesk(self.directory / "reviewed")
        brief = brief_for(
            "review",
            self.repository,
            plan=self.plan,
            upstream=self.upstream,
            constraints=self.constraints,
        )
        return Reviewer().work(brief, desk)

    def rules(self) -> set[str]:
        """Return the rules of what the review finds."""
        return {each.rule.removeprefix("review.") for each in self.reviewed().findings}


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    return Mission(tmp_path)


def test_where_nothing_is_wrong_nothing_is_found(mission: Mission) -> None:
    work = mission.reviewed()
    assert work.findings == ()
    assert work.output["verdict"] == "ready"
    assert all(each["passed"] for each in work.output["checks"])
    assert [ref.name for ref in work.artifacts] == ["review.json", "review.md"]


def test_what_is_handed_over_is_named_as_not_done(mission: Mission) -> None:
    work = mission.reviewed()
    assert work.output["handed_over"] == ["declare", "build"]
    assert work.output["next_steps"] == [
        "Hand over `declare` (Declare the client) with `execution-pack.md`."
    ]
    text = (mission.directory / "reviewed/review.md").read_text()
    assert "- `build` Write the store, after `declare` (serves R1, D1, K1)" in text


def test_the_review_states_the_rule_of_its_verdict(mission: Mission) -> None:
    work = mission.reviewed()
    text = (mission.directory / "reviewed/review.md").read_text()
    assert work.output["rule"] in text


def test_the_same_mission_gives_the_same_review(mission: Mission) -> None:
    assert mission.reviewed() == mission.reviewed()


Spoil = Callable[[Mission], None]


def _requirement_without_task(mission: Mission) -> None:
    more = Requirement("R9", "Evict old sessions", source="goal: “…”")
    mission.replan(requirements=(*PLAN.requirements, more))


def _requirement_nobody_builds(mission: Mission) -> None:
    more = Requirement("R9", "Evict old sessions")
    looked_at = task("architecture", "architect", requirements=("R1", "R9"))
    plan = with_tasks(mission.plan, looked_at)
    mission.replan(requirements=(*PLAN.requirements, more), phases=plan.phases)


def _requirement_names_what_no_task_may_change(mission: Mission) -> None:
    named = Requirement("R1", "Give `MemorySessionStore` a limit", source="goal: “…”")
    scoped = msgspec.structs.replace(
        next(each for each in mission.plan.tasks() if each.key == "build"), scope=("README.md",)
    )
    plan = with_tasks(mission.plan, scoped)
    mission.replan(requirements=(named, *PLAN.requirements[1:]), phases=plan.phases)


def _requirement_not_specified(mission: Mission) -> None:
    path = mission.upstream["specification"].files["specification.md"]
    path.write_text(path.read_text().replace("### R1 ·", "### Something ·"))


def _task_failed(mission: Mission) -> None:
    mission.upstream["architecture"] = Delivered("failed", Work(), {}, "Out of memory.")


def _task_unseen(mission: Mission) -> None:
    del mission.upstream["architecture"]


def _no_evidence(mission: Mission) -> None:
    mission.change("architecture", evidence=())


def _evidence_names_what_is_not_there(mission: Mission) -> None:
    ran = CommandRan(("make",), 0, 1.0, "make.log")
    mission.change("architecture", evidence=(ran,))


def _artifact_missing(mission: Mission) -> None:
    mission.change("tests", artifacts=mission.upstream["tests"].work.artifacts[:1])


def _artifact_altered(mission: Mission) -> None:
    with mission.upstream["tests"].files["junit.xml"].open("a") as stream:
        stream.write("\n")


def _artifact_lost(mission: Mission) -> None:
    mission.upstream["tests"].files["junit.xml"].unlink()


def _artifact_empty(mission: Mission) -> None:
    left = delivered(
        mission.directory / "other", {"architecture.json": ""}, evidence=(FilesRead(1, 0),)
    )
    mission.upstream["architecture"] = left


def _fact_says_otherwise(mission: Mission) -> None:
    fact = Fact("Modules", 4, "modules", "architecture.json", "/counts/modules")
    mission.change("architecture", facts=(fact,))


def _fact_points_nowhere(mission: Mission) -> None:
    fact = Fact("Cycles", 0, "cycles", "architecture.json", "/counts/cycles")
    mission.change("architecture", facts=(fact,))


def _counts_differ_from_report(mission: Mission) -> None:
    mission.change("tests", evidence=(kinds.TestsRan("junit.xml", 3, 0, 0, 0),), summary="3 passed")


def _summary_differs_from_evidence(mission: Mission) -> None:
    mission.change("tests", summary="`python -m pytest` ran 9 tests: 9 passed.")


def _all_well_but_it_is_not(mission: Mission) -> None:
    report = JUNIT.replace('<testcase name="b"/>', '<testcase name="b"><failure/></testcase>')
    tests = (kinds.TestsRan("junit.xml", 1, 1, 0, 0),)
    files = {"tests.json": "{}", "junit.xml": report}
    left = delivered(mission.directory / "bad", files, evidence=tests, summary="All tests passed.")
    mission.upstream["tests"] = left


def _status_zero_with_failures(mission: Mission) -> None:
    report = JUNIT.replace('<testcase name="b"/>', '<testcase name="b"><failure/></testcase>')
    evidence = (CommandRan(("pytest",), 0, 1.0), kinds.TestsRan("junit.xml", 1, 1, 0, 0))
    files = {"tests.json": "{}", "junit.xml": report}
    mission.upstream["tests"] = delivered(mission.directory / "bad", files, evidence=evidence)


def _tests_did_not_run(mission: Mission) -> None:
    mission.change("tests", evidence=(CommandRan(("pytest",), 127, 0.1),), summary="Not found.")


def _tests_did_not_even_start(mission: Mission) -> None:
    report = '<testsuite><testcase name="a"><error/></testcase></testsuite>'
    evidence = (CommandRan(("pytest",), 2, 1.0), kinds.TestsRan("junit.xml", 0, 0, 1, 0))
    files = {"tests.json": "{}", "junit.xml": report}
    mission.upstream["tests"] = delivered(mission.directory / "bad", files, evidence=evidence)
    mission.write()


def _two_commits(mission: Mission) -> None:
    mission.change("architecture", evidence=(FilesRead(3, 0, "d" * 40),))


def _constraint_lost(mission: Mission) -> None:
    mission.constraints = (*mission.constraints, "Must run on Windows")


def _constraint_unanswered(mission: Mission) -> None:
    more = Requirement("R3", "Latency stays below 5 ms", "constraint", "constraint: “…”")
    declare = next(each for each in PLAN.tasks() if each.key == "declare")
    declare = msgspec.structs.replace(declare, requirements=("R1", "R2", "R3"))
    plan = with_tasks(mission.plan, declare)
    mission.replan(requirements=(*PLAN.requirements, more), phases=plan.phases)


def _decisions_clash(mission: Mission) -> None:
    other = Decision("D2", "What runs", "Branch inside `MemorySessionStore`.", "Fast.", "Nothing.")
    mission.replan(decisions=(*DECISIONS, other))


def _decisions_repeat(mission: Mission) -> None:
    other = msgspec.structs.replace(DECISIONS[0], id="D2", choice="In a package of its own.")
    mission.replan(decisions=(*DECISIONS, other))


def _decision_forbidden(mission: Mission) -> None:
    choice = "Make `redis` a runtime dependency of everybody."
    other = Decision("D2", "How `redis` comes", choice, "Simple.", "Size.", (Option("Extra", "-"),))
    mission.replan(decisions=(*DECISIONS, other))


def _decision_on_deprecated(mission: Mission) -> None:
    choice = "Extend `old_session` (`src/shop/store.py:27`)."
    other = Decision("D2", "What is extended", choice, "It is there.", "Nothing.")
    mission.replan(decisions=(*DECISIONS, other))


def _risk_without_mitigation(mission: Mission) -> None:
    mission.replan(risks=(Risk("K1", "Redis is gone", "low", "medium", ""),))


def _risk_nobody_takes_up(mission: Mission) -> None:
    mission.replan(risks=(*PLAN.risks, Risk("K2", "Keys collide", "low", "low", "Prefix them")))


def _grave_finding(mission: Mission) -> None:
    found = Finding("bandit.B301", "high", "Pickle is unsafe", STORE_PATH, 7)
    mission.change("architecture", findings=(found,))


def _question(mission: Mission) -> None:
    mission.replan(questions=("Which versions of Redis?",))


def _sentence_lost(mission: Mission) -> None:
    mission.replan(goal=f"{PLAN.goal}. Entries expire after thirty days.")


def _wrong_place(mission: Mission) -> None:
    parts = PLAN.architecture.components
    other = msgspec.structs.replace(parts[0], path="src/shop/__init__.py")
    model = msgspec.structs.replace(PLAN.architecture, components=(other, *parts[1:]))
    mission.replan(architecture=model)


def _document_missing(mission: Mission) -> None:
    files = dict(mission.upstream["specification"].files)
    del files["outline.md"]
    before = mission.upstream["specification"]
    mission.upstream["specification"] = Delivered("succeeded", before.work, files)


def _task_not_packed(mission: Mission) -> None:
    mission.plan = with_tasks(mission.plan, task("migrate", "builder", needs=("build",)))


def _file_is_gone(mission: Mission) -> None:
    assert mission.repository is not None
    (mission.repository / "src/shop/app.py").unlink()


def _file_is_shorter(mission: Mission) -> None:
    assert mission.repository is not None
    (mission.repository / STORE_PATH).write_text("class SessionStore: ...\n")


@pytest.mark.parametrize(
    ("spoil", "rule", "verdict"),
    [
        (_requirement_without_task, "requirement-uncovered", "not ready"),
        (_requirement_nobody_builds, "requirement-not-built", "ready with gaps"),
        (_requirement_names_what_no_task_may_change, "requirement-out-of-reach", "ready with gaps"),
        (_requirement_not_specified, "requirement-unspecified", "not ready"),
        (_task_failed, "task-failed", "not ready"),
        (_task_failed, "done-without", "not ready"),
        (_task_unseen, "task-unseen", "ready with gaps"),
        (_no_evidence, "no-evidence", "not ready"),
        (_evidence_names_what_is_not_there, "evidence-missing", "not ready"),
        (_artifact_missing, "artifact-missing", "not ready"),
        (_artifact_altered, "digest-mismatch", "not ready"),
        (_artifact_lost, "digest-mismatch", "not ready"),
        (_artifact_empty, "artifact-malformed", "not ready"),
        (_fact_says_otherwise, "fact-contradiction", "not ready"),
        (_fact_points_nowhere, "fact-without-source", "ready with gaps"),
        (_counts_differ_from_report, "test-contradiction", "not ready"),
        (_summary_differs_from_evidence, "test-contradiction", "not ready"),
        (_all_well_but_it_is_not, "test-contradiction", "not ready"),
        (_all_well_but_it_is_not, "tests-failing", "not ready"),
        (_status_zero_with_failures, "test-contradiction", "not ready"),
        (_tests_did_not_run, "tests-not-run", "ready with gaps"),
        (_tests_did_not_even_start, "tests-not-run", "ready with gaps"),
        (_two_commits, "commits-differ", "not ready"),
        (_constraint_lost, "constraint-lost", "not ready"),
        (_constraint_unanswered, "constraint-unanswered", "ready with gaps"),
        (_decisions_clash, "decision-contradiction", "not ready"),
        (_decisions_repeat, "decision-contradiction", "not ready"),
        (_decision_forbidden, "decision-against-constraint", "not ready"),
        (_decision_on_deprecated, "decision-on-deprecated", "ready with gaps"),
        (_risk_without_mitigation, "risk-unmitigated", "ready with gaps"),
        (_risk_nobody_takes_up, "risk-unchecked", "ready with gaps"),
        (_grave_finding, "finding-open", "ready with gaps"),
        (_question, "question-open", "ready with gaps"),
        (_sentence_lost, "goal-unsaid", "ready with gaps"),
        (_wrong_place, "place-doubtful", "ready with gaps"),
        (_document_missing, "document-missing", "not ready"),
        (_task_not_packed, "task-not-packed", "not ready"),
        (_file_is_gone, "stale-source", "not ready"),
        (_file_is_shorter, "stale-source", "not ready"),
        (_file_is_shorter, "excerpt-stale", "not ready"),
    ],
)
def test_what_is_planted_is_found(mission: Mission, spoil: Spoil, rule: str, verdict: str) -> None:
    spoil(mission)
    work = mission.reviewed()
    assert f"review.{rule}" in {each.rule for each in work.findings}
    assert work.output["verdict"] == verdict


@pytest.mark.parametrize(
    "spoil",
    [
        _requirement_without_task,
        _fact_says_otherwise,
        _constraint_lost,
        _decisions_clash,
        _sentence_lost,
        _tests_did_not_even_start,
        _risk_nobody_takes_up,
        _question,
    ],
)
def test_one_fault_is_told_once(mission: Mission, spoil: Spoil) -> None:
    spoil(mission)
    assert len(mission.rules()) == 1


def test_tests_that_cannot_run_are_not_asked_to_be_mended(mission: Mission) -> None:
    report = JUNIT.replace('<testcase name="b"/>', '<testcase name="b"><error/></testcase>')
    evidence = (CommandRan(("pytest",), 1, 1.0), kinds.TestsRan("junit.xml", 1, 0, 1, 0))
    files = {"tests.json": "{}", "junit.xml": report}
    mission.upstream["tests"] = delivered(mission.directory / "bad", files, evidence=evidence)
    [found] = [one for one in mission.reviewed().findings if one.rule == "review.tests-failing"]
    assert found.title == "1 test cannot run before any change"
    assert found.remedy.startswith("Provide what 1 test needs to run first")


def test_tests_that_cannot_run_are_said_to_stand_where_they_do(mission: Mission) -> None:
    report = JUNIT.replace('<testcase name="b"/>', '<testcase name="b"><error/></testcase>')
    evidence = (CommandRan(("pytest",), 1, 1.0), kinds.TestsRan("junit.xml", 1, 0, 1, 0))
    files = {"tests.json": "{}", "junit.xml": report}
    stopped = tuple(
        Finding("tester.error", "medium", f"b{at} cannot run: no freezegun", f"tests/test_{at}.py")
        for at in range(3)
    )
    mission.upstream["tests"] = delivered(
        mission.directory / "bad", files, evidence=evidence, findings=stopped
    )
    [found] = [one for one in mission.reviewed().findings if one.rule == "review.tests-failing"]
    where = "(`tests/test_0.py`, `tests/test_1.py` and 1 more file)"
    assert found.remedy.startswith(f"Provide what 1 test needs to run {where} first")


def test_every_finding_says_what_to_do_next(mission: Mission) -> None:
    for spoil in (_task_failed, _question, _risk_nobody_takes_up, _requirement_without_task):
        spoil(mission)
    work = mission.reviewed()
    assert all(each.remedy and each.obtained for each in work.findings)
    assert {each["remedy"] for each in work.output["missing"]} <= set(work.output["next_steps"])


def test_a_choice_that_avoids_what_is_forbidden_is_no_contradiction(mission: Mission) -> None:
    choice = "An optional extra, so that there is no new runtime dependency."
    other = Decision("D2", "How `redis` comes", choice, "Light.", "One more step.")
    mission.replan(decisions=(*DECISIONS, other))
    assert mission.rules() == set()


def test_a_review_without_a_repository_checks_the_rest(mission: Mission) -> None:
    mission.repository = None
    assert mission.rules() == set()
    _fact_says_otherwise(mission)
    assert mission.rules() == {"fact-contradiction"}


def test_a_review_where_everything_failed_still_reports(mission: Mission) -> None:
    for key in mission.upstream:
        mission.upstream[key] = Delivered("failed", Work(), {}, "The disk is full.")
    work = mission.reviewed()
    assert work.output["verdict"] == "not ready"
    assert sum(each.rule == "review.task-failed" for each in work.findings) == 3
    text = (mission.directory / "reviewed/review.md").read_text()
    assert "The disk is full." in text


def test_without_a_plan_the_review_is_refused(tmp_path: Path, mission: Mission) -> None:
    brief = msgspec.structs.replace(brief_for("review", mission.repository), plan=None)
    with pytest.raises(AttemptFailed, match="no plan"):
        Reviewer().work(brief, LocalDesk(tmp_path / "desk"))


def test_json_pointers_follow_the_standard() -> None:
    # The examples of RFC 6901, section 5.
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, " ": 7, "m~n": 8}
    pointers = {
        "": document,
        "/foo": ["bar", "baz"],
        "/foo/0": "bar",
        "/": 0,
        "/a~1b": 1,
        "/c%d": 2,
        "/ ": 7,
        "/m~0n": 8,
    }
    assert {pointer: resolve(document, pointer) for pointer in pointers} == pointers


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/01", "/foo/-", "/bar", "/foo/0/x"])
def test_a_pointer_that_leads_nowhere_says_so(pointer: str) -> None:
    with pytest.raises(NoSuchPlace):
        resolve({"foo": ["bar", "baz"]}, pointer)


@pytest.mark.parametrize(
    ("value", "found", "is_same"),
    [
        (3, 3, True),
        (3, 4, False),
        (0.33, 0.3333, True),
        (1, True, False),
        ("MIT", "MIT", True),
        ("MIT", "BSD", False),
        (2, ["a", "b", "c"], True),
        (4, ["a", "b", "c"], False),
        (7, {"path": "a", "count": 7}, True),
        ("make test", {"argv": ["make", "test"]}, True),
        ("MIT", {"files": [{"licences": ["BSD"]}]}, False),
    ],
)
def test_a_fact_agrees_with_what_its_pointer_leads_to(
    value: str | float, found: object, is_same: bool
) -> None:
    assert agrees(value, found) is is_same


def test_a_report_that_declares_entities_is_not_read(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "y">]><testsuite><testcase name="&x;"/></testsuite>'
    path = tmp_path / "junit.xml"
    path.write_text(bomb)
    assert junit_counts(path) is None


def test_the_plan_of_these_tests_is_sound() -> None:
    from missioncontrol.domain.plan import faults

    plan: Plan = PLAN
    assert faults(plan) == []
    assert json.loads(msgspec.json.encode(plan))["goal"]


def test_a_case_with_several_marks_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(
        '<testsuite><testcase name="a"><failure/><failure/></testcase>'
        '<testcase name="b"><skipped/><error/></testcase><testcase name="c"/></testsuite>'
    )
    assert junit_counts(path) == {"passed": 1, "failed": 1, "errors": 1, "skipped": 0}
