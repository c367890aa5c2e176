"""The pack of a task says all that who does it needs, within its budget, and nothing of others."""

import json
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.estimates import Knower, Likely, LikelyFile, Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.specialist import Delivered
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.material import Material
from missioncontrol.specialists.writer.pack_text import task_pack_text
from missioncontrol.specialists.writer.packing import tokens
from missioncontrol.specialists.writer.task_packing import task_packs
from missioncontrol.specialists.writer.writer import read_scene
from tests.specialists.small_mission import (
    PLAN,
    STORE_PATH,
    brief_for,
    delivered,
    task,
    with_tasks,
    write_repository,
)

TOLD = {
    "status": "passed",
    "command": ["python", "-m", "pytest"],
    "passed": 2,
    "failed": 0,
    "commands": [
        {
            "purpose": "test",
            "command": ["python", "-m", "pytest"],
            "source": "pyproject.toml:9",
            "status": "ran",
            "environment": {"PYTHONPATH": "src"},
            "exit_code": 0,
            "seconds": 1.2,
            "result": "2 passed",
        },
        {
            "purpose": "lint",
            "command": ["ruff", "check", "."],
            "source": "pyproject.toml:20",
            "status": "ran",
            "exit_code": 1,
            "seconds": 0.1,
        },
        {
            "purpose": "test a part",
            "command": ["python", "-m", "pytest", "tests/test_else.py"],
            "source": "the tests of where R9 will be",
            "status": "ran",
            "exit_code": 0,
            "seconds": 0.4,
            "result": "1 passed",
        },
        {
            "purpose": "test",
            "command": ["tox"],
            "source": "tox.ini:1",
            "status": "not_run",
            "result": "tox is not installed here",
        },
        {"purpose": 7},
    ],
}


@pytest.fixture
def upstream(tmp_path: Path) -> dict[str, Delivered]:
    return {"tests": delivered(tmp_path / "tests", {"tests.json": json.dumps(TOLD)})}


def material(tmp_path: Path, plan: Plan, upstream: dict[str, Delivered]) -> Material:
    repository = write_repository(tmp_path / "repository")
    brief = brief_for("specification", repository, plan=plan, upstream=upstream)
    return Material(brief, plan, read_scene(brief, plan))


def test_each_task_that_changes_code_has_a_pack_with_the_same_sections(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    packs = task_packs(material(tmp_path, PLAN, upstream))
    assert list(packs) == [each.key for each in PLAN.tasks() if each.is_change]
    for number, (key, pack) in enumerate(packs.items(), 1):
        text = task_pack_text(pack)
        assert text.startswith(f"# {pack.task.title}\n")
        assert f"Task `{key}`, {number} of {len(packs)}" in text
        for heading in ("Goal", "Requirement", "Acceptance", "Files", "Commands", "Done when"):
            assert f"\n## {heading}\n" in text
        assert all(each in text for each in pack.task.acceptance)
        assert all(each.text in text for each in pack.code)


def test_the_context_of_the_goal_stands_in_the_pack_of_a_task_line_by_line(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    context = 'Traceback (most recent call last):\n  File "src/shop/store.py", line 3, in load\n```'
    found = material(tmp_path, PLAN, upstream)
    brief = msgspec.structs.replace(found.brief, context=context)
    for pack in task_packs(Material(brief, PLAN, read_scene(brief, PLAN))).values():
        assert pack.context == context
        assert f"\n````\n{context}\n````\n" in task_pack_text(pack)
    for pack in task_packs(found).values():
        assert "context given with the goal" not in task_pack_text(pack)


def test_commands_that_were_run_stand_apart_with_their_evidence(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    text = task_pack_text(task_packs(material(tmp_path, PLAN, upstream))["build"])
    ran, _, rest = text.partition("Named by the project and not verified:")
    assert (
        "- test: `PYTHONPATH=src python -m pytest`, from pyproject.toml:9; verified: "
        "exit status 0 after 1.2 s; 2 passed (tests.json /commands/0)"
    ) in ran
    assert "`ruff check .`, from pyproject.toml:20; fails: exit status 1 after 0.1 s" in ran
    assert ran.index("failing before any change") < ran.index("`ruff check .`")
    assert "- test: `tox`, from tox.ini:1; not verified: tox is not installed here" in rest
    assert "tests/test_else.py" not in text  # It is about a requirement of another task.
    assert "`PYTHONPATH=src python -m pytest` shows no failure beyond those of today" in text
    assert "`ruff check .` still ends" not in text  # It does not end well today.


def test_where_the_work_will_be_is_told_with_reasons_and_who_knows_it(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    file = LikelyFile(
        STORE_PATH, 1.0, ("`redis` in its name",), (Spot("Store", 3),), (), (Knower("Ada", 4),)
    )
    ids = [each.id for each in PLAN.requirements]
    plan = msgspec.structs.replace(PLAN, likely=tuple(Likely(name, (file,)) for name in ids))
    pack = task_packs(material(tmp_path, plan, upstream))["build"]
    [known] = [each for each in pack.files if each.path == STORE_PATH]
    assert "`redis` in its name" in known.why
    text = task_pack_text(pack)
    assert "Look at `Store` (line 3)." in text
    assert "Known to Ada (4 commits)." in text


def test_what_another_task_changes_is_not_to_be_touched(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    build = next(each for each in PLAN.tasks() if each.key == "build")
    other = task("announce", "builder", detail="Tell users.", scope=("CHANGES.md",))
    packs = task_packs(material(tmp_path, with_tasks(PLAN, build, other), upstream))
    assert "- `CHANGES.md` (task `announce` changes it)" in task_pack_text(packs["build"])
    assert "`announce` changes it" not in task_pack_text(packs["announce"])


@pytest.mark.parametrize("tokens_max", [8_000, 900, 700])
def test_a_pack_is_never_larger_than_its_budget(
    tmp_path: Path, upstream: dict[str, Delivered], tokens_max: int
) -> None:
    long = msgspec.structs.replace(
        PLAN, questions=tuple(f"Question {n}? " + "and why " * 400 for n in range(2))
    )
    for pack in task_packs(material(tmp_path, long, upstream), tokens_max=tokens_max).values():
        text = task_pack_text(pack)
        assert pack.budget.tokens == tokens(text) <= tokens_max
        for place in pack.budget.dropped:
            assert place not in [each.place for each in pack.code]
        if pack.budget.cut:
            assert f"Texts are cut to {pack.budget.cut} characters" in text


def test_a_command_is_typed_as_a_shell_takes_it() -> None:
    command = Command("test", "pytest 'a b'", "x", environment={"B": "2 3", "A": "1"})
    assert command.line == "A=1 B='2 3' pytest 'a b'"
    assert not command.passes


def test_the_frames_of_a_stack_trace_in_the_goal_are_shown_with_their_lines(
    tmp_path: Path, upstream: dict[str, Delivered]
) -> None:
    context = (
        "Traceback (most recent call last):\n"
        '  File "/x/src/shop/app.py", line 3, in open\n'
        "KeyError: 1"
    )
    found = material(tmp_path, PLAN, upstream)
    brief = msgspec.structs.replace(found.brief, context=context)
    pack = task_packs(Material(brief, PLAN, read_scene(brief, PLAN)))["build"]
    assert any(e.path == "src/shop/app.py" and e.start <= 3 <= e.end for e in pack.code)


def test_what_is_red_before_the_change_is_the_first_criterion_of_its_task(tmp_path: Path) -> None:
    criterion = {
        "kind": "existence",
        "state": "red",
        "sentence": "`python -m pytest test_goal.py` fails today and passes after the change.",
        "file": "test_goal.py",
    }
    first = (
        "`python -m pytest test_goal.py` fails today and passes after the change. "
        "`test_goal.py` is an artifact of the tests."
    )

    def packs(name: str, **changed: str) -> list[tuple[str, ...]]:
        report = json.dumps({**TOLD, "criterion": {**criterion, **changed}})
        handed = {"tests": delivered(tmp_path / name, {"tests.json": report})}
        found = task_packs(material(tmp_path / name / "at", PLAN, handed))
        return [pack.task.acceptance for pack in found.values()]

    [change, *others] = packs("red")
    assert change[0] == first
    assert all(first not in each for each in others)
    assert first not in packs("green", state="green")[0]
    assert first not in packs("unclear", state="unclear")[0]
