"""The scaffolder writes into an empty directory alone, and commits what was proven alone."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.building import NOTHING_CHANGED, PATCH
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.scaffolding import built_in_turn, with_skeleton
from missioncontrol.domain.work import Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.scaffolder.scaffolder import Scaffolder
from missioncontrol.specialists.specialist import Delivered
from missioncontrol.testing.local_workspace import LocalDesk
from tests.scaffolding.designs import PRICES, plan_of
from tests.specialists.small_mission import brief_for


def plan() -> Plan:
    begun = with_skeleton(plan_of(PRICES), "python-library", "Python library")
    return built_in_turn(begun, "coder")


PLAN = plan()
FIRST = next(each.key for each in PLAN.tasks() if each.is_change)


def git(place: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", place, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def written(place: Path, scratch: Path) -> Work:
    return Scaffolder().work(_brief(place), LocalDesk(scratch))


def _brief(place: Path, **more: Any) -> Any:
    return msgspec.structs.replace(brief_for(FIRST, place, plan=PLAN), **more)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def test_a_repository_has_one_commit_and_nothing_else(tmp_path: Path, scratch: Path) -> None:
    place = tmp_path / "new" / "product"
    work = written(place, scratch)
    assert git(place, "status", "--porcelain") == ""
    assert git(place, "rev-list", "--all") == work.output["commit"]
    assert git(place, "branch", "--show-current") == "main"
    assert "README.md" in git(place, "ls-files").split()


def test_an_empty_repository_and_a_half_written_one_are_completed(
    tmp_path: Path, scratch: Path
) -> None:
    git(tmp_path, "init", "-q", "a")
    first = written(tmp_path / "a", scratch)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "README.md").write_bytes((tmp_path / "a" / "README.md").read_bytes())
    second = written(tmp_path / "b", scratch)
    trees = [
        git(Path(each.output["repository"]), "rev-parse", "HEAD^{tree}") for each in (first, second)
    ]
    assert trees[0] == trees[1]


def test_a_repository_that_began_with_the_skeleton_is_left_as_it_is(
    tmp_path: Path, scratch: Path
) -> None:
    written(tmp_path / "a", scratch)
    (tmp_path / "a" / "README.md").write_text("Mine.\n")
    git(tmp_path / "a", "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qam", "Mine")
    again = written(tmp_path / "a", scratch)
    assert again.output["commit"] == git(tmp_path / "a", "rev-parse", "HEAD")
    assert (tmp_path / "a" / "README.md").read_text() == "Mine.\n"


@pytest.mark.parametrize("kind", ["file", "commits", "link"])
def test_a_directory_with_other_content_is_refused_and_not_touched(
    tmp_path: Path, scratch: Path, kind: str
) -> None:
    place = tmp_path / "a"
    place.mkdir()
    if kind == "link":
        (place / "README.md").symlink_to("/etc/hostname")
    else:
        (place / "notes.txt").write_text("Mine.\n")
    if kind == "commits":
        git(place, "init", "-q")
        git(place, "add", ".")
        git(place, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "Mine")
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(AttemptFailed) as caught:
        written(place, scratch)
    assert caught.value.code == "scaffolder.not_empty"
    assert sorted(path.name for path in place.iterdir()) == before


def _built(place: Path, scratch: Path, text: str = "Built.\n") -> Delivered:
    base = git(place, "rev-parse", "HEAD")
    (place / "BUILT.md").write_text(text)
    git(place, "add", "BUILT.md")
    patch = scratch / PATCH
    patch.write_text(git(place, "diff", "--cached", "--binary") + "\n")
    git(place, "reset", "-q", "--hard", base)
    return Delivered("succeeded", Work(output={"base": base, "patch": PATCH}), {PATCH: patch})


def _commit(place: Path, scratch: Path, built: Delivered, *findings: Finding) -> Work:
    proof = Delivered("succeeded", Work(findings=findings), {})
    upstream = {FIRST: built, f"{FIRST}-proof": proof}
    asked = _brief(place, upstream=upstream, commits=FIRST)
    return Scaffolder().work(asked, LocalDesk(scratch))


def test_a_proven_change_becomes_a_commit_that_names_its_task(
    tmp_path: Path, scratch: Path
) -> None:
    written(tmp_path / "a", scratch)
    work = _commit(tmp_path / "a", scratch, _built(tmp_path / "a", scratch))
    assert git(tmp_path / "a", "rev-parse", "HEAD") == work.output["commit"]
    assert (tmp_path / "a" / "BUILT.md").read_text() == "Built.\n"
    assert f"Task: {FIRST}" in git(tmp_path / "a", "log", "-1", "--format=%B")
    assert work.output["files"] == [
        {"path": "BUILT.md", "change": "added", "added": 1, "deleted": 0}
    ]


def test_the_same_change_is_committed_once(tmp_path: Path, scratch: Path) -> None:
    written(tmp_path / "a", scratch)
    built = _built(tmp_path / "a", scratch)
    first = _commit(tmp_path / "a", scratch, built)
    assert _commit(tmp_path / "a", scratch, built).output["commit"] == first.output["commit"]
    assert git(tmp_path / "a", "rev-list", "--count", "HEAD") == "2"


@pytest.mark.parametrize("how", ["edited", "committed"])
def test_a_change_is_not_committed_on_what_people_did_meanwhile(
    tmp_path: Path, scratch: Path, how: str
) -> None:
    place = tmp_path / "a"
    written(place, scratch)
    built = _built(place, scratch)
    (place / "README.md").write_text("Mine.\n")
    if how == "committed":
        git(place, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qam", "Mine")
    with pytest.raises(AttemptFailed) as caught:
        _commit(place, scratch, built)
    assert caught.value.code == "scaffolder.moved"
    assert (place / "README.md").read_text() == "Mine.\n"
    assert not (place / "BUILT.md").exists()


def test_what_a_proof_doubts_is_not_committed(tmp_path: Path, scratch: Path) -> None:
    written(tmp_path / "a", scratch)
    built = _built(tmp_path / "a", scratch)
    doubt = Finding(NOTHING_CHANGED, "high", "No file was changed")
    with pytest.raises(AttemptFailed, match="could not prove"):
        _commit(tmp_path / "a", scratch, built, doubt)
    assert git(tmp_path / "a", "rev-list", "--count", "HEAD") == "1"


def test_a_file_that_git_ignores_is_not_overwritten(tmp_path: Path, scratch: Path) -> None:
    place = tmp_path / "a"
    written(place, scratch)
    built = _built(place, scratch)
    (place / ".git" / "info").mkdir(exist_ok=True)
    (place / ".git" / "info" / "exclude").write_text("BUILT.md\n")
    (place / "BUILT.md").write_text("Mine.\n")
    with pytest.raises(AttemptFailed, match=r"BUILT\.md") as caught:
        _commit(place, scratch, built)
    assert "Move away" in caught.value.hint
    assert (place / "BUILT.md").read_text() == "Mine.\n"
    (place / "BUILT.md").unlink()
    _commit(place, scratch, built)
    assert (place / "BUILT.md").read_text() == "Built.\n"


def test_a_directory_behind_a_link_is_not_written_to(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "src").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AttemptFailed) as caught:
        written(tmp_path / "a", scratch)
    assert caught.value.code == "scaffolder.not_empty"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("parts", [(), ("HEAD",), ("refs/", "HEAD")])
def test_a_half_made_git_directory_is_completed_inside_another_repository(
    tmp_path: Path, scratch: Path, parts: tuple[str, ...]
) -> None:
    git(tmp_path, "init", "-q")
    place = tmp_path / "a"
    (place / ".git").mkdir(parents=True)
    for each in parts:
        path = place / ".git" / each
        path.mkdir() if each.endswith("/") else path.write_text("ref: refs/heads/main\n")
    work = written(place, scratch)
    assert git(place, "rev-list", "--all") == work.output["commit"]
    assert git(tmp_path, "rev-list", "--all") == ""


def test_an_attempt_that_was_killed_is_completed(tmp_path: Path, scratch: Path) -> None:
    first = written(tmp_path / "a", scratch)
    place = tmp_path / "b"
    git(tmp_path, "init", "-q", "b")
    (place / ".git" / "index.lock").touch()
    (place / "README.md").write_bytes((tmp_path / "a" / "README.md").read_bytes()[:100])
    (place / "pyproject.toml").touch()
    written(place, scratch)
    tree = git(Path(first.output["repository"]), "rev-parse", "HEAD^{tree}")
    assert git(place, "rev-parse", "HEAD^{tree}") == tree


def test_a_repository_whose_settings_start_programs_starts_none(
    tmp_path: Path, scratch: Path
) -> None:
    place = tmp_path / "a"
    git(tmp_path, "init", "-q", "a")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\ncat\n")
    program.chmod(0o755)
    git(place, "config", "commit.gpgsign", "true")
    for name in ("gpg.program", "filter.x.clean"):
        git(place, "config", name, str(program))
    (place / ".git" / "info").mkdir(exist_ok=True)
    (place / ".git" / "info" / "attributes").write_text("* filter=x\n")
    with pytest.raises(AttemptFailed):
        written(place, scratch)
    (place / ".git" / "info" / "attributes").unlink()
    written(place, scratch)
    assert not (tmp_path / "started").exists()
