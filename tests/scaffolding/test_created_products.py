"""Missions that create the repository of a product: proven, and built task by task."""

import subprocess
import sys
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import BAD_INPUT, FAILED, SUCCEEDED
from tests.cli.command import answer, mission
from tests.scaffolding.test_scaffolder import git

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
BUILDER = f"""[agents.builder]
kind = "acp"
limits = {{by_call = true}}
[agents.builder.settings]
argv = ["{sys.executable}", "-m", "tests.scaffolding.building_agent"]
variables = {{PYTHONPATH = "{ROOT}"}}
"""
GOAL = (
    "A small Python library that reads bank statements of three banks in CSV and MT940, and returns"
    " them as typed records. It never guesses an amount, and it has no dependencies."
)


@pytest.mark.slow
def test_a_product_is_created_proven_and_built_one_commit_for_each_task(tmp_path: Path) -> None:
    home, place = tmp_path / "home", tmp_path / "product"
    home.mkdir()
    (home / "agents.toml").write_text(BUILDER)
    done = mission(home, "run", GOAL, "--scaffold", "--repo", str(place))
    assert done.returncode == SUCCEEDED, done.stderr.decode()
    assert "--scaffold python-library" in done.stdout.decode()
    assert git(place, "rev-list", "--count", "HEAD") == "1"
    steps = {each["step"]: each for each in answer(home, "show", "last")["steps"]}
    assert {"skeleton", "skeleton-proof"} <= steps.keys()
    assert b"it starts and answers." in done.stdout
    # The same goal with an agent goes on from what is there.
    done = mission(home, "run", GOAL, "--scaffold", "--repo", str(place), "--builder", "builder")
    assert done.returncode == SUCCEEDED, done.stderr.decode()
    tasks = [each["step"] for each in answer(home, "show", "last")["steps"]]
    built = [each.removesuffix("-commit") for each in tasks if each.endswith("-commit")]
    assert len(built) >= 8
    messages = git(place, "log", "--format=%b")
    assert all(f"Task: {each}\n" in f"{messages}\n" for each in built)
    assert git(place, "status", "--porcelain") == ""
    assert len(list((place / "tests").glob("test_*.py"))) >= len(built)


def test_a_skeleton_that_is_not_wanted_here_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    home, place = tmp_path / "home", tmp_path / "product"
    place.mkdir()
    (place / "notes.txt").write_text("Mine.\n")
    done = mission(home, "run", GOAL, "--scaffold", "--repo", str(place))
    assert done.returncode == BAD_INPUT
    assert b"is not empty: it has 'notes.txt'" in done.stderr
    done = mission(home, "run", GOAL, "--scaffold", "cobol", "--repo", str(tmp_path / "other"))
    assert done.returncode == BAD_INPUT
    assert b"There is no scaffold 'cobol'." in done.stderr
    ruby = "Neighbours lend each other tools. Use Ruby on Rails."
    done = mission(home, "run", ruby, "--scaffold", "--repo", str(tmp_path / "other"))
    assert done.returncode == FAILED
    assert b"The nearest is `--scaffold python-web`" in done.stdout + done.stderr
    assert not (tmp_path / "other").exists()
    done = mission(home, "run", GOAL, "--scaffold", "--repo", str(home / "inside" / "product"))
    assert done.returncode == BAD_INPUT
    assert b"where Mission Control keeps its data" in done.stderr
    assert not (home / "inside").exists()
    done = mission(
        home, "run", "Fix the total of a cart", "--scaffold", "--repo", str(tmp_path / "c")
    )
    assert done.returncode == FAILED
    assert b"a scaffold begins a new product" in done.stdout + done.stderr


@pytest.mark.slow
def test_a_product_on_postgresql_is_proven_where_steps_are_confined(tmp_path: Path) -> None:
    goal = "A booking tool where members of a rowing club reserve boats, on PostgreSQL."
    place = tmp_path / "product"
    done = mission(tmp_path / "home", "run", goal, "--scaffold", "--repo", str(place))
    assert done.returncode == SUCCEEDED, done.stdout.decode()
    assert "FastAPI and PostgreSQL." in (place / "README.md").read_text("utf-8")
    assert b"it starts and answers." in done.stdout
    assert "psycopg" in (place / "pyproject.toml").read_text("utf-8")
    # The proof ran in a copy: nothing of its database is left here.
    assert git(place, "status", "--porcelain", "--ignored") == ""


def test_what_a_goal_names_and_no_skeleton_has_is_refused_before_it_is_planned(
    tmp_path: Path,
) -> None:
    goal = "A web app where neighbours lend tools, with MySQL"
    done = mission(tmp_path / "home", "run", goal, "--scaffold", "--repo", str(tmp_path / "p"))
    assert done.returncode == FAILED
    said = " ".join((done.stdout + done.stderr).decode().split())
    assert "There is no scaffold for Python web with MySQL." in said
    assert "The nearest is `--scaffold python-web`" in said
    assert "Stack: MySQL" not in said
    assert not (tmp_path / "p").exists()


@pytest.mark.slow
def test_the_directory_is_called_like_the_product(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "missioncontrol", "run", "--scaffold", GOAL],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin",
            "MISSION_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path),
        },
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == SUCCEEDED, done.stderr.decode()
    assert (tmp_path / "bank-statement-lib" / "pyproject.toml").is_file()
