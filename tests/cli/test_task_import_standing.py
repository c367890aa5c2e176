"""Imports keep the status, priority and dependencies that tasks have in other tools."""

import json
from pathlib import Path

import pytest

from missioncontrol.adapters.foreign_reading import Standing, status_of
from missioncontrol.adapters.foreign_tasks import foreign_tasks
from tests.agents.repositories import repository
from tests.cli.command import answer, mission


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def standings(path: Path) -> dict[str, Standing]:
    return {each.title: each.standing for each in foreign_tasks(path).tasks}


def master(tasks: list[dict[str, object]]) -> str:
    return json.dumps({"master": {"tasks": tasks}})


TASKS: list[dict[str, object]] = [
    {"id": 1, "title": "Make the table", "status": "done", "priority": "high", "dependencies": []},
    {
        "id": 2,
        "title": "Log in",
        "status": "in-progress",
        "priority": "medium",
        "dependencies": [1],
        "subtasks": [{"id": 1, "title": "Ask", "status": "review", "dependencies": ["1.1"]}],
    },
    {"id": "3", "title": "Log out", "status": "deferred", "dependencies": ["2", "2.1", 9]},
    {"id": 4, "title": "Say hello", "status": "cancelled"},
]


def test_task_master_keeps_ids_as_the_titles_that_they_mean(tmp_path: Path) -> None:
    root = written(tmp_path, {"tasks.json": master(TASKS)})
    assert standings(root / "tasks.json") == {
        "Make the table": Standing("done", "high"),
        "Log in": Standing("in progress", "medium", ("Make the table",)),
        "Log out": Standing("deferred", "", ("Log in", "Log in: Ask")),
        "Say hello": Standing("cancelled"),
    }
    found = foreign_tasks(root / "tasks.json")
    assert found.left == ("master.tasks[2].dependencies: no task here has the id 9",)
    assert "- [ ] 1. Ask (in review; after 1.1)" in found.tasks[1].documents["tasks"]
    assert "deferred; after “Log in”, “Log in: Ask”." in found.tasks[2].brief


def test_ids_of_one_tag_mean_its_own_tasks(tmp_path: Path) -> None:
    content = {
        tag: {"tasks": [{"id": 1, "title": f"{tag} one"}, {"id": 2, "title": f"{tag} two",
                                                          "dependencies": [1]}]}
        for tag in ("a", "b")
    }  # fmt: skip
    root = written(tmp_path, {"tasks.json": json.dumps(content)})
    assert standings(root / "tasks.json")["b two"].needs == ("b one",)


def test_a_list_of_a_whole_project_is_read(tmp_path: Path) -> None:
    tasks: list[dict[str, object]] = [
        {"id": n, "title": f"Task {n}", "details": "x" * 4_000, "dependencies": [n - 1]}
        for n in range(1, 1_001)
    ]
    root = written(tmp_path, {"tasks.json": master(tasks)})
    found = standings(root / "tasks.json")
    assert len(found) == 1_000
    assert found["Task 1000"].needs == ("Task 999",)


def test_spec_kit_tells_its_status_by_word_or_by_boxes(tmp_path: Path) -> None:
    spec = "# Feature Specification: {}\n\n**Status**: {}\n"
    root = written(
        tmp_path / "specs",
        {
            "001-a/spec.md": spec.format("A", "Draft"),
            "001-a/tasks.md": "# Tasks: A\n\n- [X] T001 Begin\n- [ ] T002 [P] End\n",
            "002-b/spec.md": spec.format("B", "Completed"),
            "003-c/spec.md": "# Feature Specification: C\n",
            "003-c/tasks.md": "- [x] T001 All\n",
        },
    )
    assert {title: each.status for title, each in standings(root).items()} == {
        "A": "in progress",
        "B": "done",
        "C": "done",
    }


OPENSPEC = {
    "openspec/changes/add-login/proposal.md": "## Why\n\nPasswords leak.\n",
    "openspec/changes/add-login/design.md": "## Context\n\nOne table.\n",
    "openspec/changes/add-login/tasks.md": "## 1. Work\n\n- [x] 1.1 Table\n- [ ] 1.2 Page\n",
    "openspec/changes/add-login/specs/login/spec.md": "## ADDED Requirements\n\n### Log in\n",
    "openspec/changes/archive/2026-01-02-add-logout/proposal.md": "# Change: Log out\n\nSo.\n",
}


@pytest.mark.parametrize("named", ["openspec", "openspec/changes"])
def test_changes_of_openspec_keep_their_documents_and_status(named: str, tmp_path: Path) -> None:
    found = foreign_tasks(written(tmp_path, OPENSPEC) / named)
    login, logout = found.tasks
    assert (login.title, login.standing.status) == ("Add login", "in progress")
    assert "Passwords leak." in login.documents["prd"]
    assert "## ADDED Requirements" in login.documents["prd"]
    assert "One table." in login.documents["plan"]
    assert "1.2 Page" in login.documents["tasks"]
    assert (logout.title, logout.standing.status) == ("Log out", "done")
    [alone] = foreign_tasks(tmp_path / "openspec/changes/add-login").tasks
    assert alone == login


KEP = """\
title: Count pods
kep-number: 12
authors: ["@ann"]
owning-sig: sig-node
status: {}
stage: beta
latest-milestone: "v1.30"
see-also: ["/keps/sig-node/7-other"]
"""


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("provisional", "open"),
        ("implementable", "open"),
        ("implemented", "done"),
        ("deferred", "deferred"),
        ("withdrawn", "cancelled"),
    ],
)
def test_an_enhancement_proposal_keeps_its_fields(status: str, shown: str, tmp_path: Path) -> None:
    folder = "keps/sig-node/12-count-pods"
    root = written(
        tmp_path,
        {f"{folder}/kep.yaml": KEP.format(status), f"{folder}/README.md": "# Count pods\n"},
    )
    for path in (root / "keps", root / folder, root / folder / "kep.yaml"):
        [task] = foreign_tasks(path).tasks
        assert (task.title, task.standing.status) == ("Count pods", shown)
        assert "Owned by: sig-node" in task.brief
        assert f"Status there: {status}" in task.brief
        assert "See also: /keps/sig-node/7-other" in task.brief
        assert task.documents == {"prd": "# Count pods\n"}


def test_one_proposal_that_can_not_be_read_leaves_the_others(tmp_path: Path) -> None:
    root = written(tmp_path, {"a/kep.yaml": KEP.format("implemented"), "b/kep.yaml": "a: ["})
    found = foreign_tasks(root)
    assert [each.title for each in found.tasks] == ["Count pods"]
    assert found.left[0].startswith("b/kep.yaml: ")


STORIES = {
    "1.1.table.md": "# Story 1.1: Make the table\n\nStatus: Done\n\n## Story\n\nAs a guest.\n",
    "1.2.login.md": "# Story 1.2: Log in\n\n## Status\nInProgress\n\n## Priority\nHigh\n\n"
    "## Dependencies\n\n- Story 1.1 (table)\n- Story 9.9\n\n"
    "## Tasks / Subtasks\n\n- [x] Ask (AC: 1)\n  - [ ] Warn\n\n## Dev Notes\n\nNone.\n",
    "notes.md": "# Notes\n",
}


def test_stories_of_bmad_keep_what_they_wait_for(tmp_path: Path) -> None:
    root = written(tmp_path, STORIES)
    assert standings(root) == {
        "Make the table": Standing("done"),
        "Log in": Standing("in progress", "high", ("Make the table", "Story 9.9")),
    }
    login = foreign_tasks(root).tasks[1]
    assert login.documents["tasks"].endswith("- [x] Ask (AC: 1)\n  - [ ] Warn\n")
    assert login.documents["prd"] == STORIES["1.2.login.md"]
    [alone] = foreign_tasks(root / "1.2.login.md").tasks
    assert alone.standing.needs == ("Story 1.1", "Story 9.9")


def test_versions_among_dependencies_are_no_stories(tmp_path: Path) -> None:
    line = "Dependencies: Python 3.11, PostgreSQL 15.4, Story 1.1, 1.2"
    texts = {f"1.{n}.md": f"# Story 1.{n}: Do {n}\n\n" for n in (1, 2, 3)}
    root = written(tmp_path, {**texts, "1.3.md": texts["1.3.md"] + f"{line}\n"})
    assert standings(root)["Do 3"].needs == ("Do 1", "Do 2")


def test_a_change_keeps_its_priority_and_the_changes_it_waits_for(tmp_path: Path) -> None:
    fields = "**Priority**: high\n\nDependencies: add-login, add-logout, Node 18.2\n"
    place = "openspec/changes/add-roles"
    root = written(tmp_path, {**OPENSPEC, f"{place}/proposal.md": f"## Why\n\nSo.\n\n{fields}"})
    expected = Standing("open", "high", ("Add login", "Log out"))
    assert standings(root / "openspec")["Add roles"] == expected
    assert standings(root / place)["Add roles"] == expected


def test_fields_of_a_proposal_that_are_not_kept_are_named(tmp_path: Path) -> None:
    more = (
        'reviewers: ["@bob"]\napprovers: ["@eve"]\nparticipating-sigs: [sig-auth]\n'
        "feature-gates:\n  - name: Counting\nsuperseded-by: [/keps/9]\nmilestone:\n"
        "  beta: v1.30\ncreation-date: 2026-01-02\n"
    )
    root = written(tmp_path, {"a/kep.yaml": KEP.format("implemented") + more})
    left = foreign_tasks(root).left
    assert len(left) == 7
    assert 'a/kep.yaml: reviewers: ["@bob"] has no equivalent' in left
    assert 'a/kep.yaml: feature-gates: [{"name": "Counting"}] has no equivalent' in left


FEATURE = {
    "specs/001-a/spec.md": "# Feature Specification: A\n\n### User Story 1 - X (Priority: P2)\n\n"
    "### User Story 2 - Y (Priority: P1)\n",
    "specs/001-a/tasks.md": "- [x] T001 Begin\n- [ ] T002 End\n",
}


@pytest.mark.parametrize("named", ["specs", "specs/001-a", "specs/001-a/tasks.md"])
def test_a_feature_of_spec_kit_keeps_its_most_urgent_priority(named: str, tmp_path: Path) -> None:
    [feature] = foreign_tasks(written(tmp_path, FEATURE) / named).tasks
    assert (feature.title, feature.standing) == ("A", Standing("in progress", "P1"))
    assert set(feature.documents) == {"prd", "tasks"}


@pytest.mark.parametrize(
    ("word", "status"),
    [("In Progress", "in progress"), ("**Done**", "done"), ("", "open"), ("odd", "odd")],
)
def test_words_for_a_status_are_mapped_or_kept(word: str, status: str) -> None:
    assert status_of(word) == status


def test_an_import_shows_how_tasks_stand_and_closes_what_is_over(tmp_path: Path) -> None:
    root, home = repository(tmp_path / "r"), tmp_path / "home"
    written(tmp_path, {"tasks.json": master(TASKS)})
    assert mission(home, "repo", "init", "--apply", cwd=root).returncode == 0
    shown = mission(home, "task", "import", str(tmp_path / "tasks.json"), cwd=root).stdout.decode()
    assert "As it was imported: in progress; priority medium; after “Make the table”." in shown
    where = ("--repo", str(root))
    result = answer(home, "task", "import", str(tmp_path / "tasks.json"), "--apply", *where)
    assert [each.get("status", "open") for each in result["tasks"]] == [
        "done",
        "in progress",
        "deferred",
        "cancelled",
    ]
    open_ones = answer(home, "task", "list", *where)
    assert [each["title"] for each in open_ones] == ["Log in", "Log out"]
    again = answer(home, "task", "import", str(tmp_path / "tasks.json"), "--apply", *where)
    assert {each["state"] for each in again["tasks"]} == {"same"}
