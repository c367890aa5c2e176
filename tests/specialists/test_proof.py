"""The tester on code as an agent built it: the right files, and no failure that is new."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.building import DOUBTS, NOT_PROVEN, NOTHING_CHANGED, TESTS_GONE
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief, Delivered
from missioncontrol.specialists.tester import Tester
from missioncontrol.specialists.tester.building import Built, build, uncommitted
from missioncontrol.specialists.tester.grounds import copied
from missioncontrol.testing.local_workspace import LocalDesk
from tests.agents.repositories import PYTEST_ALONE, everything, git, repository

SHOP = {
    "pyproject.toml": f'[tool.pytest.ini_options]\npythonpath = ["."]\n{PYTEST_ALONE}',
    "shop.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_shop.py": "from shop import total\n\n\n"
    "def test_sums():\n    assert total([1, 2]) == 3\n\n\n"
    "def test_known():\n    assert total([1]) == 2\n",
}
SKIPPED = (
    "import pytest\n\n\n@pytest.mark.skip\ndef test_sums():\n    assert False\n\n\n"
    "def test_known():\n    assert False\n"
)
REPORT = (
    '<testsuite><testcase classname="tests.test_shop" name="test_sums"/>'
    '<testcase classname="tests.test_shop" name="test_known"><failure message="no"/></testcase>'
    "</testsuite>"
)


def patch_of(root: Path) -> tuple[str, bytes]:
    """Commit nothing, return the base and a patch of all that was changed, and undo it."""
    base = git(root, "rev-parse", "HEAD")
    git(root, "add", "-A")
    patch = git(root, "diff", "--cached", "--binary", base) + "\n"
    git(root, "reset", "-q", "--hard", base)
    return base, patch.encode()


def delivered(directory: Path, state: str, output: Any, **files: bytes | str) -> Delivered:
    paths, refs = {}, []
    for name, content in files.items():
        name = name.replace("__", ".")
        data = content.encode() if isinstance(content, str) else content
        paths[name] = directory / name
        directory.mkdir(exist_ok=True)
        paths[name].write_bytes(data)
        refs.append(ArtifactRef(name, hashlib.sha256(data).hexdigest(), len(data), "x/y", "", ""))
    return Delivered(state, Work(summary="As before.", output=output, artifacts=tuple(refs)), paths)


def proof(
    tmp_path: Path,
    root: Path,
    *,
    was: str = "failed",
    change: str = "build",
    report: str = REPORT,
    dirt: str = "",
) -> Work:
    """Test what lies uncommitted in `root` as built, with the shop made `dirt` in the checkout."""
    base, patch = patch_of(root)
    if dirt:
        (root / "shop.py").write_text(dirt)
    before: dict[str, bytes | str] = {"junit__xml": report} if report else {}
    built: dict[str, bytes | str] = {"changes__patch": patch} if patch.strip() else {}
    upstream = {
        "tests": delivered(
            tmp_path / "b", "succeeded", {"status": was}, tests__json="{}", **before
        ),
        "build": delivered(
            tmp_path / "c",
            "succeeded",
            {"base": base, "patch": "changes.patch"},
            **built,
        ),
    }
    if not was:
        del upstream["tests"]
    desk = LocalDesk(Path(tempfile.mkdtemp(dir=tmp_path)) / "out", seconds=600.0)
    brief = Brief("", "t", (), "", root, None, None, upstream, 60.0, changes=change)
    return Tester().work(brief, desk)


def doubts_of(work: Work) -> list[str]:
    return [each.rule for each in work.findings if each.rule in DOUBTS]


def test_what_failed_before_may_still_fail(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "shop.py").write_text("def total(prices, tax=0):\n    return sum(prices) + tax\n")
    work = proof(tmp_path, root)
    assert work.output["counts"]["failed"] == 1
    assert work.summary.startswith("With the changes of build: ")
    assert work.summary.endswith(" What fails failed before.")
    assert not doubts_of(work)


def test_a_test_that_fails_with_the_change_alone_refuses_it_by_name(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "shop.py").write_text("def total(prices):\n    return sum(prices) + 4\n")
    with pytest.raises(AttemptFailed) as failed:
        proof(tmp_path, root)
    assert failed.value.code == "tester.tests_failed"
    assert "a test fails that did not before: tests.test_shop::test_sums." in failed.value.reason
    assert not failed.value.retryable


def test_tests_that_no_longer_start_refuse_a_change(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "shop.py").write_text("import no_such_module\n")
    with pytest.raises(AttemptFailed, match="Before the change: As before"):
        proof(tmp_path, root, was="passed")


def test_where_tests_never_started_nothing_is_laid_to_the_change_and_that_is_said(
    tmp_path: Path,
) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "shop.py").write_text("import no_such_module\n")
    work = proof(tmp_path, root, was="could_not_start")
    assert work.findings[0].rule == "tester.not_proven"
    (root / "shop.py").write_text("def total(prices):\n    return 9\n")
    work = proof(tmp_path, root, was="timed_out")
    assert "whether they did before the change is not known" in work.findings[0].title


def test_without_an_earlier_run_every_failure_counts(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "new.txt").write_text("new\n")
    with pytest.raises(AttemptFailed, match="test_known"):
        proof(tmp_path, root, was="")


def test_failures_of_a_checkout_that_is_not_the_commit_acquit_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "shop.py").write_text("def total(prices):\n    return sum(prices) + 0\n")
    work = proof(tmp_path, root, dirt="def total(prices):\n    return 99\n")
    assert doubts_of(work) == [NOT_PROVEN]
    assert "1 file of the checkout" in work.findings[0].title


def test_failures_that_no_report_names_acquit_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "new.txt").write_text("new\n")
    with pytest.raises(AttemptFailed, match="test_known"):
        proof(tmp_path, root, report="")
    files = {"Makefile": "test:\n\t@echo 'FAIL: good'; false\n", "a.txt": "bad\n"}
    other = repository(tmp_path / "other", files)
    (other / "new.txt").write_text("new\n")
    work = proof(tmp_path, other, report="")
    assert doubts_of(work) == [NOT_PROVEN]
    assert "whether the same ones do is not known" in work.findings[0].title


@pytest.mark.parametrize(
    "text",
    [
        "def test_known():\n    assert False\n",
        SKIPPED,
    ],
)
def test_a_test_that_passed_before_and_is_gone_or_skipped_is_missed(
    tmp_path: Path, text: str
) -> None:
    root = repository(tmp_path / "r", SHOP)
    (root / "tests/test_shop.py").write_text(text)
    work = proof(tmp_path, root)
    assert doubts_of(work) == [TESTS_GONE]
    assert "tests.test_shop::test_sums" in work.findings[0].detail


def test_where_nothing_was_changed_nothing_is_proven(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    work = proof(tmp_path, root)
    assert doubts_of(work) == [NOTHING_CHANGED]
    assert work.summary.startswith("After build nothing is changed: ")


def test_tests_that_were_built_where_there_were_none_are_run(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"README.md": "# Shop\n"})
    for name, text in SHOP.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    with pytest.raises(AttemptFailed, match="test_known"):
        proof(tmp_path, root, was="no_test_command", report="")


def test_a_copy_within_the_checkout_does_not_hold_itself(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", SHOP)
    done = copied(root, root / "home/work/copy", is_late=lambda: False)
    assert done.files == len(SHOP)
    assert not (root / "home/work/copy/home").exists()


def test_what_a_clean_checkout_holds_is_what_the_commit_has(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"api/a.py": "a\n", "api/venv/x": "x\n", "web/b.js": "b\n"})
    base = git(root, "rev-parse", "HEAD")
    (root / "web/b.js").write_text("changed\n")
    copied(root / "api", tmp_path / "copy", is_late=lambda: False)
    what = Built("build", base, None)
    assert uncommitted(what, root / "api", tmp_path / "copy", tmp_path / "s") == 0
    (tmp_path / "copy/a.py").write_text("b\n")
    assert uncommitted(what, root / "api", tmp_path / "copy", tmp_path / "s") == 1
    assert uncommitted(Built("build", "", None), root, tmp_path, tmp_path / "t") == 0


@pytest.mark.parametrize(
    ("change", "words"), [("nobody", "is not among the needs"), ("tests", "left no changes")]
)
def test_a_step_that_left_no_changes_is_refused(tmp_path: Path, change: str, words: str) -> None:
    root = repository(tmp_path / "r", SHOP)
    with pytest.raises(AttemptFailed, match=words):
        proof(tmp_path, root, change=change)


def test_the_copy_has_what_was_built_whatever_the_checkout_holds(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.txt": "a\n", "dir/b.txt": "b\n", "gone.txt": "g\n"})
    (root / "a.txt").write_text("built\n")
    (root / "dir/b.txt").unlink()
    (root / "dir/new.bin").write_bytes(bytes(range(256)))
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("a.txt")
    (root / "gone.txt").unlink()
    base, patch = patch_of(root)
    (tmp_path / "p").write_bytes(patch)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(root), str(copy))
    # Uncommitted changes: other text, a link in place of a directory, a file in one's.
    (root / "a.txt").write_text("half done\n")
    (copy / "a.txt").write_text("half done\n")
    (copy / "dir/b.txt").unlink()
    (copy / "dir").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (copy / "dir").symlink_to(tmp_path / "elsewhere")
    (copy / "run.sh").mkdir()
    before = everything(root)
    assert build(Built("build", base, tmp_path / "p"), root, copy, tmp_path / "s") == 6
    assert everything(root) == before
    assert (copy / "a.txt").read_text() == "built\n"
    assert (copy / "dir/new.bin").read_bytes() == bytes(range(256))
    assert not (copy / "dir/b.txt").exists()
    assert not (copy / "gone.txt").exists()
    assert (copy / "run.sh").stat().st_mode & 0o111
    assert (copy / "link").readlink() == Path("a.txt")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_of_a_part_of_a_repository_only_that_part_is_built(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"api/a.py": "a = 1\n", "web/b.js": "b\n"})
    (root / "api/a.py").write_text("a = 2\n")
    (root / "web/b.js").write_text("c\n")
    base, patch = patch_of(root)
    (tmp_path / "p").write_bytes(patch)
    copy = tmp_path / "copy"
    copy.mkdir()
    assert build(Built("x", base, tmp_path / "p"), root / "api", copy, tmp_path / "s") == 1
    assert (copy / "a.py").read_text() == "a = 2\n"
    assert [each.name for each in copy.iterdir()] == ["a.py"]


def test_a_patch_of_another_commit_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"a.txt": "a\n"})
    (tmp_path / "p").write_text(
        "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-other\n+new\n"
    )
    base = git(root, "rev-parse", "HEAD")
    with pytest.raises(AttemptFailed) as failed:
        build(Built("build", base, tmp_path / "p"), root, tmp_path, tmp_path / "s")
    assert failed.value.code == "tester.bad_patch"
