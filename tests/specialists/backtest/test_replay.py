"""A copy shows a repository as it was, and what came later can't be found in it."""

import subprocess
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.specialists.backtest.history import source_of
from missioncontrol.specialists.backtest.runner import Baseline, go_to, replaying, words_of


def git(root: Path, *args: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(["git", "-C", str(root), *who, *args], capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a repository of three commits, the last one tagged and on a remote."""
    root = tmp_path / "the shop"
    (root / "src").mkdir(parents=True)
    git(root, "init", "-q")
    for number in range(3):
        (root / "src" / "cart.py").write_text(f"def cart():\n    return {number}\n")
        (root / f"only{number}.py").write_text("")
        (root / f"only{number - 1}.py").unlink(missing_ok=True)
        git(root, "add", "-A")
        git(root, "commit", "-qm", f"Change the cart {number}")
    git(root, "tag", "v1")
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    return root


@pytest.mark.parametrize("below", ["", "src", ".git"])
def test_only_what_was_there_before_is_in_the_copy(shop: Path, below: str) -> None:
    commits = git(shop, "rev-list", "HEAD").split()
    with replaying(source_of(shop / below)) as copy:
        assert copy.name == "the shop"
        for commit in commits[1:]:
            go_to(copy, commit)
            number = 2 - commits.index(commit)
            files = {each.name for each in copy.iterdir()} - {".git"}
            assert files == {"src", f"only{number}.py"}
            assert git(copy, "status", "--porcelain") == ""
            assert git(copy, "log", "--all", "--reflog", "-1", "--format=%H") == commit
            assert git(copy, "for-each-ref", "--format=%(objectname)") == commit
            assert not (copy / ".git" / "ORIG_HEAD").exists()
    assert not copy.exists()


def test_a_clone_that_lacks_files_of_the_past_is_named(shop: Path) -> None:
    blob = git(shop, "rev-parse", "HEAD~1:src/cart.py")
    (shop / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with replaying(source_of(shop)) as copy:
        go_to(copy, git(shop, "rev-parse", "HEAD"))
        with pytest.raises(Unavailable) as refused:
            go_to(copy, git(shop, "rev-parse", "HEAD~1"))
    assert refused.value.code == "backtest.incomplete_clone"


def test_bm25_ranks_by_text_and_path_and_follows_the_files(shop: Path) -> None:
    baseline = Baseline()
    assert baseline.ranked(shop, "Mend the cart", (), 5) == ["src/cart.py"]
    assert baseline.ranked(shop, "Mend the cart", ["src/cart.py"], 5) == []
    (shop / "mail.py").write_text("cart = cart + open_cart + close_cart\n")
    git(shop, "add", "-A")
    assert set(baseline.ranked(shop, "Mend the cart", (), 5)) == {"src/cart.py", "mail.py"}
    assert words_of("openHTTPServer v2, x") == {"open": 1, "http": 1, "server": 1}
