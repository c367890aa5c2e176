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
    told = mission(home, "trace", "check", "last", *chosen, "--json")
    assert done.returncode == told.returncode, done.stderr
    return done.returncode, done.stdout.decode().splitlines(), json.loads(told.stdout)


def test_an_ordinary_mission_is_whole_and_not_completed(finished: tuple[Path, Running]) -> None:
    home, _ = finished
    code, lines, told = check(home)
    assert code == 0
    assert lines[0].startswith("The trace is whole: 1 passage asked, 1 requirement")
    assert lines[1].endswith("handed over and not done.")
    assert told["is_clean"]
    assert not told["is_completed"]
    assert told["gaps"] == told["broken_artifacts"] == []
    (listed,) = answer(home, "list")
    assert listed["status"] == "ready_to_build"


def test_a_plan_without_a_requirement_fails_the_check_however_it_was_taken_out(
    finished: tuple[Path, Running], plan: dict[str, Any]
) -> None:
    home, _ = finished
    code, lines, told = check(home, {**plan, "requirements": []})
    assert code == 1
    assert {gap["code"] for gap in told["gaps"]} >= {
        "sentence.unmet",
        "reference.dangling",
        "requirement.lost",
    }
    assert len([line for line in lines if "  → " in line]) == len(told["gaps"])
    thorough = json.loads(json.dumps(plan).replace('"R1"', '"R2"'))
    thorough["requirements"] = [{**thorough["requirements"][0], "origins": []}]
    assert check(home, thorough)[0] == 1


def test_a_requirement_that_was_filed_as_background_is_missed_and_other_background_is_shown(
    tmp_path: Path,
) -> None:
    home, repo = tmp_path / "home", repository(tmp_path / "tiny")
    demand, told = "Empty names must be refused.", "We sell tea."
    goal = f"{GOAL}. {demand} {told}"
    assert mission(home, "run", goal, "--repo", str(repo)).returncode == 0
    code, lines, whole = check(home)
    assert code == 0, lines
    assert f"set aside (goal)  “{told}”" in lines
    assert whole["set_aside"] == [{"where": "goal", "words": told}]
    files = home.parent / "files"
    assert mission(home, "artifacts", "last", "--output", str(files)).returncode == 0
    plan = json.loads((files / "plan" / "plan.json").read_bytes())
    kept = [
        each
        for each in plan["requirements"]
        if demand not in [origin["words"] for origin in each["origins"]]
    ]
    (gone,) = {each["id"] for each in plan["requirements"]} - {each["id"] for each in kept}
    lost = json.loads(json.dumps(plan).replace(f'"{gone}"', f'"{kept[0]["id"]}"'))
    lost |= {"requirements": kept, "background": [*plan["background"], demand]}
    code, lines, told_of = check(home, lost)
    assert code == 1
    assert "demand.unmet:goal-2" in {gap["id"] for gap in told_of["gaps"]}


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
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert f"requirement R1 ← sentence {GOAL}: R1 comes from these words." in said
    assert "requirement R1 → task" in said
    whole = mission(home, "trace", "show", "last").stdout.decode()
    assert whole.startswith("R1  ")
    told = answer(home, "trace", "show", "last")
    assert {node["kind"] for node in told["graph"]["nodes"]} >= {"goal", "requirement", "task"}
    nobody = mission(home, "trace", "show", "last", "--of", "nobody")
    assert nobody.returncode == 2
    assert b"trace.unknown_node" in nobody.stderr or b"nobody" in nobody.stderr


def test_who_sees_to_a_risk_is_named_and_what_is_no_gap_is_not_waived(
    finished: tuple[Path, Running], plan: dict[str, Any]
) -> None:
    home, _ = finished
    if plan.get("risks"):
        risk = plan["risks"][0]["id"]
        told = answer(home, "trace", "assign", "last", risk, "Jonas Weber")
        assert told["is_new"]
        assert f"{risk} is seen to by Jonas Weber" in (
            mission(home, "trace", "show", "last").stdout.decode()
        )
    no = mission(home, "trace", "waive", "last", "risk.unowned:K1", "--reason", "small")
    assert no.returncode == 2
    assert b"has no gap" in no.stderr
    no = mission(home, "trace", "assign", "last", "K99", "Jonas")
    assert b"has no risk 'K99'" in no.stderr
