"""Which changes count, and what is left of their messages."""

import subprocess
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.specialists.backtest.history import (
    PastWork,
    is_suitable,
    suitable_changes,
)
from missioncontrol.specialists.code_changes import BODY_MAX, goal_of_message, is_document, is_lock


def work(subject: str, *files: str, added: tuple[str, ...] = ()) -> PastWork:
    return PastWork("c", "p", 0, subject, files, added)


@pytest.mark.parametrize(
    ("subject", "files", "fits"),
    [
        ("Keep sessions for longer", ("a.py",), True),
        ("fix(web): keep sessions longer", ("a.py",), False),  # three words
        ("Keep sessions for longer", ("README.md", "docs/a.html"), False),  # no code
        ("Keep sessions for longer", tuple(f"{n}.py" for n in range(8)), True),
        ("Keep sessions for longer", tuple(f"{n}.py" for n in range(9)), False),
        ("Keep sessions for longer", ("a.py", *(f"{n}.md" for n in range(15))), True),
        ("Keep sessions for longer", ("a.py", *(f"{n}.md" for n in range(16))), False),
        ("Keep sessions for longer", ("CMakeLists.txt",), True),
        ("Bump httpx from 0.27 to 0.28", ("pyproject.toml",), False),
        ("Update httpx to 0.28 in all", ("pyproject.toml",), False),
        ("chore(deps): update all of them now", ("a.py",), False),
        ("Release the version 1.2 of this", ("a.py",), False),
        ("Prepare for the next release of it", ("a.py",), False),
        ("Prepare the body before a redirect", ("a.py",), True),
        ("Test the newest version of it", ("tests/test_a.py",), True),
    ],
)
def test_a_change_counts_that_says_what_it_is_for(
    subject: str, files: tuple[str, ...], fits: bool
) -> None:
    assert is_suitable(work(subject, *files)) is fits


def test_a_change_counts_only_where_it_touches_code_that_was_there() -> None:
    assert not is_suitable(work("Begin a module for carts", "cart.py", added=("cart.py",)))
    assert is_suitable(work("Begin a module for carts", "cart.py", "a.py", added=("cart.py",)))


def test_a_message_loses_what_tools_and_forms_wrote() -> None:
    message = (
        "Keep sessions longer (#12)\r\n\r\nThey ended too soon.\n\n## Checklist\n"
        "- [x] I have read the rules\n  and the others\n<!-- say why -->\n"
        "Fixes #3, #4\nCloses: https://example.org/5\nCo-authored-by: Ada <ada@example.org>\n"
    )
    assert goal_of_message(message) == "Keep sessions longer\n\nThey ended too soon."
    assert goal_of_message("Brew (fix #1740)") == "Brew"
    assert goal_of_message("fix: brew; (#12)") == "fix: brew"
    assert goal_of_message("Write to ada@example.org") == "Write to (address)"
    squashed = "Keep sessions (#1)\n\n* First try\n\n* Second try\n\nThey ended too soon."
    assert goal_of_message(squashed) == "Keep sessions\n\nThey ended too soon."
    assert "Fixes the end of #3" in goal_of_message("Keep it\n\nFixes the end of #3 for all")


def test_a_long_message_is_cut_at_a_word() -> None:
    body = goal_of_message("Subject\n\n" + "word " * 400).partition("\n\n")[2]
    assert body.endswith("word…")
    assert len(body) <= BODY_MAX + 1


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("docs/a.html", True),
        ("README.md", True),
        ("HISTORY.rst", True),
        ("AUTHORS", True),
        ("a.py", False),
        (".github/workflows/test.yml", False),
        ("src/CMakeLists.txt", False),
    ],
)
def test_documents_are_no_code(path: str, document: bool) -> None:
    assert is_document(path) is document


@pytest.mark.parametrize("path", ["Cargo.lock", "web/package-lock.json", "go.sum", "bun.lockb"])
def test_lock_files_are_known(path: str) -> None:
    assert is_lock(path)
    assert not is_lock("lock.py")


def commit(root: Path, message: str, author: str = "Ada") -> None:
    who = ("-c", f"user.name={author}", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, "commit", "-qam", message], cwd=root, check=True)


def test_changes_come_newest_first_and_without_bots(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    file, lock = tmp_path / "a\tb.py", tmp_path / "go.sum"
    file.write_text("x = 1\n")
    lock.write_text("1\n")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    commit(tmp_path, "Begin with all that is")
    for number, author in enumerate(("Ada", "dependabot[bot]", "Bea")):
        file.write_text(f"{file.read_text()}y = {number}\n")
        lock.write_text(f"{number}\n")
        # A message may hold the very characters that separate the heads.
        commit(tmp_path, f"Say the number \x01{number}\x02 of it (#{number})", author)
    found = suitable_changes(tmp_path, 5)
    assert [each.subject for each in found] == [
        "Say the number \x012\x02 of it",
        "Say the number \x010\x02 of it",
    ]
    # The lock file is no part of the change, but estimates count it.
    assert found[0].files == ("a\tb.py",)
    assert (found[0].size, found[0].lines) == (2, 3)
    assert suitable_changes(tmp_path, 1) == found[:1]


def test_a_shallow_clone_is_told_how_to_get_its_history(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    source.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=source, check=True)
    (source / "a.py").write_text("x = 1\n")
    subprocess.run(["git", "add", "."], cwd=source, check=True)
    commit(source, "Begin with all that is")
    subprocess.run(["git", "clone", "-q", "--depth=1", source.as_uri(), str(clone)], check=True)
    with pytest.raises(Rejected) as refused:
        suitable_changes(clone, 5)
    assert "git fetch --unshallow" in refused.value.hint
    with pytest.raises(Rejected) as refused:
        suitable_changes(source, 5)
    assert "one to eight files of code" in refused.value.hint
