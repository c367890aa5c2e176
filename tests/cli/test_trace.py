"""`mission runs trace`: the links from the goal to the evidence, and gaps and waivers."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import GOAL, Running, answer, mission, repository

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def plan(finished: tuple[Path, Running]) -> dict[str, Any]:
    """The plan of that mission, as its artifact holds it."""
    home, _ = finished
    folder = home.parent / "files"
    assert mission(home, "artifacts", "last", "--output", str(folder)).returncode == 0
    found: dict[str, Any] = json.loads((folder / "plan" / "plan.json").read_bytes())
    return found


def check(home: Path, plan: Any = None) -> tuple[int, list[str], dict[str, Any]]:
    """Check the trace, of a changed plan where one is given: the code, the lines and the JSON."""
    file = home.parent / "changed.json"
    file.write_text(json.dumps(plan))
    chosen = ("--plan", str(file)) if plan is not None else ()
    done = mission(home, "trace", "check", "last", *chosen)
    result = mission(home, "trace", "check", "last", *chosen, "--json")
    assert done.returncode == result.returncode, done.stderr
    return done.returncode, done.stdout.decode().splitlines(), json.loads(result.stdout)


def test_an_ordinary_mission_is_whole_and_not_completed(finished: tuple[Path, Running]) -> None:
    home, _ = finished
    code, lines, report = check(home)
    assert code == 0
    assert lines[0].startswith("The trace is whole: 1 passage asked, 1 requirement")
    assert lines[1].endswith("handed over and not done.")
    assert report["is_clean"]
    assert not report["is_completed"]
    assert report["gaps"] == report["broken_artifacts"] == []
    (listed,) = answer(home, "list")
    assert listed["status"] == "ready_to_build"


def test_a_plan_without_a_requirement_fails_the_check_however_it_was_taken_out(
    finished: tuple[Path, Running], plan: dict[str, Any]
) -> None:
    home, _ = finished
    code, lines, report = check(home, {**plan, "requirements": []})
    assert code == 1
    assert {gap["code"] for gap in report["gaps"]} >= {
        "sentence.unmet",
        "reference.dangling",
        "requirement.lost",
    }
    assert len([line for line in lines if "  → " in line]) == len(report["gaps"])
    thorough = json.loads(json.dumps(plan).replace('"R1"', '"R2"'))
    thorough["requirements"] = [{**thorough["requirements"][0], "origins": []}]
    assert check(home, thorough)[0] == 1


def test_a_requirement_that_was_filed_as_background_is_missed_and_other_background_is_shown(
    tmp_path: Path,
) -> None:
    home, repo = tmp_path / "home", repository(tmp_path / "tiny")
    demand, statement = "Empty names must be refused.", "We sell tea."
    goal = f"{GOAL}. {demand} {statement}"
    assert mission(home, "run", goal, "--repo", str(repo)).returncode == 0
    code, lines, whole = check(home)
    assert code == 0, lines
    assert f"set aside (goal)  “{statement}”" in lines
    assert whole["set_aside"] == [{"where": "goal", "words": statement}]
    files = home.parent / "files"
    assert mission(home, "artifacts", "last", "--output", str(files)).returncode == 0
    plan = json.loads((files / "plan" / "plan.json").read_bytes())
    remaining = [
        each
        for each in plan["requirements"]
        if demand not in [origin["words"] for origin in each["origins"]]
    ]
    (gone,) = {each["id"] for each in plan["requirements"]} - {each["id"] for each in remaining}
    lost = json.loads(json.dumps(plan).replace(f'"{gone}"', f'"{remaining[0]["id"]}"'))
    lost |= {"requirements": remaining, "background": [*plan["background"], demand]}
    code, lines, report = check(home, lost)
    assert code == 1
    assert "demand.unmet:goal-2" in {gap["id"] for gap in report["gaps"]}


def test_a_file_that_is_no_plan_is_refused(finished: tuple[Path, Running]) -> None:
    home, _ = finished
    for name, content in (("none.json", None), ("bad.json", "{"), ("list.json", "[]")):
        path = home.parent / name
        if content is not None:
            path.write_text(content)
        done = mission(home, "trace", "check", "last", "--plan", str(path))
        assert done.returncode == 2, done.stdout
        assert b"plan" in done.stderr


def test_one_thing_says_why_it_exists_and_what_it_covers(finished: tuple[Path, Running]) -> None:
    home, _ = finished
    done = mission(home, "trace", "show", "last", "--of", "R1")
    output = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert f"requirement R1 ← sentence {GOAL}: R1 comes from these words." in output
    assert "requirement R1 → task" in output
    whole = mission(home, "trace", "show", "last").stdout.decode()
    assert whole.startswith("R1  ")
    shown = answer(home, "trace", "show", "last")
    assert {node["kind"] for node in shown["graph"]["nodes"]} >= {"goal", "requirement", "task"}
    unknown = mission(home, "trace", "show", "last", "--of", "nobody")
    assert unknown.returncode == 2
    assert b"trace.unknown_node" in unknown.stderr or b"nobody" in unknown.stderr


def test_who_sees_to_a_risk_is_named_and_what_is_no_gap_is_not_waived(
    finished: tuple[Path, Running], plan: dict[str, Any]
) -> None:
    home, _ = finished
    if plan.get("risks"):
        risk = plan["risks"][0]["id"]
        result = answer(home, "trace", "assign", "last", risk, "Jonas Weber")
        assert result["is_new"]
        assert f"{risk}: owner Jonas Weber" in (
            mission(home, "trace", "show", "last").stdout.decode()
        )
    no = mission(home, "trace", "waive", "last", "risk.unowned:K1", "--reason", "small")
    assert no.returncode == 2
    assert b"has no gap" in no.stderr
    no = mission(home, "trace", "assign", "last", "K99", "Jonas")
    assert b"has no risk 'K99'" in no.stderr
