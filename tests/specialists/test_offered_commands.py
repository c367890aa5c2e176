"""A project's commands besides its suite are tried in the copy, and reported as they ended."""

import json
from pathlib import Path
from typing import Any

from missioncontrol.domain.estimates import Likely, LikelyFile
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import CommandRan, Work
from missioncontrol.specialists.manifests import read_manifests
from missioncontrol.specialists.tester import Tester
from missioncontrol.specialists.tester.project_commands import offers
from missioncontrol.specialists.tree import read_tree
from missioncontrol.testing.local_workspace import LocalDesk
from tests.agents.repositories import PYTEST_ALONE
from tests.specialists.small_mission import PLAN, brief_for

SHOP = {
    "src/shop/__init__.py": "def total(prices): return sum(prices)\n",
    "tests/test_shop.py": "from shop import total\ndef test_total(): assert total([1, 2]) == 3\n",
    "tests/test_other.py": "def test_other(): assert True\n",
    "pyproject.toml": (
        '[project]\nname = "shop"\n[tool.pytest.ini_options]\n'
        + PYTEST_ALONE
        + "[tool.no_such_tool]\n"
    ),
    "Makefile": "lint:\n\t@echo clean\n\nbuild:\n\t@echo broken; exit 3\n\nall: lint\n",
}


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def likely(*tests: str) -> Plan:
    import msgspec

    file = LikelyFile("src/shop/__init__.py", 1.0, ("says so",), tests=tests)
    return msgspec.structs.replace(PLAN, likely=(Likely("R1", (file,)),))


def tried(tmp_path: Path, plan: Plan | None) -> tuple[Work, dict[str, Any], LocalDesk]:
    desk = LocalDesk(tmp_path / "desk")
    brief = brief_for("tests", repository(tmp_path / "shop", SHOP), plan=plan or PLAN)
    work = Tester().work(brief, desk)
    return work, json.loads((desk.directory / "tests.json").read_text()), desk


def test_each_command_says_how_it_ended_and_with_what(tmp_path: Path) -> None:
    work, result, desk = tried(tmp_path, likely("tests/test_shop.py"))
    by_command = {" ".join(each["command"]): each for each in result["commands"]}
    assert by_command["python -m pytest"]["status"] == "not_run"
    part = by_command["python -m pytest tests/test_shop.py"]
    assert (part["status"], part["exit_code"]) == ("ran", 0)
    assert part["environment"] == {"PYTHONPATH": "src"}
    assert (part["purpose"], part["result"]) == ("test a part", "1 passed")
    lint, build = by_command["make lint"], by_command["make build"]
    assert (lint["purpose"], lint["exit_code"], lint["source"]) == ("lint", 0, "Makefile:1")
    assert (build["purpose"], build["exit_code"]) == ("build", 2)
    assert "make all" not in by_command
    assert "clean" in (desk.directory / "commands.txt").read_text()
    ran = [each for each in work.evidence if isinstance(each, CommandRan)]
    assert ran[-1].log == "test-output.txt"  # how the tests ended is reported last
    assert {each.log for each in ran[:-1]} == {"commands.txt"}


def test_what_was_not_run_says_why(tmp_path: Path) -> None:
    with_tox = {**SHOP, "tox.ini": "[tox]\n[testenv]\ncommands = pytest\n"}
    root = repository(tmp_path / "shop", with_tox | {".flake8": "[flake8]\n"})
    desk = LocalDesk(tmp_path / "desk")
    Tester().work(brief_for("tests", root, plan=PLAN), desk)
    commands = json.loads((desk.directory / "tests.json").read_text())["commands"]
    rest = {" ".join(each["command"]): each for each in commands if each["status"] == "not_run"}
    assert rest["tox"]["result"] == "not tried: `python -m pytest` runs the tests"
    assert rest["flake8"]["result"] == "flake8 is not installed here"
    assert all("exit_code" not in each for each in rest.values())
    assert [each["status"] for each in commands] == sorted(
        (each["status"] for each in commands), reverse=True
    )


def test_tools_are_known_by_their_settings_alone(tmp_path: Path) -> None:
    settings = (
        '[build-system]\nrequires = ["x"]\n[tool.ruff.lint]\nselect = ["E"]\n'
        "[tool.mypy]\nstrict = true\n"
    )
    tree = read_tree(repository(tmp_path, {"pyproject.toml": settings, "setup.cfg": "[flake8]\n"}))
    found = {each.argv[0]: each.source for each in offers(read_manifests(tree), tree)}
    assert found == {
        "python": "pyproject.toml:1",
        "ruff": "pyproject.toml:3",
        "flake8": "setup.cfg:1",
    }  # mypy has no configured paths, so it could not be run as it stands
