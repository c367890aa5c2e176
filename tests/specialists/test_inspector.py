"""Findings on a change without a model: the same for the same change, with place and remedy."""

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.inspector import seen
from tests.agents.repositories import everything, git, repository
from tests.specialists.changes import desk_in, done, kept

FILES = {
    "src/app.py": "def run():\n    return 1\n",
    "tests/test_app.py": "def test_run():\n    assert True\n",
    "run.sh": "#!/bin/sh\n",
}
PASSED = {"passed": True, "status": "passed", "base": ""}
GOOD = {
    "src/app.py": "def run():\n    return 2\n",
    "tests/test_app.py": "def test_run():\n    assert 1\n",
}
TOKEN = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"


def review(tmp_path: Path, files: dict[str, Any], **more: Any) -> dict[str, Any]:
    root = repository(Path(tempfile.mkdtemp(dir=tmp_path)) / "r", FILES)
    return reviewed(tmp_path, root, kept(root, files), **more)


def reviewed(tmp_path: Path, root: Path, commit: str, **more: Any) -> dict[str, Any]:
    inputs = {"repository": str(root), "commit": commit, "base": "main", "tests": PASSED, **more}
    output: dict[str, Any] = done("inspector", desk_in(tmp_path), inputs).output
    return output


def found(output: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(e["rule"].partition(".")[2], e["path"], e["line"]) for e in output["findings"]]


def test_a_change_against_which_nothing_stands_is_approved(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    commit = kept(root, GOOD)
    (root / "src/app.py").write_text("<<<<<<< half done\n")
    before = everything(root)
    output = reviewed(tmp_path, root, commit, acceptance=["It is fast"], scope=["src", "tests/"])
    assert everything(root) == before
    assert (output["verdict"], output["findings"]) == ("approve", [])
    assert output["counts"] == {"files": 2, "added": 2, "removed": 2, "findings": 0, "blocking": 0}
    assert output["not_judged"] == ["It is fast"]
    assert (output["commit"], output["base"]) == (commit, git(root, "rev-parse", "main"))


def test_code_without_a_test_is_a_note(tmp_path: Path) -> None:
    output = review(tmp_path, {"src/app.py": GOOD["src/app.py"]})
    assert output["verdict"] == "approve"
    assert found(output) == [("untested", "src/app.py", 0)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/app.py": "a = 1\n<<<<<<< mine\n"}, [("conflict_mark", "src/app.py", 2)]),
        ({"a.md": "Title\n=======\n"}, []),
        ({"src/app.py": f"a = 1\nTOKEN = '{TOKEN}'\n"}, [("secret", "src/app.py", 2)]),
        ({"src/app.py": "a = '\u202e'\n"}, [("hidden_text", "src/app.py", 1)]),
        ({".mission/sop.toml": "x\n"}, [("process_file", ".mission/sop.toml", 0)]),
        ({"tasks/0001-x/spec.md": "x\n"}, []),
        ({"big.txt": "x" * 1_048_577}, [("large_file", "big.txt", 0)]),
        ({"tests/test_app.py": None}, [("test_removed", "tests/test_app.py", 0)]),
        (
            {
                "tests/test_app.py": "import pytest\n@pytest.mark.skip\n"
                + FILES["tests/test_app.py"]
            },
            [("test_skipped", "tests/test_app.py", 2)],
        ),
        (
            {"tests/test_app.py": None, "tests/test_it.py": FILES["tests/test_app.py"]},
            [("test_renamed", "tests/test_it.py", 0)],
        ),
        ({"od\nd.txt": "x\n"}, [("odd_name", "od\nd.txt", 0)]),
        ({}, [("nothing_changed", "", 0)]),
    ],
)
def test_what_has_to_be_mended_is_told_with_its_place(
    tmp_path: Path, files: dict[str, Any], expected: list[Any]
) -> None:
    output = review(tmp_path, files)
    blocking = {**output, "findings": [e for e in output["findings"] if e["blocking"]]}
    assert found(blocking) == expected
    assert output["verdict"] == ("rework" if expected else "approve")
    assert all(each["remedy"] for each in output["findings"])
    assert TOKEN not in str(output)


def test_what_is_too_much_to_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = {"large.txt": "a\n" * 300_000, **GOOD}
    assert found(review(tmp_path, large)) == [("secret", "", 0)]
    monkeypatch.setattr(seen, "FILES_MAX", 1)
    assert found(review(tmp_path, GOOD)) == [("too_many", "", 0)]
    monkeypatch.setattr(seen, "FILES_MAX", 9)
    monkeypatch.setattr(seen, "ALL_BYTES_MAX", 80)
    assert ("too_many", "", 0) in found(review(tmp_path, GOOD))


def test_a_secret_that_was_there_before_is_not_the_fault_of_the_change(tmp_path: Path) -> None:
    line = f"TOKEN = '{TOKEN}'\n"
    root = repository(tmp_path / "r", {**FILES, "src/app.py": line})
    output = reviewed(tmp_path, root, kept(root, {"src/app.py": f"{line}more = 1\n"}))
    assert [rule for rule, _, _ in found(output)] == ["untested"]


def test_files_of_tasks_belong_to_the_process_where_there_is_one(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {**FILES, ".mission/sop.toml": "id = 1\n"})
    commit = kept(root, {"tasks/0001-x/spec.md": "x\n", "docs/tasks.md": "x\n"})
    rules = found(reviewed(tmp_path, root, commit))
    assert rules == [("process_file", "docs/tasks.md", 0), ("process_file", rules[1][1], 0)]


def test_files_outside_of_the_scope_are_told_also_where_they_were_before(tmp_path: Path) -> None:
    files = {"run.sh": None, "src/run.sh": "#!/bin/sh\n", **GOOD}
    output = review(tmp_path, files, scope=["src/**", "tests/test_app.py"])
    assert found(output) == [("out_of_scope", "src/run.sh", 0)]
    assert "mission" not in output["findings"][0]["message"]


def tree(root: Path, change: str) -> str:
    """Keep what a shell makes of the files."""
    place = Path(tempfile.mkdtemp(dir=root.parent)) / "tree"
    git(root, "clone", "-q", "-s", str(root), str(place))
    assert os.system(f"cd {place} && {change}") == 0
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "x")
    git(place, "push", "-q", "origin", "HEAD:refs/mission/kept/x")
    return git(place, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("ln -s /etc/passwd link", ["link_out"]),
        ("ln -s ../../x src/link", ["link_out"]),
        ("ln -s .git/config link", ["link_out"]),
        ("ln -s ../run.sh src/link", []),
        ("chmod +x src/app.py", ["mode"]),
        ("chmod +x run.sh", ["mode"]),
        ("printf '\\0\\1' > icon.png", ["binary_file"]),
    ],
)
def test_links_rights_and_binaries(tmp_path: Path, change: str, expected: list[str]) -> None:
    root = repository(tmp_path / "r", FILES)
    output = reviewed(tmp_path, root, tree(root, change))
    rules = [rule for rule, _, _ in found(output) if rule != "untested"]
    assert rules == expected
    blocks = change != "chmod +x run.sh" and expected not in ([], ["binary_file"])
    assert output["verdict"] == ("rework" if blocks else "approve")


def test_submodules_and_lost_rights_are_told(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    (root / "run.sh").chmod(0o755)
    git(root, "commit", "-qam", "Let it run")
    head = git(root, "rev-parse", "HEAD")
    make = f"chmod -x run.sh; git update-index --add --cacheinfo 160000,{head},sub"
    output = reviewed(tmp_path, root, tree(root, f"{make}; mkdir -p sub"))
    assert ("mode", "run.sh", 0) in found(output)
    assert ("submodule", "sub", 0) in found(output)


BROKEN = {
    "test": "tests.test_app::test_run",
    "message": "no",
    "path": "tests/test_app.py",
    "line": 2,
}


@pytest.mark.parametrize(
    ("tests", "rule", "verdict"),
    [
        ({"status": "failed", "broken": [BROKEN], "base": "b"}, "tests_failed", "rework"),
        ({"status": "failed", "failures": [{"name": "a", "group": ""}]}, "tests_failed", "rework"),
        ({"status": "timed_out", "reason": "stopped"}, "tests_failed", "rework"),
        ({"passed": True, "status": "failed", "base": "b"}, "", "approve"),
        ({"passed": True, "status": "passed", "gone": ["t::a"]}, "test_removed", "rework"),
        ({"status": "could_not_start", "reason": "no pytest"}, "tests_silent", "approve"),
        ({"passed": True, "status": "passed", "commit": "1" * 40}, "other_tests", "rework"),
        (None, "tests_silent", "approve"),
    ],
)
def test_what_the_tester_said_counts(
    tmp_path: Path, tests: dict[str, Any] | None, rule: str, verdict: str
) -> None:
    output = review(tmp_path, GOOD, tests=tests)
    assert output["verdict"] == verdict
    assert [name for name, _, _ in found(output)] == ([rule] if rule else [])


def test_no_commit_says_that_nothing_was_changed(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", FILES)
    output = reviewed(tmp_path, root, "")
    assert (found(output), output["commit"]) == ([("nothing_changed", "", 0)], "")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"commit": None}, "inspector.bad_input"),
        ({"base": None}, "inspector.bad_input"),
        ({"commit": "nowhere"}, "inspector.no_commit"),
        ({"tests": {"broken": "all"}}, "inspector.bad_input"),
        ({"scope": ["!"]}, "inspector.bad_input"),
        ({"repository": "/nowhere"}, "inspector.no_repository"),
        ({"repository": "/"}, "inspector.no_repository"),
    ],
)
def test_what_cannot_be_reviewed_is_refused(tmp_path: Path, more: Any, code: str) -> None:
    root = repository(tmp_path / "r", FILES)
    inputs = {"repository": str(root), "commit": "HEAD", "base": "HEAD", **more}
    with pytest.raises(AttemptFailed) as refusal:
        done("inspector", desk_in(tmp_path), inputs)
    assert (refusal.value.code, refusal.value.retryable) == (code, False)
    assert refusal.value.hint
