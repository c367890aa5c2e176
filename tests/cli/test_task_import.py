"""Tasks of other tools, imported with a list of what was not understood."""

import json
from pathlib import Path

import pytest

from missioncontrol.adapters.foreign_tasks import foreign_tasks
from missioncontrol.domain.errors import NotFound, Rejected
from tests.agents.repositories import repository
from tests.cli.command import answer, mission

MASTER = {
    "master": {
        "tasks": [
            {
                "id": 1,
                "title": "Log in with a code",
                "description": "Passwords leak.",
                "details": "Make a table of codes.",
                "testStrategy": "Try a wrong code.",
                "status": "in-progress",
                "priority": "medium",
                "dependencies": [7],
                "subtasks": [
                    {
                        "id": 1,
                        "title": "Add the table",
                        "description": "One row a code.",
                        "status": "done",
                    },
                    {"id": 2, "title": "Ask for the code", "dependencies": [1]},
                ],
            },
            {"id": 2, "description": "No title."},
        ],
        "metadata": {"created": "2026-01-01"},
    }
}


def speckit(root: Path) -> Path:
    """Write a folder as spec-kit leaves it."""
    folder = root / "specs/001-login"
    (folder / "contracts").mkdir(parents=True)
    (folder / "spec.md").write_text("# Feature Specification: Log in with a code\n\nWanted.\n")
    (folder / "plan.md").write_text("# Implementation Plan: Log in\n\nFirst this.\n")
    (folder / "research.md").write_text("# Research\n")
    (root / "specs/notes").mkdir()
    return root / "specs"


def test_a_folder_of_spec_kit_becomes_tasks_with_their_documents(tmp_path: Path) -> None:
    found = foreign_tasks(speckit(tmp_path))
    [task] = found.tasks
    assert (task.title, task.source) == ("Log in with a code", "001-login")
    assert set(task.documents) == {"prd", "plan"}
    assert found.left == (
        "001-login/contracts: no document of a task is like it",
        "001-login/research.md: no document of a task is like it",
        "notes/: it has no spec.md",
    )
    assert foreign_tasks(tmp_path / "specs/001-login").tasks == found.tasks


def test_tasks_of_task_master_keep_their_words_and_say_what_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(MASTER))
    found = foreign_tasks(path)
    [task] = found.tasks
    assert (task.title, task.brief) == (
        "Log in with a code",
        "Passwords leak.\n\nAs it was imported: in progress; priority medium.",
    )
    assert (
        "- [x] 1. Add the table. One row a code\n- [ ] 2. Ask for the code (after 1)\n"
        in task.documents["tasks"]
    )
    assert (
        "## Steps\n\nMake a table of codes.\n\n## Checks\n\nTry a wrong code."
        in (task.documents["plan"])
    )
    assert found.left == (
        "master.tasks[0].dependencies: no task here has the id 7",
        "master.tasks[1]: it has no title",
    )
    path.write_text(json.dumps(MASTER["master"]))
    assert foreign_tasks(path).tasks[0].title == "Log in with a code"


def test_a_prd_in_markdown_is_one_task(tmp_path: Path) -> None:
    path = tmp_path / "login.md"
    path.write_text("Some words.\n\n# PRD: Log in\n")
    [task] = foreign_tasks(path).tasks
    assert (task.title, task.documents) == ("Log in", {"prd": path.read_text()})
    path.write_text("Words alone.\n")
    assert foreign_tasks(path).tasks[0].title == "login"


@pytest.mark.parametrize(
    ("name", "content"), [("a.txt", b"x"), ("a.json", b"[1]"), ("b.json", b'{"master": 3}')]
)
def test_what_holds_no_tasks_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotFound):
        foreign_tasks(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", b"{"), ("a.md", b"\xff"), ("b.md", b"a" * 1_048_577)]
)
def test_what_can_not_be_read_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Rejected):
        foreign_tasks(tmp_path / name)
    with pytest.raises(Rejected):
        foreign_tasks(tmp_path / "absent.md")


def test_one_folder_that_can_not_be_read_leaves_the_others(tmp_path: Path) -> None:
    specs = speckit(tmp_path)
    (specs / "002-odd").mkdir()
    (specs / "002-odd/spec.md").write_bytes(b"\xff\xfe")
    found = foreign_tasks(specs)
    assert [each.source for each in found.tasks] == ["001-login"]
    [left] = [each for each in found.left if each.startswith("002-odd")]
    assert left.endswith("can't be read: it is no UTF-8.")


def test_a_task_that_does_not_fit_is_named_and_the_others_are_added(tmp_path: Path) -> None:
    root, home = repository(tmp_path / "r"), tmp_path / "home"
    tasks = [
        {"id": 1, "title": "  "},
        {"id": 2, "title": "Warn \u26a0\ufe0f\nof it"},
        {"id": 3, "title": "P\u0430y"},  # a Cyrillic letter amid Latin ones
        {"id": 4, "title": "Long", "description": "a" * 20_001},
        {"id": 5, "title": "Last"},
    ]
    (tmp_path / "tasks.json").write_text(json.dumps({"tasks": tasks}))
    assert mission(home, "repo", "init", "--apply", cwd=root).returncode == 0
    result = answer(
        home, "task", "import", str(tmp_path / "tasks.json"), "--apply", "--repo", str(root)
    )
    assert [each["title"] for each in result["tasks"]] == ["Warn \u26a0 of it", "Last"]
    assert [each.split(":")[0] for each in result["left"]] == [
        "tasks[0]",
        "tasks[2]",
        "tasks[3]",
    ]
    listed = answer(home, "task", "list", "--repo", str(root))
    assert [each["title"] for each in listed] == ["Warn \u26a0 of it", "Last"]


def test_an_import_is_shown_first_and_adds_each_task_once(tmp_path: Path) -> None:
    root, home = repository(tmp_path / "r"), tmp_path / "home"
    specs = str(speckit(tmp_path))
    assert mission(home, "repo", "init", "--apply", cwd=root).returncode == 0
    shown = mission(home, "task", "import", specs, cwd=root).stdout.decode()
    assert shown.startswith(
        "new      Log in with a code  (001-login)\nnot imported: 001-login/contracts"
    )
    assert answer(home, "task", "list", "--repo", str(root)) == []
    done = ("task", "import", specs, "--apply", "--repo", str(root))
    states = [answer(home, *done)["tasks"][0]["state"] for _ in range(2)]
    assert states == ["new", "same"]
    [task] = answer(home, "task", "list", "--repo", str(root))
    folder = root / task["folder"]
    assert (folder / "plan.md").read_text() == "# Implementation Plan: Log in\n\nFirst this.\n"
    assert "## Acceptance" in (folder / "spec.md").read_text()
    assert mission(home, "repo", "check", cwd=root).returncode == 0
