"""Ten missions on ten packages that other people wrote: sound, repeatable, each its own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from missioncontrol.domain.plan import Plan, faults
from tests import prefork
from tests.cli.command import environment
from tests.proof.missions import ASKED, Asked
from tests.sources import checkout

pytestmark = pytest.mark.journey

SECONDS_MAX = 300

PARAGRAPH_LETTERS_MIN = 40
"""Shorter lines are names, labels and figures."""


class Answer(NamedTuple):
    """How a command line ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Carried:
    """One mission that was carried out, with the files it left."""

    def __init__(self, asked: Asked, folder: Path) -> None:
        self.asked = asked
        self.home = folder / "home"
        self.code = checkout(asked.package, folder / asked.package)
        self.answer = _last(self.mission("run", *self.words()).stdout)
        self.run = str(self.answer["run"])
        self.files = folder / "files"
        self.mission("artifacts", self.run, "--output", str(self.files))

    def words(self) -> list[str]:
        """What is asked, as arguments."""
        held = [part for each in self.asked.constraints for part in ("--constraint", each)]
        return [self.asked.goal, "--repo", str(self.code), *held, "--json"]

    def mission(self, *words: str, home: Path | None = None) -> Answer:
        """Run the program in the home of this mission, or in another one."""
        variables = environment(home or self.home, MISSION_ENVIRONMENTS="off")
        done = prefork.run(words, variables, timeout=SECONDS_MAX)
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def text(self, name: str) -> str:
        """Return a file of the run, by `STEP/NAME`."""
        return (self.files / name).read_text(encoding="utf-8")


def _bare() -> dict[str, str]:
    """Return the environment without what tells programs that a test runs them."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def _last(output: str) -> dict[str, Any]:
    """Return the last of the lines that `--json` prints: what it came to."""
    return dict(json.loads(output.splitlines()[-1]))


class Missions(dict[str, Carried]):
    """Missions by package, each carried out when a test first asks for it."""

    def __init__(self, folder: Callable[[str], Path]) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, package: str) -> Carried:
        asked = next(each for each in ASKED if each.package == package)
        found = self[package] = Carried(asked, self._folder(package))
        return found

    def all(self) -> dict[str, Carried]:
        return {each.package: self[each.package] for each in ASKED}


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Missions:
    """All of them, each in a home of its own: none knows of another."""
    return Missions(tmp_path_factory.mktemp)


OFTEN = ("cachetools",)
"""Packages that all tests carry out; the slow ones add the rest."""

every = pytest.mark.parametrize(
    "package",
    [
        pytest.param(each.package, marks=() if each.package in OFTEN else pytest.mark.slow)
        for each in ASKED
    ],
)


@every
def test_a_mission_ends_well_with_a_sound_plan(carried: Missions, package: str) -> None:
    mission = carried[package]
    assert mission.answer["status"] == "succeeded"
    plan = msgspec.json.decode(mission.text("plan/plan.json"), type=Plan)
    assert faults(plan) == []
    served = {name for task in plan.tasks() for name in task.requirements}
    assert {requirement.id for requirement in plan.requirements} <= served
    assert {each.requirement for each in plan.likely} <= served


@every
def test_the_same_goal_and_code_give_the_same_plan(
    carried: Missions, package: str, tmp_path: Path
) -> None:
    mission = carried[package]
    again = mission.mission("plan", *mission.words(), home=tmp_path / "home")
    assert json.loads(again.stdout) == json.loads(mission.text("plan/plan.json"))


@every
def test_the_trace_has_no_gap(carried: Missions, package: str) -> None:
    checked = carried[package].mission("trace", "check", carried[package].run)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@every
def test_each_command_of_the_pack_runs_as_it_says(
    carried: Missions, package: str, tmp_path: Path
) -> None:
    mission = carried[package]
    pack: dict[str, Any] = json.loads(mission.text("specification/execution-pack.json"))
    tried = [each for each in pack["commands"] if each.get("verified") or each.get("fails")]
    assert not [each for each in tried if each.get("verified") == bool(each["exit_code"])]
    code = Path(shutil.copytree(mission.code, tmp_path / "code"))
    for command in tried:
        done = subprocess.run(
            command["command"],
            shell=True,
            cwd=code,
            env=_bare() | command.get("environment", {}),
            capture_output=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == command["exit_code"], command


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["plan/plan.md", "specification/specification.md", "specification/execution-pack.md"],
)
def test_no_two_missions_share_a_paragraph(carried: Missions, name: str) -> None:
    texts = {package: _paragraphs(mission.text(name)) for package, mission in carried.all().items()}
    for one, other in combinations(texts, 2):
        assert texts[one] & texts[other] == set(), (one, other)


@pytest.fixture(scope="module")
def written(carried: Missions) -> Missions:
    """Have the documents of all ten written."""
    for mission in carried.all().values():
        done = mission.mission("document", "write", mission.run)
        assert done.returncode == 0, done.stderr
    return carried


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["prd", "design", "plan", "test-plan", "brief"])
def test_no_two_missions_share_a_paragraph_of_a_document(
    written: dict[str, Carried], kind: str
) -> None:
    shown = {
        package: mission.mission("document", "show", mission.run, kind).stdout
        for package, mission in written.items()
    }
    texts = {package: _paragraphs(text) for package, text in shown.items()}
    assert all(texts.values())
    for one, other in combinations(texts, 2):
        assert texts[one] & texts[other] == set(), (one, other)


def _paragraphs(text: str) -> set[str]:
    """Return the prose: no headings, code, heads of tables, or names of files that are listed."""
    prose = re.sub(r"(?ms)^```.*?^```", "", text)
    prose = re.sub(r"(?m)^\|.*\|\n(?=\| ?---)", "", prose)
    prose = re.sub(r"\[\^[^\]\s]+\](?!:)", "", prose)  # The source is not the statement.
    lines = {line.strip() for line in prose.splitlines()}
    return {line for line in lines if _is_prose(line)}


def _is_prose(line: str) -> bool:
    words = re.sub(r"`[^`]*`", "", line)
    letters = sum(character.isalpha() for character in words)
    return letters >= PARAGRAPH_LETTERS_MIN and not _TABULAR.match(line)


_TABULAR = re.compile(
    r"#|\| id|\|---|\| `review` \| Ready"  # How a review ended is a row of counts.
    r"|- (?:\[ \] )?(?:[a-z ]+: )?`"  # A list item that begins with a command: what that gave.
    r"|!\[|Architecture as it is:"  # A picture's words, and the same under it.
)
