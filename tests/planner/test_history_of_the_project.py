"""Where a project has a history, its merged changes decide what a plan expects to change."""

import subprocess
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import LATE, Answer
from missioncontrol.specialists.indexing import index_of
from missioncontrol.specialists.planner.markdown import markdown
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.ranking import recent
from missioncontrol.specialists.ranking.recent import block_shares, read_recent
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tree import read_tree
from missioncontrol.testing.local_workspace import LocalDesk

FILES = {
    "shop/sessions.py": "def open_session():\n    return 1\n",
    "shop/cookies.py": "def bake():\n    return 'session'\n",
    "shop/cart.py": "def total(cart):\n    return cart\n",
    "tests/test_sessions.py": "from shop.sessions import open_session\n\n\n"
    "def test_open():\n    assert open_session()\n",
    "CHANGES.md": "# 1.0\n\n- First.\n",
}
COMMITS = 24


def git(root: Path, *args: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *args], check=True, capture_output=True)


def project(root: Path, *beside: str) -> Path:
    """Make a project whose changes about expiry touch the cookies, and each file of `beside`."""
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    for number in range(COMMITS):
        is_expiry = number % 2 == 0
        changed = ["shop/cookies.py" if is_expiry else "shop/cart.py", *beside]
        for path in changed:
            with (root / path).open("a") as file:
                file.write(f"# {number}\n")
        subject = "Expire logins of guests sooner" if is_expiry else "Round the total of a cart"
        git(root, "commit", "-qam", f"{subject}, step {number}")
    return root


def planned(root: Path, goal: str) -> Plan:
    brief = Brief(goal, "", (), "", root, None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(root.parent / "desk"))


def scopes(plan: Plan) -> list[str]:
    return [path for task in plan.tasks() if task.is_change for path in task.scope]


def test_a_plan_begins_where_changes_like_it_were_made(tmp_path: Path) -> None:
    plan = planned(project(tmp_path / "shop"), "Expire logins of guests after an hour")
    assert plan.likely[0].files[0].path == "shop/cookies.py"
    assert scopes(plan)[0] == "shop/cookies.py"
    assert plan.likely[0].precedents[0].title.startswith("Expire logins of guests sooner")


@pytest.mark.parametrize(("beside", "is_expected"), [(("CHANGES.md",), True), ((), False)])
def test_the_change_log_is_expected_where_changes_usually_touch_it(
    tmp_path: Path, beside: tuple[str, ...], is_expected: bool
) -> None:
    plan = planned(project(tmp_path / "shop", *beside), "Add a limit to the total of a cart")
    assert ("CHANGES.md" in scopes(plan)) is is_expected


def test_the_task_begins_at_the_lines_that_the_plan_finds_likeliest(tmp_path: Path) -> None:
    plan = planned(project(tmp_path / "shop"), "Expire logins of guests after an hour")
    (change,) = (task for task in plan.tasks() if task.is_change)
    spot = plan.likely[0].files[0].spots[0]
    assert f"Begin at `shop/cookies.py`, {spot.label} in `{spot.name}`: " in change.detail
    assert "closest definition" not in change.detail
    assert "\n- Done before: “Expire logins of guests sooner" in markdown(plan)
    study = {task.role for task in plan.groundwork}
    assert {"surveyor", "writer", "reviewer"} <= study
    assert not study & {task.role for phase in plan.phases for task in phase.tasks}


@pytest.mark.parametrize(
    ("goal", "place"),
    [
        ("Leave the examples out of the wheel", "pyproject.toml"),
        ("Run the workflow for guests' logins on Python 3.14", ".github/workflows/test.yml"),
        ("Darken the colour of buttons on hover", "shop/style.css"),
        ("docs: explain how logins of guests expire", "docs/guests.md"),
        ("Fix a typo in the doc comment of guests' cookies", "shop/cookies.py"),
    ],
)
def test_words_of_a_trade_lead_to_the_files_that_they_are_about(
    tmp_path: Path, goal: str, place: str
) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
        ".github/workflows/test.yml": "on: push\njobs: {}\n",
        "shop/style.css": ".cart { color: red; }\n",
        "docs/guests.md": "# Guests\n\nThey log in.\n",
        "tests/test_cookies.py": "def test_guests_cookies():\n    assert 1\n",
    }
    root = tmp_path / "shop"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    plan = planned(project(root, "shop/style.css"), goal)
    assert scopes(plan)[:1] == [place]


def test_lines_of_the_newest_commits_are_found_where_they_stand_now(tmp_path: Path) -> None:
    root = project(tmp_path / "shop")
    blocks = [f"def step_{n}(login):\n" + "    login.wait()\n" * 38 for n in range(3)]
    (root / "shop/cookies.py").write_text("".join(blocks))
    git(root, "commit", "-qam", "Expire logins of guests in steps")
    (root / "shop/cookies.py").write_text("".join(blocks).replace("step_1", "renewal"))
    git(root, "commit", "-qam", "Renew keys")
    index = index_of(read_tree(root))
    [number] = [n for n, path in enumerate(index.paths) if path == "shop/cookies.py"]
    read_recent(index, [number])
    first, second, third = block_shares(index, number)
    assert second > first == third > 0  # The newest commit wrote one line: that of `renewal`.


def test_a_precedent_names_the_repair_that_it_needed_soon_afterwards(tmp_path: Path) -> None:
    root = project(tmp_path / "shop")
    for message in ("Expire logins of guests on Sundays", "Fix logins of guests that never expire"):
        with (root / "shop/cookies.py").open("a") as file:
            file.write(f"# {message}\n")
        git(root, "commit", "-qam", message)
    plan = planned(root, "Expire logins of guests on Mondays and Sundays")
    [precedent] = [each for each in plan.likely[0].precedents if "on Sundays" in each.title]
    assert [each.title for each in precedent.repairs] == ["Fix logins of guests that never expire"]
    assert precedent.repairs[0].days == 1


def test_a_git_that_is_too_slow_for_recent_lines_ends_in_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = index_of(read_tree(project(tmp_path / "shop")))
    late = Answer("", f"{LATE} than 30 seconds")
    monkeypatch.setattr(recent, "git_part", lambda *_, **__: late)
    with pytest.raises(AttemptFailed) as refused:
        read_recent(index, [0])
    assert (refused.value.code, refused.value.retryable) == ("history.too_slow", True)


def test_a_clone_without_earlier_contents_has_no_recent_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = index_of(read_tree(project(tmp_path / "shop")))

    def missing(*_: object, **__: object) -> Answer:
        raise Unavailable("git.failed", "git show ended with status 128: missing blob")

    monkeypatch.setattr(recent, "git_part", missing)
    read_recent(index, [0])
    assert not any(block_shares(index, 0))
