"""The changes that a real history tells of."""

import subprocess
from pathlib import Path

import pytest

from missioncontrol.specialists.estimating.estimating import read_changes
from missioncontrol.specialists.estimating.past import Ask


def git(root: Path, *words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def commit(root: Path, subject: str, **texts: str) -> None:
    for name, text in texts.items():
        (root / f"{name}.py").write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", subject)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path, "Everything that came before", a="1\n2\n3\n", b="1\n")
    commit(tmp_path, "Change the first line (#12)\n\nIt was wrong.", a="one\n2\n3\n")
    git(tmp_path, "switch", "-qc", "side")
    commit(tmp_path, "Add a file and a line", b="1\n2\n", c="new\n")
    git(tmp_path, "switch", "-q", "main")
    commit(tmp_path, "Drop the last line", a="one\n2\n")
    commit(tmp_path, "Bump version to the next one", d="2\n")
    commit(tmp_path, "Rewrite nearly all there is", **{f"f{n}": "1\n" for n in range(9)})
    git(tmp_path, "merge", "-q", "--no-ff", "-m", "Merge the side", "side")
    return tmp_path


def test_merges_beginnings_routine_and_bulk_are_no_changes(repository: Path) -> None:
    found = {each.ask: (each.files, each.lines) for each in read_changes(repository).all}
    assert found == {
        Ask("Change the first line", 3): (1, 2),
        Ask("Add a file and a line"): (2, 2),
        Ask("Drop the last line"): (1, 1),
    }


def test_a_directory_without_history_has_no_changes(tmp_path: Path) -> None:
    assert read_changes(tmp_path).all == []


def test_a_repository_without_a_commit_has_no_changes(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_changes(tmp_path).all == []
