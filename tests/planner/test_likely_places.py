"""A plan says where the work will be, who knows that code, and what each change will touch."""

import subprocess
from pathlib import Path

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.planner import LocalPlanner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

SHOP = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1.0"\n',
    "shop/sessions.py": "class SessionStore:\n    def open_session(self):\n        return 1\n",
    "shop/mail.py": "import smtplib\n\ndef send_mail(to):\n    return smtplib\n",
    "shop/cart.py": "from shop.sessions import SessionStore\n\ndef total(cart):\n    return cart\n",
    "tests/test_sessions.py": "import shop.sessions\n\ndef test_it():\n    pass\n",
    "docs/sessions.md": "# Sessions\n\nHow a session is kept.\n",
    "CHANGES.md": "# 1.0\n\nFirst.\n",
}
AUTHORS = ("Ada", "Ada", "Ben", "dependabot[bot]")


def shop(folder: Path, authors: tuple[str, ...] = ()) -> Path:
    """Make a repository; each of `authors` has changed the sessions once."""
    for path, text in SHOP.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    _git(folder, "Cy", "init", "-q")
    _git(folder, "Cy", "add", ".")
    _git(folder, "Cy", "commit", "-qm", "Import everything")
    for number, author in enumerate(authors):
        file = folder / "shop/sessions.py"
        file.write_text(f"{file.read_text()}# {number}\n")
        _git(folder, author, "commit", "-qam", f"Keep sessions longer, part {number}")
    return folder


def planned(repository: Path, goal: str, tmp_path: Path, *constraints: str) -> Plan:
    brief = Brief(goal, "", constraints, "", repository, None, None, {}, 60)
    return LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk"))


def test_each_requirement_names_its_likely_files_with_reasons(tmp_path: Path) -> None:
    goal = "Let the session store expire sessions. Send mail in the background."
    plan = planned(shop(tmp_path / "shop"), goal, tmp_path)
    first, second = plan.likely
    assert (first.requirement, first.files[0].path) == ("R1", "shop/sessions.py")
    assert (second.requirement, second.files[0].path) == ("R2", "shop/mail.py")
    assert first.files[0].share == 1.0
    assert all(0 < file.share <= 1 and file.reasons for each in plan.likely for file in each.files)
    assert ("SessionStore", 1) in [(spot.name, spot.line) for spot in first.files[0].spots]
    assert first.files[0].tests == ("tests/test_sessions.py",)
    assert "without a model" in first.obtained


def test_where_nothing_answers_nothing_is_foreseen(tmp_path: Path) -> None:
    assert planned(shop(tmp_path / "shop"), "Quaternion zoology", tmp_path).likely == ()
    brief = Brief("Add a cart", "", (), "A shop", None, None, None, {}, 60)
    assert LocalPlanner().plan(brief, LocalDesk(tmp_path / "desk")).likely == ()


def test_those_who_changed_a_file_know_it_and_programs_do_not(tmp_path: Path) -> None:
    plan = planned(shop(tmp_path / "shop", AUTHORS), "Let sessions expire", tmp_path)
    first = plan.likely[0].files[0]
    assert [(each.name, each.commits) for each in first.knowers] == [("Ada", 2), ("Ben", 1)]
    details = " ".join(task.detail for task in plan.tasks() if task.is_change)
    assert "Ask Ada (2 commits of `shop/sessions.py`) or Ben (1) for a review." in details


def test_an_import_of_everything_shows_nobody_who_knows_the_code(tmp_path: Path) -> None:
    plan = planned(shop(tmp_path / "shop"), "Let sessions expire", tmp_path)
    assert all(not file.knowers for each in plan.likely for file in each.files)
    assert "for a review" not in " ".join(task.detail for task in plan.tasks())


def test_a_change_is_expected_in_code_and_its_tests_and_news_in_the_change_log(
    tmp_path: Path,
) -> None:
    plan = planned(shop(tmp_path / "shop"), "Let the session store expire sessions", tmp_path)
    scopes = {task.key: task.scope for task in plan.tasks() if task.is_change}
    [built] = [scope for scope in scopes.values() if "shop/sessions.py" in scope]
    assert "tests/test_sessions.py" in built
    assert "CHANGES.md" not in built
    assert any(scope[:1] == ("CHANGES.md",) for scope in scopes.values())
    known = set(SHOP)
    assert all(path in known for scope in scopes.values() for path in scope)
    assert all(not task.scope for task in plan.tasks() if not task.is_change)


def test_what_must_hold_is_looked_for_where_the_work_is(tmp_path: Path) -> None:
    repository = shop(tmp_path / "shop")
    plan = planned(repository, "Let sessions expire", tmp_path, "Keep the public API")
    first, second = plan.likely
    assert second.files[0].path == first.files[0].path == "shop/sessions.py"


def test_the_same_repository_gives_the_same_places(tmp_path: Path) -> None:
    repository = shop(tmp_path / "shop", AUTHORS)
    once = planned(repository, "Let sessions expire", tmp_path / "a")
    assert planned(repository, "Let sessions expire", tmp_path / "b").likely == once.likely


def _git(root: Path, author: str, *args: str) -> None:
    names = ["-c", f"user.name={author}", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *names, *args], cwd=root, check=True, capture_output=True)
