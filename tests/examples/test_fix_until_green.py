"""A check and a fixer take turns until the check is green, or the rounds are over."""

import sys
from pathlib import Path

import pytest

from tests.cli.command import commit
from tests.examples.shop import Shop, failure, live, output, states

APP = (
    "def add(a, b):\n    return a - b\n\n\n"
    "def double(a):\n    return a + 1\n\n\n"
    'def greet(name):\n    return "Helo " + name\n'
)
CHECK = """
import app, sys
expected = {"add": app.add(1, 2) == 3, "double": app.double(3) == 6,
            "greet": app.greet("Ada") == "Hello Ada"}
wrong = [name for name, holds in expected.items() if not holds]
print("wrong:", *wrong)
sys.exit(bool(wrong))
"""
FIXER = """
import pathlib, sys
mends = {"add": ("a - b", "a + b"), "double": ("a + 1", "a * 2"), "greet": ("Helo", "Hello")}
first = sys.stdin.read().split()[1]
path = pathlib.Path("app.py")
path.write_text(path.read_text().replace(*mends[first]))
print("mended", first)
"""
PYTHON = [sys.executable, "-B"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = tmp_path / "clone"
    root.mkdir()
    (root / "app.py").write_text(APP)
    (root / "check.py").write_text(CHECK)
    commit(root)
    return root


@pytest.mark.journey
def test_one_fault_a_round_is_mended_until_all_is_green(tmp_path: Path, clone: Path) -> None:
    fixer = tmp_path / "fixer.py"
    fixer.write_text(FIXER)

    async def story(shop: Shop) -> None:
        await shop.save("fix-round", "fix-until-green")
        run = await shop.run(
            "fix-until-green",
            repository=str(clone),
            check=[*PYTHON, "check.py"],
            fix=[*PYTHON, str(fixer)],
        )
        outputs = shop.outputs(run)
        assert outputs["said"] == "wrong:\n"
        assert outputs["changed"][0].strip().startswith("app.py | 6 ")
        rounds = ("rounds", "rounds#2", "rounds#3")
        mended = [output(run, f"{each}/fix")["stdout"] for each in rounds]
        assert mended == ["mended add\n", "mended double\n", "mended greet\n"]
        assert type(run.states["rounds#4/fix"]).__name__ == "Skipped"
        assert "rounds#5/check" not in run.states

    live(tmp_path / "home", story)


@pytest.mark.journey
def test_a_fixer_that_mends_nothing_is_not_asked_for_ever(tmp_path: Path, clone: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.save("fix-round", "fix-until-green")
        run = await shop.run(
            "fix-until-green", repository=str(clone), check=["false"], fix=["true"]
        )
        assert run.status == "failed"
        assert failure(run, "rounds").code == "repeat.exhausted"
        assert states(run)["changes"] == "succeeded"
        assert output(run, "changes")["lines"] == []

    live(tmp_path / "home", story)


def test_changes_that_are_not_committed_are_left_alone(tmp_path: Path, clone: Path) -> None:
    (clone / "app.py").write_text("mine = True\n")

    async def story(shop: Shop) -> None:
        await shop.save("fix-round", "fix-until-green")
        run = await shop.run(
            "fix-until-green", repository=str(clone), check=["false"], fix=["rm", "app.py"]
        )
        assert states(run) == {"clean": "failed", "rounds": "blocked", "changes": "skipped"}
        assert (clone / "app.py").exists()

    live(tmp_path / "home", story)


def test_a_check_that_cannot_run_is_no_reason_to_fix_anything(tmp_path: Path, clone: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.save("fix-round", "fix-until-green")
        run = await shop.run(
            "fix-until-green",
            repository=str(clone),
            check=["sh", "-c", "exit 4"],
            fix=["rm", "app.py"],
        )
        assert run.status == "failed"
        assert "ended with exit status 4" in failure(run, "rounds/check").reason
        assert (clone / "app.py").exists()

    live(tmp_path / "home", story)
