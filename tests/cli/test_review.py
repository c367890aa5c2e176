"""`mission task review`: comments on lines of a change, which its builder mends in a next round."""

from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.exit_codes import BAD_INPUT, FAILED, WAITING
from tests.agents.repositories import git
from tests.cli.command import answer
from tests.cli.test_task_run import PLACE, ROUND, ROUNDED, Edit, Shop, states

pytestmark = pytest.mark.journey

BETTER: Edit = [PLACE, ROUND[2], "return round(sum(prices), 2)  # in cents"]
KEY = "SHOP-1"


def reviewed(shop: Shop) -> Any:
    return answer(shop.home, "task", "review", "show", KEY)


def line_of(shop: Shop, words: str) -> int:
    """Return the number of a line of the change in review."""
    page = reviewed(shop)
    text = answer(shop.home, "artifacts", page["run"])
    assert any(each["digest"] == page["digest"] for each in text)
    (line,) = (n for n, each in enumerate(built(shop).splitlines(), 1) if words in each)
    return line


def built(shop: Shop) -> str:
    """Return the file as the newest round left it."""
    (row,) = answer(shop.home, "approvals", "list")
    shown = answer(shop.home, "approvals", "show", row["id"])
    return git(shop.root, "show", f"{shown['subject']['inputs']['commit']}:{PLACE}")


def test_comments_on_lines_reach_the_builder_as_findings_of_the_next_round(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED], [BETTER]]}, "approval = true\nrounds = 1")
    assert states(shop.carried("1", into="agreed", code=WAITING)) == [("held", 1)]
    page = reviewed(shop)
    assert [each["path"] for each in page["files"]] == [PLACE, "tests/test_round.py"]
    assert {each["verb"]: each["refusal"] for each in page["actions"]}["request_changes"] == ""
    line, digest = line_of(shop, "round("), page["digest"]
    comment = ("task", "review", "comment", KEY, "--digest", digest, "--path", PLACE)
    refused = shop.run(*comment, "--line", "400", "--text", "What?", code=BAD_INPUT)
    assert "The diff does not show line 400 of it." in refused
    nothing = ("task", "review", "request-changes", KEY, "--digest", digest)
    assert "There is no open comment" in shop.run(*nothing, code=BAD_INPUT)
    shop.run(*comment, "--line", str(line), "--text", "Say in which unit.", who="bob")
    shop.run(*comment, "--text", "Never mind.", who="bob")
    shop.run("task", "review", "resolve", KEY, "--comment", "2")
    shop.run("task", "review", "request-changes", KEY, "--digest", digest, who="bob")
    output = shop.run("resume", "last", code=WAITING)
    # The round that a person asks for does not count: one is allowed here.
    assert states(shop.manifest(output)) == [("held", 2)]
    folder = shop.root.parent / "files"
    shop.run("artifacts", page["run"], "--output", str(folder))
    (work,) = (p.read_text() for p in folder.rglob("work.md") if "Round 2" in p.read_text())
    assert f"- `{PLACE}:{line}`: Say in which unit." in work
    assert "The line is `return round(sum(prices), 2)`." in work
    assert "Never mind." not in work
    # It is still at its line, which another text has taken by now.
    page = reviewed(shop)
    assert [each["round"] for each in page["rounds"]] == [1, 2]
    comments = {each["number"]: each for each in page["comments"]}
    assert (comments[1]["standing"], comments[1]["line"]) == ("outdated", line)
    assert comments[1]["quote"].strip() == ROUND[2]
    assert comments[2]["standing"] == "resolved"
    # What was shown before can't be approved any more.
    old = ("task", "review", "approve", KEY, "--digest", digest, "--reason", "Read.")
    assert "is newer than what was shown" in shop.run(*old, who="bob", code=BAD_INPUT)
    shop.run("task", "review", "resolve", KEY, "--comment", "1", who="bob")
    shop.run("task", "review", "approve", KEY, "--digest", page["digest"], who="bob")
    shop.run("resume", "last")
    assert shop.merged("agreed") == ["Task number 1"]
    assert "in cents" in git(shop.root, "show", f"mission/agreed:{PLACE}")
    late = ("task", "review", "request-changes", KEY, "--digest", page["digest"])
    assert "is merged already" in shop.run(*late, "--text", "More.", code=BAD_INPUT)


@pytest.mark.slow
def test_a_run_that_was_rejected_is_mended_by_a_further_run(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED], [BETTER]]}, "approval = true")
    shop.carried("1", into="later", code=WAITING)
    (row,) = answer(shop.home, "approvals", "list")
    shop.run("approvals", "reject", row["id"], "--reason", "Not like this.", who="bob")
    shop.run("resume", "last", code=FAILED)
    page = reviewed(shop)
    asked = ("task", "review", "request-changes", KEY, "--digest", page["digest"])
    shop.run(*asked, "--text", "Say in which unit.", who="bob")
    shop.run("resume", "last", code=WAITING)
    again = reviewed(shop)
    assert again["run"] != page["run"]
    assert (page["round"], again["round"]) == (1, 2)
    assert "in cents" in built(shop)
