"""What the cards promise is what the specialists do, each as a step of any workflow."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.agent import EFFECTS, at, fits, misfit, tier
from missioncontrol.domain.work import Work
from missioncontrol.ports import wire
from missioncontrol.ports.agent import Assignment, AttemptFailed, Upstream
from missioncontrol.specialists.briefs import brief_of
from missioncontrol.specialists.cards import CARDS
from missioncontrol.specialists.catalogue import CLASSES, find
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.sample_repository import SampleRepository

SUITE = """import unittest


class TestIt(unittest.TestCase):
    def test_it(self):
        assert {}
"""
FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0"\n',
    "price.py": "import basket\n\ndef total(prices):\n    return sum(prices)\n",
    "basket.py": "import price\n\nfor each in price.__doc__ or '':\n    eval(each)\n",
    "test_price.py": SUITE.format("True"),
    "packages/cart/package.json": '{"name": "cart", "private": true, "dependencies": {"a": "*"}}',
    "packages/cart/index.js": "module.exports = (x) => eval(x);\n",
    "packages/cart/lib/deep.js": "module.exports = (x) => eval(x);\n",
    "packages/pay/package.json": '{"name": "pay", "version": "2.0.0"}',
    "packages/pay/index.js": "module.exports = 1;\n",
}
ALONE = ("surveyor", "historian", "architect", "tester", "auditor")
WITH_A_GOAL = ("planner", "writer", "reviewer")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample") / "repository"
    sample = SampleRepository(root)
    for name, text in FILES.items():
        sample.put(name, text)
    sample.commit("Open the shop")
    sample.put("price.py", FILES["price.py"] + "# Rounded nowhere.\n")
    sample.commit("Fix the sum", author="Bob", day="2024-02-01")
    return root


def order(
    inputs: dict[str, Any],
    *,
    run_inputs: dict[str, Any] | None = None,
    upstream: dict[str, Upstream] | None = None,
    files: dict[str, str] | None = None,
    scratch: str = "",
) -> wire.Order:
    assignment = Assignment(
        "run-1",
        "health-check",
        "step",
        1,
        1,
        "run-1/step",
        "agent",
        inputs,
        run_inputs or {},
        upstream or {},
        30.0,
    )
    return wire.Order(wire.VERSION, assignment, scratch, files or {})


def work(name: str, directory: Path, inputs: dict[str, Any], **more: Any) -> Work:
    brief = brief_of(name, order(inputs, **more), 30.0)
    return find(name).work(brief, LocalDesk(directory, seconds=30.0))


def assert_keeps_its_promise(name: str, found: Work) -> None:
    card = CARDS[name]
    # As the engine hands it on: through JSON, with lists for tuples.
    output = msgspec.json.decode(msgspec.json.encode(found.output))
    assert misfit(output, card.output) == ""
    assert {each.name for each in found.artifacts} >= set(card.artifacts)


def test_every_specialist_has_a_card_that_others_can_rely_on() -> None:
    assert list(CARDS) == list(CLASSES)
    for card in CARDS.values():
        assert card.version
        assert card.description.endswith(".")
        assert set(card.effects) <= set(EFFECTS)
        # These two write, and only where no other agent does.
        writes = card.name in {"merger", "scaffolder"}
        assert tier(card.effects) == card.risk == ("write" if writes else "read")
        assert set(card.from_run) <= set(card.inputs.fields)
        assert not card.inputs.open
        assert not card.output.open


@pytest.mark.parametrize("name", ALONE)
def test_with_a_repository_alone_it_does_what_its_card_says(
    name: str, repository: Path, tmp_path: Path
) -> None:
    found = work(name, tmp_path, {"repository": str(repository)})
    assert_keeps_its_promise(name, found)
    assert all("“”" not in path.read_text() for path in tmp_path.glob("*.md"))


@pytest.mark.parametrize("name", ALONE)
def test_a_goal_and_an_empty_repository_change_no_promise(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    inputs = {"repository": str(empty), "goal": "Round every price"}
    assert_keeps_its_promise(name, work(name, tmp_path / "out", inputs))


def test_planner_writer_and_reviewer_follow_one_another(repository: Path, tmp_path: Path) -> None:
    goal = {"goal": "Round every price to two places", "repository": str(repository)}
    planned = work("planner", tmp_path / "planner", goal)
    assert_keeps_its_promise("planner", planned)
    plan = msgspec.json.decode(msgspec.json.encode(planned.output))["plan"]
    written = work("writer", tmp_path / "writer", {"plan": plan}, run_inputs=goal)
    assert_keeps_its_promise("writer", written)
    files = {each.digest: str(tmp_path / "writer" / each.name) for each in written.artifacts}
    upstream = {
        "plan": Upstream("succeeded", Work(output={"plan": plan})),
        "specification": Upstream("succeeded", msgspec.structs.replace(written, output=None)),
    }
    reviewed = work(
        "reviewer", tmp_path / "reviewer", {}, run_inputs=goal, upstream=upstream, files=files
    )
    assert_keeps_its_promise("reviewer", reviewed)


# What authors of workflows rely on.


def test_a_survey_names_packages_that_together_hold_every_file(
    repository: Path, tmp_path: Path
) -> None:
    surveyed = work("surveyor", tmp_path / "survey", {"repository": str(repository)})
    packages = surveyed.output["packages"]
    assert packages == [".", "packages/cart", "packages/pay"]
    counts = [
        work("auditor", tmp_path / str(n), {"package": package}, run_inputs=there(repository))
        for n, package in enumerate(packages)
    ]
    assert sum(each.output["files"] for each in counts) == surveyed.output["files"]
    assert [each.output["package"] for each in counts] == packages


def there(repository: Path) -> dict[str, Any]:
    return {"repository": str(repository)}


def findings(found: Work) -> set[str]:
    return {finding.path for finding in found.findings}


@pytest.mark.parametrize("package", ["packages/cart", "./packages/cart/", "cart", "Cart"])
def test_an_audit_of_a_package_speaks_of_its_files_alone(
    package: str, repository: Path, tmp_path: Path
) -> None:
    whole = work("auditor", tmp_path / "whole", there(repository))
    part = work("auditor", tmp_path / "part", {**there(repository), "package": package})
    inside = {path for path in findings(whole) if path.startswith("packages/cart/")}
    assert findings(part) == inside
    assert len(inside) == 3  # The manifest, and one script in it and one below it.
    assert findings(whole) - inside
    assert part.output["findings"] == len(part.findings) < whole.output["findings"]
    assert part.output["high"] == sum(each.severity == "high" for each in part.findings)
    assert "`packages/cart`" in part.summary


def test_a_directory_that_is_no_package_can_be_audited_too(
    repository: Path, tmp_path: Path
) -> None:
    inputs = {**there(repository), "package": "packages/cart/lib"}
    assert findings(work("auditor", tmp_path, inputs)) == {"packages/cart/lib/deep.js"}


def test_a_lock_file_above_a_package_counts_for_it(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "repository")
    sample.put("package.json", '{"name": "top", "private": true}')
    sample.put("package-lock.json", "{}")
    sample.put("packages/a/package.json", FILES["packages/cart/package.json"])
    inputs = {**there(sample.root), "package": "packages/a"}
    assert work("auditor", tmp_path / "out", inputs).findings == ()


def test_a_package_that_is_none_is_refused_with_those_there_are(
    repository: Path, tmp_path: Path
) -> None:
    for package in ("packages/car", "../shop", "/etc"):
        with pytest.raises(AttemptFailed) as refusal:
            work("auditor", tmp_path, {**there(repository), "package": package})
        assert refusal.value.code == "package.unknown"
        assert "packages/cart" in refusal.value.hint
        assert not refusal.value.retryable


def test_a_name_of_two_packages_is_no_answer(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "repository")
    for place in ("a", "b"):
        sample.put(f"{place}/package.json", '{"name": "same"}')
    with pytest.raises(AttemptFailed) as refusal:
        work("auditor", tmp_path / "out", {**there(sample.root), "package": "same"})
    assert refusal.value.code == "package.ambiguous"
    assert "a, b" in refusal.value.reason


def suite(root: Path, assertion: str) -> Path:
    SampleRepository(root).put("test_it.py", SUITE.format(assertion))
    return root


@pytest.mark.parametrize(("assertion", "passed"), [("1 == 1", True), ("1 == 2", False)])
def test_a_test_run_says_whether_it_passed(tmp_path: Path, assertion: str, passed: bool) -> None:
    root = suite(tmp_path / "repository", assertion)
    output = work("tester", tmp_path / "out", there(root)).output
    assert output["passed"] is passed
    assert output["command"] == ["python", "-m", "unittest"]


@pytest.mark.journey
def test_a_test_run_counts_where_there_is_a_report(tmp_path: Path) -> None:
    root = suite(tmp_path / "repository", "False")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    output = work("tester", tmp_path / "out", there(root)).output
    assert output["passed"] is False
    assert output["counts"] == {"passed": 0, "failed": 1, "errors": 0, "skipped": 0}


def test_without_tests_nothing_has_passed(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "repository")
    sample.put("a.txt", "words")
    assert work("tester", tmp_path / "out", there(sample.root)).output["passed"] is False


def test_an_item_of_a_survey_is_what_an_audit_takes() -> None:
    item = at(CARDS["surveyor"].output, ["packages", 0])
    assert item is not None
    assert fits(item, CARDS["auditor"].inputs.fields["package"]) == ""
    assert at(CARDS["tester"].output, ["passed"]) is not None
    assert at(CARDS["tester"].output, ["pased"]) is None


# Where the inputs come from.


def test_what_the_step_says_wins_over_what_the_run_says(tmp_path: Path) -> None:
    asked = order(
        {"repository": "/step", "goal": "Mine", "package": None},
        run_inputs={"repository": "/run", "goal": "Theirs", "package": "x", "constraints": ["c"]},
    )
    brief = brief_of("auditor", asked, 30.0)
    assert (str(brief.repository), brief.goal, brief.package) == ("/step", "Mine", "")
    planner = order({"goal": "Mine"}, run_inputs={"repository": "/run", "constraints": ["c"]})
    brief = brief_of("planner", planner, 30.0)
    assert (str(brief.repository), brief.constraints) == ("/run", ("c",))


def test_without_a_title_the_step_is_named_and_without_a_goal_nothing_is_claimed() -> None:
    brief = brief_of("surveyor", order({"repository": "/a"}), 30.0)
    assert (brief.title, brief.goal) == ("health-check: step", "")


def test_an_input_of_the_run_that_means_something_else_is_passed_over() -> None:
    brief = brief_of("surveyor", order({}, run_inputs={"repository": ["a"], "goal": 3}), 30.0)
    assert (brief.repository, brief.goal) == (None, "")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"repositry": "/a"}, "repositry is not known (did you mean 'repository'?)"),
        ({"repository": 3}, "repository is the number 3, not a path"),
        ({"plan": {"goal": 1}}, "`plan` of the writer is no plan"),
        ({"constraints": "one"}, "constraints is the text 'one', not a list"),
    ],
)
def test_an_input_that_does_not_fit_is_told(inputs: dict[str, Any], words: str) -> None:
    with pytest.raises(AttemptFailed) as refusal:
        brief_of("writer", order(inputs), 30.0)
    assert refusal.value.code == "writer.bad_input"
    assert words in refusal.value.reason
    assert not refusal.value.retryable


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("repository", [None, "relative/path", "/no/such/place"])
def test_a_repository_that_is_not_there_is_refused_by_name(
    name: str, repository: str | None, tmp_path: Path
) -> None:
    with pytest.raises(AttemptFailed) as refusal:
        work(name, tmp_path, {"repository": repository})
    assert refusal.value.code == f"{name}.no_repository"
    assert (repository or "no repository") in refusal.value.reason
    assert "with: {repository: …}" in refusal.value.hint


@pytest.mark.parametrize(
    ("name", "code"),
    [("planner", "goal.empty"), ("writer", "writer.no_plan"), ("reviewer", "reviewer.no_plan")],
)
def test_what_else_is_needed_is_asked_for(
    name: str, code: str, repository: Path, tmp_path: Path
) -> None:
    with pytest.raises(AttemptFailed) as refusal:
        work(name, tmp_path, there(repository))
    assert refusal.value.code == code


def test_an_output_called_plan_need_not_be_one(repository: Path) -> None:
    stranger = Upstream("succeeded", Work(output={"plan": "buy milk"}))
    brief = brief_of("writer", order({}, upstream={"shop": stranger}), 30.0)
    assert brief.plan is None
    assert list(brief.upstream) == ["shop"]


def test_a_step_may_test_for_as_long_as_its_author_lets_it(tmp_path: Path) -> None:
    root = suite(tmp_path / "repository", "True")
    desk = LocalDesk(tmp_path / "out", seconds=600.0)
    find("tester").work(brief_of("tester", order(there(root)), 600.0), desk)
    (limit,) = [words for _, words in desk.said if "for at most" in words]
    assert int(limit.split()[-2]) > 580


def test_the_worker_does_an_order_of_a_workflow(repository: Path, tmp_path: Path) -> None:
    asked = order(there(repository), scratch=str(tmp_path))
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "missioncontrol.worker", "surveyor"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # It ends its whole group when its input ends.
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(wire.encode(asked))
    worker.stdin.flush()
    messages = [json.loads(line) for line in worker.stdout]
    worker.wait()
    worker.stdin.close()
    worker.stdout.close()
    assert messages[-1]["type"] == "done"
    assert messages[-1]["work"]["output"]["packages"] == [".", "packages/cart", "packages/pay"]
