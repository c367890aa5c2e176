"""`mission backtest` plans merged changes again, and leaves the repository as it is."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import mission

pytestmark = pytest.mark.journey
PARTS = ("sessions", "mail", "cart")


def git(root: Path, *args: str) -> str:
    command = ["git", "-C", str(root), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run([*command, *args], capture_output=True, text=True, check=True).stdout


def shop(root: Path) -> Path:
    """Make a repository of six changes, one after the other, that each say what they are for."""
    root.mkdir()
    git(root, "init", "-q")
    for part in PARTS:
        (root / f"{part}.py").write_text(f"def open_{part}():\n    return '{part}'\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    for number in range(6):
        part = PARTS[number % len(PARTS)]
        file = root / f"{part}.py"
        file.write_text(f"{file.read_text()}\n\ndef {part}_{number}():\n    return {number}\n")
        if number == 5:
            (root / "later.py").write_text("LATER = True\n")
            git(root, "add", ".")
        git(root, "commit", "-qam", f"Give {part} the function {part}_{number} (#{number})")
    return root


def state(root: Path) -> str:
    seen = git(root, "status", "--porcelain", "--ignored") + git(root, "for-each-ref")
    return seen + git(root, "reflog") + git(root, "count-objects")


def test_past_changes_are_planned_again_and_nothing_is_touched(tmp_path: Path) -> None:
    root = shop(tmp_path / "shop")
    before = state(root)
    done = mission(tmp_path / "home", "backtest", "--repo", str(root), "--changes", "5", "--json")
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert (told["figures"]["changes"], told["figures"]["errors"]) == (5, 0)
    assert told["figures"]["begins"] == 1.0
    assert told["figures"]["false_paths"] == 0
    newest, *_ = told["changes"]
    assert newest["subject"] == "Give cart the function cart_5"
    assert newest["changed"] == ["cart.py"]  # `later.py` was not there, and the plan cannot know it
    assert "later.py" not in newest["first"] + newest["named"]
    assert state(root) == before
    assert not (tmp_path / "home").exists()


def test_the_figures_are_told_in_sentences(tmp_path: Path) -> None:
    root = shop(tmp_path / "shop")
    said = mission(tmp_path / "home", "backtest", "--repo", str(root)).stdout.decode()
    assert "6 changes from " in said
    assert "begins at a file that changed        100%" in said
    assert "6 are too few to tell much: 20 or more do." in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), b"Give a clone with --repo."),
        (("--repo", "{plain}"), b"is no git repository"),
        (("--repo", "{shop}", "--changes", "0"), b"it can be 1 to 500"),
        (("--repo", "{empty}"), b"No commit of this history can be replayed."),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    tmp_path: Path, args: tuple[str, ...], said: bytes
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    git(tmp_path / "empty", "commit", "-q", "--allow-empty", "-m", "Begin with nothing at all")
    places = {"plain": tmp_path / "plain", "empty": tmp_path / "empty", "shop": tmp_path / "shop"}
    shop(places["shop"])
    refused = mission(tmp_path / "home", "backtest", *(each.format(**places) for each in args))
    assert refused.returncode == 2, refused.stderr.decode()
    assert said in refused.stderr
