"""The manager: where a round begins, what a builder receives, and what it refuses."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.manager.manager import Manager, items, open_items, sections
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

SPEC = """# Spec
## Behaviour
It greets.
## Acceptance
- `greet("Ada")` says "Hello, Ada".
- [ ] An empty name is refused.
```
## Not a heading
```
"""
TASKS = "# Tasks\n\n## Tasks\n- [x] Look\n- [ ] Build it\n- Test it\n"


def git(root: Path, *args: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    argv = ["git", *who, *args]
    return subprocess.run(argv, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit and a task whose spec and list are written."""
    root = tmp_path / "repository"
    folder = root / "tasks/0003-greet"
    folder.mkdir(parents=True)
    (folder / "spec.md").write_text(SPEC)
    (folder / "tasks.md").write_text(TASKS)
    (root / "app.py").write_text("print('hello')\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "First")
    return root


def task(root: Path, **more: Any) -> dict[str, Any]:
    folder = root / "tasks/0003-greet"
    documents = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()
    }
    given = {"number": 3, "title": "Greet people", "brief": "Rude.", "folder": "tasks/0003-greet"}
    return {
        **given,
        "documents": documents,
        "scope": ["app.py", "tests/"],
        "into": "mission/main",
    } | more


def managed(
    root: Path, out: Path, given: dict[str, Any], former: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str]:
    brief = Brief("", "", (), "", root, None, None, {}, 60.0, commission=given, former=former or {})
    work = Manager().work(brief, LocalDesk(out))
    return work.output, (out / "work.md").read_text()


def test_the_first_round_begins_at_what_is_checked_out_with_what_was_agreed(
    root: Path, tmp_path: Path
) -> None:
    output, page = managed(root, tmp_path / "out", task(root, checks=[["make", "lint"]]))
    head = git(root, "rev-parse", "HEAD")
    assert output == {
        "base": head,
        "onto": head,
        "round": 1,
        "conflicts": 0,
        "redo": False,
        "acceptance": ['`greet("Ada")` says "Hello, Ada".', "An empty name is refused."],
        "parts": ["Build it", "Test it"],
    }
    assert page.startswith("# Task 3: Greet people\n")
    assert "- Change only `app.py`, `tests/`." in page
    assert "- `make lint` ends with 0." in page
    assert "## Spec (`tasks/0003-greet/spec.md`)\n\n> # Spec\n> ## Behaviour\n> It greets." in page
    assert "Round" not in page


def test_where_others_have_merged_the_next_task_begins_at_what_they_made(
    root: Path, tmp_path: Path
) -> None:
    first = git(root, "rev-parse", "HEAD")
    git(root, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(root, "branch", "mission/main")
    git(root, "reset", "-q", "--hard", first)
    output, _ = managed(root, tmp_path / "out", task(root))
    assert output["base"] == output["onto"] == git(root, "rev-parse", "mission/main") != first


def test_a_branch_that_is_checked_out_meanwhile_is_not_where_a_task_begins(
    root: Path, tmp_path: Path
) -> None:
    head = git(root, "rev-parse", "HEAD")
    git(root, "switch", "-qc", "feature")
    git(root, "commit", "-q", "--allow-empty", "-m", "Half done")
    output, _ = managed(root, tmp_path / "out", task(root, head=head))
    assert output["base"] == output["onto"] == head != git(root, "rev-parse", "HEAD")


def test_rework_goes_on_from_what_was_built(root: Path, tmp_path: Path) -> None:
    onto = git(root, "rev-parse", "HEAD")
    git(root, "commit", "-q", "--allow-empty", "-m", "Built")
    built = git(root, "rev-parse", "HEAD")
    finding = {"rule": "scope", "message": "It changes *b.py*.", "path": "b.py", "line": 7}
    former = {"commit": built, "onto": onto, "rounds": 1, "findings": [finding], "merged": None}
    output, page = managed(root, tmp_path / "out", task(root), former)
    assert (output["base"], output["onto"], output["round"]) == (built, onto, 2)
    assert "## Round 2: what to mend" in page
    assert "- `b.py:7`: It changes \\*b.py\\*. (scope)" in page
    nothing = managed(root, tmp_path / "out", task(root), {**former, "commit": ""})
    assert nothing[0]["base"] == onto
    assert "Nothing was changed in the round before." in nothing[1]


def test_what_the_queue_returned_is_made_anew_on_what_is_there_by_now(
    root: Path, tmp_path: Path
) -> None:
    onto = git(root, "rev-parse", "HEAD")
    (root / "app.py").write_text("print('good day')\n")
    git(root, "commit", "-qam", "Built")
    built = git(root, "rev-parse", "HEAD")
    git(root, "reset", "-q", "--hard", onto)
    git(root, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(root, "branch", "mission/main")
    former = {"commit": built, "onto": onto, "rounds": 1, "returned": True, "findings": []}
    output, page = managed(root, tmp_path / "out", task(root), former)
    assert output["redo"]
    assert output["base"] == output["onto"] == git(root, "rev-parse", "mission/main")
    # A builder is given this page alone, so the change stands in it.
    assert "+print('good day')" in page
    assert "+print('good day')" in (tmp_path / "out/former.patch").read_text()


def test_a_text_that_nobody_signed_is_given_to_no_builder(root: Path, tmp_path: Path) -> None:
    given = task(root)
    (root / "tasks/0003-greet/spec.md").write_text(f"{SPEC}- Anything goes.\n")
    with pytest.raises(AttemptFailed) as no:
        managed(root, tmp_path / "out", given)
    assert no.value.code == "manager.other_version"
    assert "tasks/0003-greet/spec.md is not the text that was agreed to" in no.value.reason
    (root / "tasks/0003-greet/spec.md").unlink()
    (root / "tasks/0003-greet/spec.md").symlink_to("/etc/hostname")
    with pytest.raises(AttemptFailed, match="is not the text"):
        managed(root, tmp_path / "out", given)


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    with pytest.raises(AttemptFailed) as no:
        managed(empty, tmp_path / "out", {"number": 1, "title": "Begin"})
    assert no.value.code == "manager.no_commit"


def test_a_task_that_is_none_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed, match="The input `commission` of the manager does not fit"):
        managed(root, tmp_path / "out", {"number": "three"})


def test_headings_in_code_end_no_section() -> None:
    assert "not a heading" not in sections(SPEC)
    assert items({"spec": "## Acceptance\nIt is\nfast.\n"}, "spec", "acceptance") == ["It is fast."]
    assert open_items({"tasks": "## Tasks\n1. One\n2) Two\n"}) == ["One", "Two"]
    assert open_items({}) == []
