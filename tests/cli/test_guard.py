"""`mission guard`, as a hook, a pipeline and a person use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from tests.agents.repositories import ENVIRONMENT, git, repository
from tests.cli.command import answer, mission
from tests.prefork import SOURCE

SPEC = "---\ncovers: [src/auth/]\n---\n# Login\n\nA code besides the password.\n"
LOGIN = "def login(user): return user\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return repository(tmp_path / "r", {"src/auth/login.py": LOGIN, "src/shop.py": "A = 1\n"})


def stage(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    git(root, "add", "-A")


def accept(tmp_path: Path, root: Path) -> str:
    """Accept the spec and stage what that wrote; return where it is."""
    done = answer(tmp_path / "home", "guard", "accept", "tasks/1/spec.md", "--repo", str(root))
    git(root, "add", "-A")
    place: str = done["file"]
    return place


def test_a_change_waits_for_a_spec_and_the_spec_for_somebody(tmp_path: Path, root: Path) -> None:
    stage(root, "src/auth/login.py", "def login(user, code): return user\n")
    held = mission(None, "guard", cwd=root)
    assert held.returncode == 1
    output = held.stdout.decode()
    assert "`login` needs `code`; no spec covers this file" in output
    assert "mission guard accept" in output
    stage(root, "tasks/1/spec.md", SPEC)
    assert b"tasks/1/spec.md was never accepted" in mission(None, "guard", cwd=root).stdout
    accept(tmp_path, root)
    free = mission(None, "guard", "--staged", "--repo", str(root / "src"))
    assert (free.returncode, b"Nothing in what is staged (3 files)" in free.stdout) == (0, True)
    git(root, "commit", "-qm", "Ask for a code")
    stage(root, "src/auth/login.py", "def login(user, code, more): return user\n")
    assert mission(None, "guard", cwd=root).returncode == 0
    git(root, "commit", "-qm", "And for more")
    stage(root, "src/auth/login.py", "def login(user, code, more, still): return user\n")
    stale = mission(None, "guard", cwd=root)
    assert stale.returncode == 1
    moved = "covers files that changed after it was accepted: src/auth/login.py"
    assert moved in stale.stdout.decode()


def test_a_name_that_is_no_utf_8_is_guarded_like_others(tmp_path: Path, root: Path) -> None:
    stage(root, os.fsdecode(b"src/auth/\xff.py"), "import pickle\npickle.loads(x)\n")
    stage(root, "tasks/1/spec.md", SPEC)
    held = mission(None, "guard", cwd=root)
    assert (held.returncode, rb"src/auth/\xff.py" in held.stdout) == (1, True)
    for form, place in (("json", r"auth/\\xff.py"), ("sarif", "auth/%5Cxff.py")):
        result = mission(None, "guard", "--format", form, cwd=root)
        assert (result.returncode, place in result.stdout.decode()) == (1, True)
    accept(tmp_path, root)
    assert mission(None, "guard", cwd=root).returncode == 0


def test_an_acceptance_that_can_not_be_written_leaves_nothing(tmp_path: Path, root: Path) -> None:
    stage(root, "tasks/1/spec.md", SPEC)
    place = root / accept(tmp_path, root)
    place.unlink()
    place.mkdir()
    result = mission(tmp_path / "home", "guard", "accept", "tasks/1/spec.md", cwd=root)
    assert (result.returncode, b".json can't be written: " in result.stderr) == (2, True)
    assert list(place.parent.iterdir()) == [place]


def test_a_pipeline_without_a_home_says_the_same(tmp_path: Path, root: Path) -> None:
    git(root, "switch", "-qc", "feature")
    stage(root, "src/auth/login.py", "def login(user, code): return user\n")
    git(root, "commit", "-qm", "Ask for a code")
    assert mission(None, "guard", "--range", "main..feature", cwd=root).returncode == 1
    stage(root, "tasks/1/spec.md", SPEC)
    accept(tmp_path, root)
    git(root, "commit", "-qm", "Say why")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    done = mission(None, "guard", "--range", "origin/main..HEAD", "--format", "json", cwd=clone)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["covered"] == ["tasks/1/spec.md"]


def test_what_was_accepted_cannot_be_written_by_hand(tmp_path: Path, root: Path) -> None:
    stage(root, "tasks/1/spec.md", SPEC)
    place = accept(tmp_path, root)
    stage(root, "src/auth/login.py", "def login(user, code): return user\n")
    assert mission(None, "guard", cwd=root).returncode == 0
    content = (root / place).read_text()
    stage(root, "tasks/1/spec.md", SPEC + "\nAnd a second one.\n")
    assert b"was changed after it was accepted" in mission(None, "guard", cwd=root).stdout
    found = json.loads(content)
    digest = json.loads(mission(None, "guard", "specs", "--json", cwd=root).stdout)[0]
    found["accepted"]["digest"] = digest["spec"]["digest"]
    stage(root, place, json.dumps(found))
    forged = mission(None, "guard", cwd=root)
    assert (forged.returncode, b"no acceptance by a key that counts" in forged.stdout) == (1, True)


def test_only_those_sign_whom_the_repository_names(tmp_path: Path, root: Path) -> None:
    stage(root, "tasks/1/spec.md", SPEC)
    place = accept(tmp_path, root)
    key = json.loads((root / place).read_text())["key"]
    stage(root, ".mission/guard.toml", f'signers = ["{"0" * 64}"]\n')
    specs = ("guard", "specs", "--json")
    [other] = json.loads(mission(None, *specs, cwd=root).stdout)
    stage(root, ".mission/guard.toml", f'signers = ["{key}"]\n')
    [named] = json.loads(mission(None, *specs, cwd=root).stdout)
    assert (other["state"], named["state"]) == ("unsigned", "current")


def test_accepting_is_an_event_of_the_log(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "home"
    stage(root, "tasks/1/spec.md", SPEC)
    command = (
        "guard",
        "accept",
        "spec.md",
        "--repo",
        str(root / "tasks/1"),
        "--reason",
        "Read it.",
    )
    assert answer(home, *command)["files"] == 1
    found = mission(home, "audit", "search", "--kind", "spec_accepted", "--json")
    assert b"tasks/1/spec.md" in found.stdout
    assert mission(home, "audit", "verify").returncode == UNPROVEN


def test_what_is_accepted_is_what_a_commit_would_hold(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "home"
    (root / "tasks/1").mkdir(parents=True)
    (root / "tasks/1/spec.md").write_text(SPEC)
    unknown = mission(home, "guard", "accept", "tasks/1/spec.md", cwd=root)
    assert (unknown.returncode, b"no file that git knows" in unknown.stderr) == (2, True)
    git(root, "add", "-A")
    (root / "tasks/1/spec.md").write_text(SPEC + "later\n")
    other = mission(home, "guard", "accept", "tasks/1/spec.md", cwd=root)
    assert (other.returncode, b"changed after it was staged" in other.stderr) == (2, True)
    silent = mission(home, "guard", "accept", "src/shop.py", cwd=root)
    assert (silent.returncode, b"does not say what it covers" in silent.stderr) == (2, True)
    assert not (root / ".mission").exists()


def test_nothing_is_written_through_a_link_of_the_repository(tmp_path: Path, root: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / ".mission").symlink_to(outside)
    stage(root, "tasks/1/spec.md", SPEC)
    done = mission(tmp_path / "home", "guard", "accept", "tasks/1/spec.md", cwd=root)
    assert (done.returncode, b".mission is a link" in done.stderr) == (2, True)
    assert list(outside.iterdir()) == []


def test_a_hook_holds_a_commit_back_with_the_index_it_is_given(root: Path) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} -m missioncontrol guard --staged\n")
    hook.chmod(0o755)
    env = {**ENVIRONMENT, "PYTHONPATH": str(SOURCE), "PATH": os.environ["PATH"]}
    commit = ("git", "commit", "-qam", "Change it")
    (root / "src/auth/login.py").write_text("def login(user, code): return user\n")
    held = subprocess.run(commit, cwd=root, env=env, capture_output=True, check=False)
    assert held.returncode == 1
    assert b"src/auth/login.py" in held.stdout + held.stderr
    (root / "src/auth/login.py").write_text(LOGIN)
    (root / "src/shop.py").write_text("A = 2\n")
    free = subprocess.run(commit, cwd=root, env=env, capture_output=True, check=False)
    assert free.returncode == 0, free.stderr


def test_a_code_host_can_take_it_in(root: Path) -> None:
    stage(root, "src/auth/a b.py", "import hmac\n")
    found = json.loads(mission(None, "guard", "--format", "sarif", cwd=root).stdout)
    [run] = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    [result] = run["results"]
    assert found["version"] == "2.1.0"
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "security"
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/auth/a%20b.py"
    assert place["region"]["startLine"] >= 1
    assert result["partialFingerprints"]


def test_the_rules_are_printed_as_a_file_that_can_be_kept(root: Path) -> None:
    text = mission(None, "guard", "rules", cwd=root).stdout.decode()
    stage(root, ".mission/guard.toml", text)
    assert mission(None, "guard", "rules", cwd=root).stdout.decode() == text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--range", "main"), "no range of commits"),
        (("--range", "main..nowhere"), "There is no commit 'nowhere' here"),
        (("--range", "--exec=x..main"), "There is no commit '--exec=x' here"),
        (("--staged", "--range", "a..b"), "not allowed with"),
    ],
)
def test_what_is_asked_wrongly_is_said(root: Path, arguments: tuple[str, ...], reason: str) -> None:
    option = [f"--range={arguments[1]}"] if arguments[1].startswith("--exec") else [*arguments]
    done = mission(None, "guard", *option, cwd=root)
    assert (done.returncode, reason in done.stderr.decode()) == (2, True)


def test_broken_rules_stop_the_check(root: Path) -> None:
    stage(root, ".mission/guard.toml", "rules = 1\n")
    done = mission(None, "guard", cwd=root)
    assert done.returncode == 2
    assert b".mission/guard.toml can't be used: rules: expected" in done.stderr
