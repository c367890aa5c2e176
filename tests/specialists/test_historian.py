"""What the historian reads out of real histories, and what it says where there is none."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.work import FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.historian import Historian
from missioncontrol.specialists.historian.log import read_log
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.sample_repository import SampleRepository


def worked(root: Path | None, out: Path, goal: str = "") -> tuple[Work, dict[str, Any], str]:
    brief = Brief(goal, "title", (), "", root, None, None, {}, 60.0)
    work = Historian().work(brief, LocalDesk(out))
    data = json.loads((out / "history.json").read_text())
    return work, data, (out / "history.md").read_text()


def lines(count: int, word: str = "x") -> str:
    return "".join(f"{word} = {number}\n" for number in range(count))


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """Three people and a bot; `core/engine.py` was `old.py` first and is changed most."""
    sample = SampleRepository(tmp_path / "project")
    sample.put("old.py", lines(50))
    sample.put("web/page.py", lines(10))
    sample.commit("Begin", author="Ada", day="2023-01-10")
    (sample.root / "core").mkdir()
    sample.git("mv", "old.py", "core/engine.py")
    sample.commit("Move the engine", author="Ada", day="2023-02-01")
    for number in range(4):
        sample.put("core/engine.py", lines(50 + number, "y"))
        sample.put("core/wheel.py", lines(5 + number))
        sample.commit(f"Fix turn {number}", author="Bob", day=f"2023-03-0{number + 1}")
    sample.put("web/page.py", lines(12))
    sample.commit("Colour", author="Cy", day="2024-05-05")
    sample.put("lock.txt", "1")
    sample.commit("Bump", author="dependabot[bot]", day="2024-05-06")
    return sample


def test_churn_follows_a_file_through_its_renames(
    repository: SampleRepository, tmp_path: Path
) -> None:
    _, data, _ = worked(repository.root, tmp_path / "out")
    engine = next(file for file in data["files"] if file["path"] == "core/engine.py")
    assert engine["commits"] == 6
    assert engine["former"] == ["old.py"]
    assert engine["fixes"] == 4
    assert engine["authors"] == ["Bob", "Ada"]
    assert (engine["first"], engine["last"]) == ("2023-01-10", "2023-03-04")
    assert data["hot_spots"][0]["path"] == "core/engine.py"
    assert "old.py" not in [file["path"] for file in data["files"]]


def test_files_that_change_together_are_found(repository: SampleRepository, tmp_path: Path) -> None:
    _, data, page = worked(repository.root, tmp_path / "out")
    assert data["pairs"] == [
        {"one": "core/engine.py", "other": "core/wheel.py", "together": 4, "degree": 1.0}
    ]
    assert "`core/engine.py` and `core/wheel.py`: 4 commits together" in page


def test_ownership_is_counted_by_directory_and_without_bots(
    repository: SampleRepository, tmp_path: Path
) -> None:
    _, data, page = worked(repository.root, tmp_path / "out")
    areas = {item["path"]: item for item in data["areas"]}
    assert areas["."]["commits"] == 7
    assert areas["."]["bus_factor"] == 1
    assert areas["core"]["owners"][0] == {"author": "Bob", "commits": 4, "share": 0.667}
    assert areas["web"]["authors"] == 2
    assert areas["web"]["bus_factor"] == 2
    assert data["automatic"] == [{"author": "dependabot[bot]", "commits": 1, "share": 1.0}]
    assert "Commits by programs, not counted above: dependabot\\[bot\\] (1)." in page


def test_activity_is_told_by_month(repository: SampleRepository, tmp_path: Path) -> None:
    _, data, _ = worked(repository.root, tmp_path / "out")
    assert [(item["name"], item["commits"]) for item in data["activity"]] == [
        ("2023-01", 1),
        ("2023-02", 1),
        ("2023-03", 4),
        ("2024-05", 2),
    ]


def test_the_summary_and_the_facts_name_what_was_counted(
    repository: SampleRepository, tmp_path: Path
) -> None:
    work, data, _ = worked(repository.root, tmp_path / "out")
    assert work.summary == (
        "8 commits from 2023-01-10 to 2024-05-06 by 3 people, most by Bob (4), 1 by programs; "
        "most work gathers in `core/engine.py` (6 commits)."
    )
    for fact in work.facts:
        value: Any = data
        for part in fact.pointer.strip("/").split("/"):
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert value == fact.value
    (evidence,) = work.evidence
    assert isinstance(evidence, FilesRead)
    assert evidence.commit == repository.git("rev-parse", "HEAD").strip()


def test_no_address_reaches_an_artifact(repository: SampleRepository, tmp_path: Path) -> None:
    repository.put("web/page.py", lines(13))
    repository.commit("Mail", author="dora@secret.example", day="2024-06-01")
    worked(repository.root, tmp_path / "out")
    for path in (tmp_path / "out").glob("history.*"):
        assert "secret.example" not in path.read_text()
        assert "dora" in path.read_text()


def test_the_goal_leads_to_the_history_of_its_files(
    repository: SampleRepository, tmp_path: Path
) -> None:
    _, _, page = worked(repository.root, tmp_path / "out", goal="Make the engine faster")
    section = page.partition("## What this means for the goal")[2].partition("\n## ")[0]
    assert "| `core/engine.py` | 6 | 4 | 2023-03-04 | Bob and Ada |" in section
    assert "web/page.py" not in section


def test_a_directory_without_git_is_said_to_have_no_history(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.py").write_text("x = 1\n")
    work, data, page = worked(plain, tmp_path / "out", goal="Change a")
    assert work.summary == "There is no git repository here, so nothing is known of its history."
    assert data["is_git"] is False
    assert page == f"# What the history tells\n\n{work.summary}\n"


def test_a_repository_before_its_first_commit_has_no_history(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "project")
    work, _, _ = worked(sample.root, tmp_path / "out")
    assert "no commit yet" in work.summary


def test_a_single_commit_is_said_to_tell_nothing(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "project")
    sample.put("a.py", "x = 1\n")
    sample.commit("Begin", author="Ada", day="2024-02-29")
    work, _, page = worked(sample.root, tmp_path / "out", goal="Change a")
    assert "made on 2024-02-29 by Ada" in work.summary
    assert "Hot spots" not in page
    assert work.findings == ()


def test_a_shallow_clone_is_said_to_be_shallow(
    repository: SampleRepository, tmp_path: Path
) -> None:
    target = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "2", f"file://{repository.root}", str(target)],
        check=True,
        capture_output=True,
    )
    work, data, page = worked(target, tmp_path / "out")
    assert data["is_shallow"] is True
    assert [finding.rule for finding in work.findings] == ["history.shallow"]
    assert "The clone is shallow" in page


def test_a_clone_without_file_contents_still_tells_which_files_changed(
    repository: SampleRepository, tmp_path: Path
) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    target = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--filter=blob:none", f"file://{repository.root}", str(target)],
        check=True,
        capture_output=True,
    )
    _, data, _ = worked(target, tmp_path / "out")
    engine = next(file for file in data["files"] if file["path"] == "core/engine.py")
    assert (engine["commits"], engine["former"], engine["added"]) == (6, ["old.py"], 0)
    assert "no lines counted" in data["obtained"]


def test_only_the_newest_commits_are_read_and_the_limit_is_said(
    repository: SampleRepository,
) -> None:
    log = read_log(repository.root, seconds=10, commits_max=3)
    assert log is not None
    assert len(log.commits) == 3
    assert log.commits[0].author == "dependabot[bot]"
    assert log.cut == "only the newest 3 commits were read"


def test_a_directory_inside_a_repository_has_its_own_history(
    repository: SampleRepository, tmp_path: Path
) -> None:
    _, data, _ = worked(repository.root / "web", tmp_path / "out")
    assert data["commits"] == 2
    assert [file["path"] for file in data["files"]] == ["page.py"]


def test_strange_names_in_a_history_are_read_whole(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "project")
    for name in ("tab\there.py", "größe.py", "new\nline.py", "a => b.py"):
        sample.put(name, "x = 1\n")
    sample.commit("Begin\x01\x02 with signs", author="Ünal | *Bold*", day="2024-01-01")
    sample.put("größe.py", "x = 2\n")
    sample.commit("Again", author="Ünal | *Bold*", day="2024-01-02")
    _, data, page = worked(sample.root, tmp_path / "out")
    assert {file["path"]: file["commits"] for file in data["files"]} == {
        "tab\there.py": 1,
        "größe.py": 2,
        "new\nline.py": 1,
        "a => b.py": 1,
    }
    assert "Ünal \\| \\*Bold\\*" in page


def test_merges_are_counted_but_change_nothing_twice(
    repository: SampleRepository, tmp_path: Path
) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    repository.put("web/page.py", lines(20))
    repository.commit("Side", author="Cy", day="2024-06-01")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    _, data, _ = worked(repository.root, tmp_path / "out")
    assert (data["commits"], data["merges"]) == (10, 1)
    page = next(file for file in data["files"] if file["path"] == "web/page.py")
    assert page["commits"] == 3


def test_work_without_a_repository_fails_by_name(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as failed:
        worked(None, tmp_path / "out")
    assert failed.value.code == "historian.no_repository"
    assert not failed.value.retryable


def test_the_same_history_gives_the_same_bytes(
    repository: SampleRepository, tmp_path: Path
) -> None:
    one, _, _ = worked(repository.root, tmp_path / "one", goal="engine")
    two, _, _ = worked(repository.root, tmp_path / "two", goal="engine")
    assert one == two


def test_knowledge_of_one_person_is_a_finding(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "project")
    for number in range(22):
        sample.put("core/engine.py", lines(number + 1))
        sample.commit(f"Turn {number}", author="Bob", day=f"2024-01-{number + 1:02}")
    for author in ("Ada", "Cy"):
        sample.put("core/engine.py", lines(30, author))
        sample.commit("Turn", author=author, day="2024-02-01")
    work, _, _ = worked(sample.root, tmp_path / "out")
    titles = [finding.title for finding in work.findings if finding.rule == "history.one-person"]
    assert titles == [
        "Bob made 92 % of the 24 commits to the repository",
        "Bob made 92 % of the 24 commits to `core`",
    ]


@pytest.mark.parametrize(
    ("authors", "expected"),
    [
        (("Ada", "Ada"), "2 commits on 2024-01-01, all by Ada"),
        (("Ada", "Ada", "renovate[bot]"), "3 commits on 2024-01-01, 2 by Ada and 1 by programs"),
        (("Ada", "Bob"), "2 commits on 2024-01-01 by 2 people"),
        (("Ada", "Bob", "Ada"), "3 commits on 2024-01-01 by 2 people, most by Ada (2)"),
        (("renovate[bot]", "renovate[bot]"), "2 commits on 2024-01-01, 2 by programs"),
    ],
)
def test_the_summary_says_who_made_the_commits(
    tmp_path: Path, authors: tuple[str, ...], expected: str
) -> None:
    sample = SampleRepository(tmp_path / "project")
    for number, author in enumerate(authors):
        sample.put("notes.txt", lines(number + 1))
        sample.commit(f"Turn {number}", author=author, day="2024-01-01")
    work, _, _ = worked(sample.root, tmp_path / "out")
    assert work.summary == f"{expected}."
