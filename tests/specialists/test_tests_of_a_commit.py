"""The tester on exactly one commit: nothing of the checkout counts, and a base acquits."""

import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.work import CommandRan, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.tester.grounds import copied
from tests.agents.repositories import everything, git, repository
from tests.specialists.changes import SHOP, desk_in, done, kept

MAKE = {"Makefile": "test:\n\t@cat said.txt; ! grep -q ^not said.txt\n", "said.txt": "ok 1\n"}


def shown_of(tmp_path: Path, root: Path, commit: str, **more: Any) -> Work:
    inputs = {"repository": str(root), "commit": commit, **more}
    return done("tester", desk_in(tmp_path), inputs)


def test_what_lies_uncommitted_in_the_checkout_is_not_tested(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    commit = kept(root, {"said.txt": "not ok 1 - sums\n"})
    (root / "said.txt").write_text("ok 1\nok 2\n")
    (root / "Makefile").write_text("test:\n\t@echo 'ok 9'\n")
    before = everything(root)
    output = shown_of(tmp_path, root, commit).output
    assert (output["passed"], output["status"], output["commit"]) == (False, "failed", commit)
    assert everything(root) == before
    good = shown_of(tmp_path, root, git(root, "rev-parse", "HEAD")).output
    assert (good["passed"], good["broken"]) == (True, [])


@pytest.mark.journey
def test_what_the_change_breaks_or_leaves_out_is_named_and_what_failed_before_is_not(
    tmp_path: Path,
) -> None:
    old = "\n\ndef test_old():\n    pass\n"
    root = repository(
        tmp_path / "r", {**SHOP, "tests/test_shop.py": SHOP["tests/test_shop.py"] + old}
    )
    base = git(root, "rev-parse", "HEAD")
    worse = "def total(prices):\n    return sum(prices) + 4\n"
    commit = kept(root, {"shop.py": worse, "tests/test_shop.py": SHOP["tests/test_shop.py"]})
    work = shown_of(tmp_path, root, commit, base=base)
    assert work.output["passed"] is False
    assert work.output["counts"]["failed"] == 2
    (broken,) = work.output["broken"]
    assert broken["test"] == "tests.test_shop::test_sums"
    assert broken["path"] == "tests/test_shop.py"
    assert work.output["gone"] == ["tests.test_shop::test_old"]
    rules = [each.rule for each in work.findings]
    assert rules[:2] == ["tester.broken", "tester.tests_gone"]
    assert "1 test or check fails that did not" in work.summary


def test_tests_that_no_longer_start_are_broken_by_the_change(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    base = git(root, "rev-parse", "HEAD")
    commit = kept(root, {"Makefile": "test:\n\t@no-such-program\n"})
    output = shown_of(tmp_path, root, commit, base=base).output
    assert (output["passed"], output["status"]) == (False, "could_not_start")
    assert "no-such-program" in output["broken"][0]["message"]


def test_more_failures_than_before_count_where_no_report_names_them(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {**MAKE, "said.txt": "not ok 1\n"})
    base = git(root, "rev-parse", "HEAD")
    same = kept(root, {"said.txt": "not ok 2\n"}, name="same")
    worse = kept(root, {"said.txt": "not ok 1\nnot ok 2\n"}, name="worse")
    work = shown_of(tmp_path, root, same, base=base)
    assert (work.output["passed"], work.output["status"]) == (True, "failed")
    assert work.output["broken"] == []
    assert work.summary.endswith(f"Nothing fails that did not at {base[:12]}.")
    assert len(shown_of(tmp_path, root, worse, base=base).output["broken"]) == 1


def test_checks_of_the_repository_run_in_the_same_tree(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    base = git(root, "rev-parse", "HEAD")
    commit = kept(root, {"new.txt": "tabs\n"})
    checks = [["test", "!", "-e", "new.txt"], ["sh", "-c", "echo told; exit 3"], ["true"]]
    work = shown_of(tmp_path, root, commit, base=base, checks=checks)
    assert [each["exit_code"] for each in work.output["checks"]] == [1, 3, 0]
    assert work.output["checks"][1]["tail"] == "told\n"
    # The second one failed before too.
    assert [each["test"] for each in work.output["broken"]] == ["test ! -e new.txt"]
    assert work.output["passed"] is False
    ran = [each.argv for each in work.evidence if isinstance(each, CommandRan)]
    assert ran == [*(tuple(each) for each in checks), ("make", "test")]


def test_a_check_that_is_not_installed_is_refused_with_what_to_do(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    with pytest.raises(AttemptFailed) as refusal:
        shown_of(tmp_path, root, "HEAD", checks=[["no-such-linter", "."]])
    assert refusal.value.code == "tester.no_check"
    assert "no-such-linter is not installed here" in refusal.value.reason
    assert "[merge]" in refusal.value.hint
    assert not refusal.value.retryable


def test_environments_are_those_of_the_checkout(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    own = root / ".venv/bin/python"
    own.parent.mkdir(parents=True)
    own.write_text(f'#!/bin/sh\nOWN=1 exec {sys.executable} "$@"\n')
    own.chmod(0o755)
    checks = [["python", "-c", "import os; os.environ['OWN']"]]
    assert shown_of(tmp_path, root, "HEAD", checks=checks).output["broken"] == []


def test_installed_packages_of_javascript_are_those_of_the_checkout(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    installed = root / "node_modules/left/index.js"
    installed.parent.mkdir(parents=True)
    installed.write_text("1\n")
    commit = kept(root, {**MAKE, "package.json": "{}"}, name="two")
    checks = [["test", "-f", "node_modules/left/index.js"]]
    assert shown_of(tmp_path, root, commit, checks=checks).output["broken"] == []


def test_a_tree_has_its_past_and_its_tags(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", MAKE)
    git(root, "tag", "v1.2")
    commit = kept(root, {"new.txt": "new\n"})
    checks = [["sh", "-c", 'git describe --tags && test -z "$(git status --porcelain)"']]
    output = shown_of(tmp_path, root, commit, checks=checks).output
    assert output["checks"][0]["tail"].startswith("v1.2-1-g")
    assert output["broken"] == []


def test_a_part_of_a_repository_and_a_linked_work_tree_can_be_tested(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {f"api/{name}": text for name, text in MAKE.items()})
    commit = kept(root, {"api/said.txt": "not ok 1\n"})
    git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    for place in (root, tmp_path / "linked"):
        assert shown_of(tmp_path, place / "api", commit).output["status"] == "failed"
    gone = kept(root, {"api/Makefile": None, "api/said.txt": None, "a": "a\n"}, name="gone")
    with pytest.raises(AttemptFailed, match="has no directory 'api'"):
        shown_of(tmp_path, root / "api", gone)


def test_where_nothing_was_changed_nothing_is_tested(tmp_path: Path) -> None:
    output = shown_of(tmp_path, repository(tmp_path / "r", MAKE), "").output
    assert (output["passed"], output["reason"]) == (False, "nothing was changed")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"commit": "0" * 40}, "tester.no_commit"),
        ({"commit": "--all"}, "tester.no_commit"),
        ({"commit": "HEAD", "base": "nowhere"}, "tester.no_commit"),
        ({"commit": "HEAD", "changes": "build"}, "tester.bad_input"),
        ({"commit": 3}, "tester.bad_input"),
        ({"commit": "HEAD", "checks": [[]]}, "tester.bad_input"),
        ({"commit": "HEAD", "checks": ["ruff"]}, "tester.bad_input"),
    ],
)
def test_what_cannot_be_tested_is_refused(tmp_path: Path, more: Any, code: str) -> None:
    root = repository(tmp_path / "r", MAKE)
    with pytest.raises(AttemptFailed) as refusal:
        done("tester", desk_in(tmp_path), {"repository": str(root), **more})
    assert (refusal.value.code, refusal.value.retryable) == (code, False)


def test_links_between_packages_of_one_repository_are_copied(tmp_path: Path) -> None:
    (tmp_path / "r/node_modules").mkdir(parents=True)
    (tmp_path / "r/packages/a").mkdir(parents=True)
    (tmp_path / "r/node_modules/a").symlink_to("../packages/a")
    (tmp_path / "r/node_modules/out").symlink_to("../../outside")
    source, target = tmp_path / "r/node_modules", tmp_path / "copy/node_modules"
    copied(source, target, is_late=lambda: False, within=tmp_path / "r")
    assert [each.name for each in target.iterdir()] == ["a"]
