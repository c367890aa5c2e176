"""A green commit of a user and a merged task are red together: the branch stays, and is mended."""

import json
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import FAILED
from tests.agents.repositories import git
from tests.cli.test_task_run import CASE, PLACE, Script, Shop, proof

pytestmark = pytest.mark.journey

BILL = "from shop import prices\n\n\ndef bill(p):\n    return prices.total(p) + 1\n"
CASE_OF_BILL = CASE.format(name="Bill", line="bill.bill([1]) == 2").replace("prices", "bill")
SCRIPT: Script = {
    "1": [[["shop/bill.py", "", BILL], ["tests/test_bill.py", "", CASE_OF_BILL]]],
    "2": [[proof("two", "prices.count([1]) == 1")]],
    "3": [[["shop/bill.py", "prices.total(", "prices.totals("]]],
}


def rename_total(shop: Shop) -> str:
    """Rename what the merged task uses, between two commits that change nothing; return it."""
    for name, text in (("a.txt", "a"), ("", ""), ("b.txt", "b")):
        if name:
            (shop.root / name).write_text(text)
        else:
            for path in (PLACE, "tests/test_prices.py"):
                text = (shop.root / path).read_text().replace("total(", "totals(")
                (shop.root / path).write_text(text)
        git(shop.root, "add", "-A", "shop", "tests", "*.txt")
        git(shop.root, "commit", "-qm", "Rename total" if not name else f"Add {name}")
    return git(shop.root, "rev-parse", "main~1")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, SCRIPT, "approval = false")
    for number in SCRIPT:
        shop.run("task", "scope", number, "shop/", "tests/")
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-qm", "Rules")
    return shop


@pytest.mark.slow
def test_a_branch_that_would_be_red_stops_the_line_until_a_task_mends_it(shop: Shop) -> None:
    run = ("task", "run", "--agents", "builder=coder")
    shop.run(*run, "1")
    before = git(shop.root, "rev-parse", "mission/main")
    culprit = rename_total(shop)
    output = " ".join(shop.run(*run, "2", code=FAILED).split())
    assert f"Commit {culprit[:12]} “Rename total”" in output
    assert "it would be red" in output
    assert git(shop.root, "rev-parse", "mission/main") == before
    (red,) = json.loads(shop.run("repo", "status", "--json"))["red"]
    assert (red["into"], red["culprit"]) == ("mission/main", culprit)
    assert "it would be red" in shop.run("repo", "status")
    # The advice works: the change and the user's commits come in together, as one green commit.
    shop.run(*run, "3", "--mend")
    parents = git(shop.root, "rev-parse", "mission/main^1", "mission/main^2").split()
    assert parents == [before, git(shop.root, "rev-parse", "main")]
    assert json.loads(shop.run("repo", "status", "--json"))["red"] == []
    shop.run(*run, "2")
    assert "tests/test_two.py" in git(shop.root, "ls-tree", "-r", "--name-only", "mission/main")


def test_an_approval_moves_no_branch_to_a_red_commit(shop: Shop) -> None:
    run = ("task", "run", "--agents", "builder=coder")
    shop.run(*run, "1")
    sop = shop.root / ".mission/sop.toml"
    sop.write_text(sop.read_text().replace("approval = false", "approval = true"))
    shop.run("repo", "sync")
    before = git(shop.root, "rev-parse", "mission/main")
    rename_total(shop)
    shop.run(*run, "2", code=FAILED)
    assert git(shop.root, "rev-parse", "mission/main") == before
