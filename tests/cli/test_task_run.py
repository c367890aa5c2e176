"""`mission task run`, with a real agent, real checkouts, and real merges."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from missioncontrol.adapters.sop_file import sop_text
from missioncontrol.cli.exit_codes import BAD_INPUT, FAILED, WAITING
from missioncontrol.documents.run_manifest import is_as_written, manifest_schema
from tests import prefork
from tests.agents.repositories import everything, git, repository
from tests.cli.command import answer, environment
from tests.cli.test_repo import Place

pytestmark = pytest.mark.journey

SECONDS_MAX = 400
Edit = list[str | None]
Script = dict[str, list[list[Edit]]]
AGENTS = Path(__file__).parents[1] / "agents"
SCHEMA = Path(__file__).parents[2] / "docs/reference/run-manifest.schema.json"
CASE = "import unittest\n\nfrom shop import prices\n\n\nclass {name}(unittest.TestCase):\n"
CASE += "    def test_it(self):\n        assert {line}\n"
FILES = {
    # It starts in no time, unlike pytest with all that is installed here.
    "Makefile": f"test:\n\t@{sys.executable} -m unittest discover -q -s tests -t .\n",
    "shop/__init__.py": "",
    "shop/prices.py": "def total(prices):\n    return sum(prices)\n"
    + "\n" * 8
    + "def count(prices):\n    return len(prices)\n",
    "tests/__init__.py": "",
    "tests/test_prices.py": CASE.format(name="Total", line="prices.total([1, 2]) == 3"),
}
PLACE = "shop/prices.py"
EVAL = "return eval('round(sum(prices), 2)')"
SUM, FLOAT = "return sum(prices)", "return float(sum(prices))"
BOTH = "return float(round(sum(prices), 2))"
ROUND: Edit = ["shop/prices.py", "return sum(prices)", "return round(sum(prices), 2)"]
WRONG: Edit = ["shop/prices.py", "return sum(prices)", "return sum(prices) + 1"]
MENDED: Edit = ["shop/prices.py", "return sum(prices) + 1", "return round(sum(prices), 2)"]
COUNT: Edit = ["shop/prices.py", "return len(prices)", "return len(list(prices))"]


def proof(name: str, line: str) -> Edit:
    """Return the edit that adds a test."""
    return [f"tests/test_{name}.py", "", CASE.format(name=name.title(), line=line)]


ROUNDED = proof("round", "prices.total([0.1, 0.2]) == 0.3")
COUNTED = proof("count", "prices.count(iter([1])) == 1")


SCRIPT: Script = {
    "1": [[ROUND, ROUNDED]],
    "2": [[COUNT, COUNTED]],
    "3": [[WRONG], [[PLACE, WRONG[2], EVAL], ROUNDED], [[PLACE, EVAL, MENDED[2]]]],
    "4": [[WRONG], [COUNT], [[PLACE, "len(list(prices))", "len([*prices])"]]],
    "5": [[ROUND, ROUNDED], [[PLACE, FLOAT, BOTH], ROUNDED]],
    "6": [[[PLACE, SUM, FLOAT]], [[PLACE, MENDED[2], BOTH]]],
    "7": [[ROUND, ROUNDED, proof("slow", "not __import__('time').sleep(4)")]],
}


class Shop(Place):
    """A checkout whose tasks have no documents, and an agent that builds by a script."""

    def __init__(self, folder: Path, script: Script, merge: str, spec: str = "") -> None:
        root = repository(folder / "shop", FILES)
        super().__init__(root, folder / "home")
        (folder / "script.json").write_text(json.dumps(script))
        head = sop_text("repository-0123456789abcd", own=True).partition("\n[phases.prd]")[0]
        phases = f"{spec}[phases.implementation]\n[phases.review]\n"
        (root / ".mission").mkdir()
        (root / ".mission/sop.toml").write_text(f"{head}\n{phases}\n[merge]\n{merge}\n")
        self.run("repo", "init", "--apply")
        for number in script:
            self.run("task", "add", f"Task number {number}", "--brief", "Better prices.")
            self.run("task", "scope", number, PLACE, "tests/")
        argv = [sys.executable, str(AGENTS / "task_builder.py"), str(folder / "script.json")]
        self.run(
            *("agent", "add", "coder", "--kind", "acp", "--scale", "2"),
            *("--set", f"argv={json.dumps(argv)}"),
            *("--set", f"variables={json.dumps({'PYTHONPATH': str(AGENTS.parents[1])})}"),
            *("--input-tokens", "100", "--output-tokens", "50"),
        )

    def run(self, *words: str, who: str = "ada", code: int = 0, **env: str) -> str:
        """As `Place.run`, with time for what agents do."""
        done = prefork.run(
            words,
            environment(self.home, MISSION_ACTOR=who, **env),
            timeout=SECONDS_MAX,
            cwd=self.root,
        )
        output = (done.stdout + done.stderr).decode()
        assert done.returncode == code, output
        return output

    def carried(self, *words: str, into: str, code: int = 0) -> dict[str, Any]:
        """Have tasks carried out, and return the manifest."""
        options = ("--agents", "builder=coder", "--into", f"mission/{into}")
        return self.manifest(self.run("task", "run", *words, *options, code=code))

    def manifest(self, output: str) -> dict[str, Any]:
        """Return the manifest of the run that was spoken of."""
        found = re.search(r"run-[0-9a-z]{14}", output)
        assert found is not None, output
        text = (self.root / f".runs/{found[0]}/manifest.json").read_text()
        assert is_as_written(text)
        manifest: dict[str, Any] = json.loads(text)
        jsonschema.validate(manifest, json.loads(SCHEMA.read_text()))
        return manifest

    def merged(self, into: str) -> list[str]:
        """Return the titles of what was merged, the oldest first."""
        subjects = git(self.root, "log", "--reverse", "--format=%s", f"main..mission/{into}")
        return subjects.splitlines()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a checkout in which each test merges into a branch of its own."""
    return Shop(tmp_path_factory.mktemp("shop"), SCRIPT, "approval = false")


def states(manifest: dict[str, Any]) -> list[tuple[str, int]]:
    return [(each["state"], each["rounds"]) for each in manifest["tasks"]]


def test_the_schema_is_that_of_the_manifest() -> None:
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(manifest_schema()))


def test_two_that_change_one_file_at_once_are_brought_together_and_the_checkout_stays(
    shop: Shop,
) -> None:
    whole = (shop.root / PLACE).read_text()
    (shop.root / PLACE).write_text("# half written\n")
    head, before = git(shop.root, "rev-parse", "HEAD"), everything(shop.root / "shop")
    manifest = shop.carried("1", "2", "--overlap", "merge", into="both")
    assert everything(shop.root / "shop") == before
    assert git(shop.root, "rev-parse", "HEAD") == head
    assert git(shop.root, "stash", "list") == ""
    (shop.root / PLACE).write_text(whole)
    assert sorted(shop.merged("both")) == ["Task number 1", "Task number 2"]
    text = git(shop.root, "show", f"mission/both:{PLACE}")
    assert "round(sum(prices), 2)" in text
    assert "len(list(prices))" in text
    assert states(manifest) == [("merged", 1), ("merged", 1)]
    assert sorted(each["merged"]["rebased"] for each in manifest["tasks"]) == [False, True]
    assert (manifest["spent"]["input_tokens"], manifest["spent"]["output_tokens"]) == (20, 10)
    assert manifest["resume"] == {"open_steps": [], "command": ""}
    folder = shop.root / ".runs" / manifest["run"]
    (diff,) = (
        file["path"]
        for step in manifest["steps"]
        if step["key"] == "task-1/merge"
        for file in step["files"]
        if file["path"]
    )
    assert "+    return round(sum(prices), 2)" in (folder / diff).read_text()
    assert json.loads((folder / "metrics.json").read_text())["tasks"][0]["rounds"] == 1
    shown = json.loads(shop.run("show", manifest["run"], "--json"))
    assert shown["status"] == "succeeded"


@pytest.mark.slow
def test_what_meets_waits_and_begins_at_what_was_merged(shop: Shop) -> None:
    first, second = shop.carried("1", "2", into="waited")["tasks"]
    assert second["merged"]["onto"] == first["merged"]["commit"]
    assert not second["merged"]["rebased"]


@pytest.mark.slow
def test_a_change_that_breaks_a_test_goes_back_with_it_and_is_mended(shop: Shop) -> None:
    manifest = shop.carried("3", into="mended")
    assert states(manifest) == [("merged", 3)]
    text = git(shop.root, "show", f"mission/mended:{PLACE}")
    assert "+ 1" not in text
    # In the second round nothing failed, and a rule asked for a spec that there is not.
    assert "eval" not in text
    shop.run("artifacts", manifest["run"], "--output", str(shop.root.parent / "files"))
    reviews = {
        path.parts[-2]: path.read_text()
        for path in (shop.root.parent / "files").rglob("review.json")
    }
    reports = [text for text in reviews.values() if "guard.security" in text]
    assert len(reports) == 1
    assert "tests_failed" not in reports[0]


@pytest.mark.slow
def test_rounds_end_and_what_was_built_is_kept(shop: Shop) -> None:
    options = ("--agents", "builder=coder", "--into", "mission/never")
    output = shop.run("task", "run", "4", *options, code=FAILED)
    manifest = shop.manifest(output)
    assert states(manifest) == [("failed", 3)]
    (task,) = manifest["tasks"]
    assert task["merged"] is None
    # What the last round found is shown with each failure: no user has to look for it.
    (finding,) = task["findings"]
    assert finding["rule"] == "inspector.tests_failed"
    words = " ".join(output.split())
    assert finding["message"].split(":")[0] in words
    assert "`mission task run 4 --agents …` starts again" in words
    assert f"`git show {task['change']}`" in task["remedy"]
    assert {each["step"] for each in task["evidence"]} >= {"task-4#3/test", "task-4#3/inspect"}
    assert git(shop.root, "branch", "--list", "mission/never") == ""
    assert "sum(prices) + 1" in git(shop.root, "show", f"{task['change']}:{PLACE}")
    # A part of it that was done again would hold no files.
    refused = shop.run("retry", manifest["run"], code=BAD_INPUT)
    assert "`mission task run 4 --agents …` starts again" in refused
    assert shop.run("resume", manifest["run"], code=BAD_INPUT) == refused
    # So would one that is begun by the name of its workflow, or on a clock.
    inputs = ("--input", f"repository={shop.root}", "--input", "tasks={}")
    workflow = "tasks-0123456789abcd"
    daily = ("schedule", "add", "daily", "--cron", "@daily", "--workflow", workflow)
    for begun in (("workflow", "run", workflow), daily):
        refused = shop.run(*begun, *inputs, code=BAD_INPUT)
        assert "would hold none of their files" in refused
        assert "`mission task run NUMBER … --agents builder=NAME`" in refused


@pytest.mark.slow
def test_a_change_that_conflicts_is_made_anew_on_what_was_merged(shop: Shop) -> None:
    manifest = shop.carried("5", "6", "--overlap", "merge", into="anew")
    assert sorted(states(manifest)) == [("merged", 1), ("merged", 2)]
    assert BOTH in git(shop.root, "show", f"mission/anew:{PLACE}")


@pytest.mark.slow
def test_a_conflict_with_what_others_merged_uses_up_no_round(tmp_path: Path) -> None:
    script = {"1": SCRIPT["5"], "2": SCRIPT["6"]}
    shop = Shop(tmp_path, script, "approval = false\nrounds = 1")
    manifest = shop.carried("1", "2", "--overlap", "merge", into="once")
    assert sorted(states(manifest)) == [("merged", 1), ("merged", 2)]


@pytest.mark.slow
def test_an_engine_that_is_killed_goes_on_without_repeating_what_was_done(shop: Shop) -> None:
    argv = ["task", "run", "7", "--agents", "builder=coder", "--into", "mission/killed"]
    env = environment(shop.home, MISSION_ACTOR="ada")
    with prefork.start(argv, cwd=shop.root, env=env, stdout=subprocess.DEVNULL) as engine:
        end = time.monotonic() + SECONDS_MAX
        while not _is_working("task-7/test", shop):
            assert time.monotonic() < end
            time.sleep(0.2)
        engine.send_signal(signal.SIGKILL)
    output = shop.run("resume", "last")
    manifest = shop.manifest(output)
    assert states(manifest) == [("merged", 1)]
    tries = {step["key"]: [each["outcome"] for each in step["tries"]] for step in manifest["steps"]}
    assert tries["task-7/build"] == ["succeeded"]
    assert tries["task-7/test"] == ["interrupted", "succeeded"]


@pytest.mark.slow
def test_an_engine_that_is_killed_as_a_branch_moves_merges_each_task_once(shop: Shop) -> None:
    options = ("--agents", "builder=coder", "--overlap", "merge", "--into", "mission/once")
    argv = ["task", "run", "1", "2", *options]
    env = environment(shop.home, MISSION_ACTOR="ada")
    moved = shop.root / ".git/refs/heads/mission/once"
    with prefork.start(argv, cwd=shop.root, env=env, stdout=subprocess.DEVNULL) as engine:
        end = time.monotonic() + SECONDS_MAX
        while not moved.exists():
            assert time.monotonic() < end
            time.sleep(0.005)
        engine.send_signal(signal.SIGKILL)
    output = shop.run("resume", "last")
    assert sorted(shop.merged("once")) == ["Task number 1", "Task number 2"]
    assert [state for state, _ in states(shop.manifest(output))] == ["merged", "merged"]
    git(shop.root, "fsck", "--strict")


def _is_working(step: str, shop: Shop) -> bool:
    try:
        shown = json.loads(shop.run("show", "last", "--json"))
    except AssertionError:
        return False
    return any(each["step"] == step and each["state"] == "working" for each in shown["steps"])


def test_who_can_not_build_or_judges_their_own_is_refused(shop: Shop) -> None:
    settings = json.loads(shop.run("agent", "show", "coder", "--json"))["declared"]["settings"]
    options = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
    shop.run(
        *("agent", "add", "twin", "--kind", "acp", "--effect", "reads_files"),
        *(word for each in options for word in ("--set", each)),
    )
    for words, reason in (
        (("--agents", "reviewer=local"), "No builder is named."),
        (("--agents", "builder=local"), "No builder is named."),
        (("--agents", "builder=surveyor"), "leaves no commit of what it built"),
        (("--agents", "builder=coder,reviewer=coder"), "can't be reviewed by 'coder'"),
        (("--agents", "builder=coder,reviewer=twin"), "'twin', which asks the same model"),
        (("--agents", "builder=coder,tester=coder"), "'coder' can't test"),
        (("--agents", "builder=a,builder=b"), "--agents has 'builder=b'"),
        (("--agents", "builder=coder", "--into", "main"), "Nothing is merged there"),
    ):
        output = shop.run("task", "run", "1", *words, code=BAD_INPUT)
        assert reason in output, output


def test_a_branch_that_is_checked_out_is_refused_before_anybody_builds(
    shop: Shop, tmp_path: Path
) -> None:
    git(shop.root, "worktree", "add", "-q", "-b", "mission/seen", str(tmp_path / "seen"))
    options = ("--agents", "builder=coder", "--into", "mission/seen")
    output = shop.run("task", "run", "1", *options, code=BAD_INPUT)
    assert "'mission/seen' is checked out in" in output
    git(shop.root, "worktree", "remove", str(tmp_path / "seen"))


def test_what_a_branch_lacks_of_the_checkout_is_said_and_a_spec_that_came_later_counts(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, {"1": [[COUNT]]}, "approval = true")
    git(shop.root, "branch", "mission/behind")
    git(shop.root, "commit", "-q", "--allow-empty", "-m", "Mine")
    options = ("--agents", "builder=nobody", "--into", "mission/behind")
    assert "named twice" in shop.run("task", "run", "1", "1", *options, code=BAD_INPUT)
    output = shop.run("task", "run", "1", *options, code=BAD_INPUT)
    assert "mission/behind lacks 1 commit of what is checked out here" in output
    assert "`git merge mission/behind` into the branch that is checked out" in output
    assert "git push" not in output  # That moves a branch of ours to an untested commit.
    # The branch of what is checked out is brought up by the run itself.
    git(shop.root, "branch", "mission/main", "HEAD~1")
    output = shop.run("task", "run", "1", "--agents", "builder=nobody", code=BAD_INPUT)
    assert "mission/main lacks 1 commit of yours: they are brought in" in output
    shop.run("task", "add", "Total of prices", "--brief", "total(prices) in shop/prices.py")
    shop.run("task", "run", "2", *options, code=BAD_INPUT)  # Its files are looked up.
    # Of a run that is refused nothing stays, not even what was looked up for it.
    assert "are not declared yet" in shop.run("task", "scope", "2", code=BAD_INPUT)
    spec = "---\ncovers:\n  - shop/other.py\n---\n\n# Total of prices\n"
    folder = shop.root / "tasks/0002-total-of-prices"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.md").write_text(spec)
    output = shop.run("task", "run", "2", *options, code=BAD_INPUT)
    assert "Task 2 is to change shop/other.py: its spec covers them." in output


def test_a_person_agrees_before_anything_is_merged(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED]], "2": [[COUNT]]}, "approval = true")
    assert states(shop.carried("1", into="agreed", code=WAITING)) == [("held", 1)]
    assert git(shop.root, "branch", "--list", "mission/*") == ""
    # The run that holds the files keeps others away, also while none of its steps works.
    blocked = shop.run("task", "run", "2", "--agents", "builder=coder", code=FAILED)
    assert "which task 1 holds until run-" in blocked
    again = shop.run("task", "run", "1", "--agents", "builder=coder", code=FAILED)
    assert "Task 1 is being carried out by run-" in again
    for words in (("done", "1"), ("drop", "1", "--reason", "Too dear.")):
        refused = shop.run("task", *words, code=FAILED)
        assert "Task 1 is being carried out by run-" in refused
    (row,) = answer(shop.home, "approvals", "list")
    assert row["title"] == "Merge the change"
    # A person who approves in a terminal reads the change there, and the whole in a file.
    shown = shop.run("approvals", "show", row["id"])
    assert "change.patch of step task-1/inspect (2 files, +" in shown
    assert "\n  +    return round(sum(prices), 2)\n" in shown
    (whole,) = (shop.root / ".runs").glob("*/diffs/task-1-inspect.patch")
    assert "+    return round(sum(prices), 2)" in whole.read_text()
    shop.run("approvals", "approve", row["id"], "--reason", "Read.", who="bob")
    output = shop.run("resume", "last")
    assert shop.merged("agreed") == ["Task number 1"]
    shop.run("repo", "sync")
    manifest = shop.manifest(output)
    (agreed,) = manifest["approvals"]
    assert (agreed["state"], agreed["by"], agreed["reason"]) == ("approved", "user:bob", "Read.")
    assert agreed["digest"] == row["digest"]
    assert states(manifest) == [("merged", 1)]
    _judged(shop)


@pytest.mark.slow
def test_a_spec_that_is_edited_while_its_merge_waits_is_merged_against_by_nobody(
    tmp_path: Path,
) -> None:
    phase = "[phases.spec]\nheadings = []\nsigned_by = []\n"
    shop = Shop(tmp_path, {"1": [[COUNT, COUNTED]]}, "approval = true", phase)
    spec = shop.root / "tasks/0001-task-number-1/spec.md"
    spec.write_text("# Count\n\nAnything that can be listed is counted.\n")
    shop.run("repo", "sync")
    assert states(shop.carried("1", into="other", code=WAITING)) == [("held", 1)]
    (row,) = answer(shop.home, "approvals", "list")
    spec.write_text("# Count\n\nOnly lists are counted.\n")
    shop.run("approvals", "approve", row["id"], "--reason", "Read.", who="bob")
    output = shop.run("resume", "last", code=FAILED)
    assert "spec.md is not the text that the change was made and judged by" in output
    assert "task-1#2/manage" in output
    assert git(shop.root, "branch", "--list", "mission/*") == ""


def _judged(shop: Shop) -> None:
    measures = {each["key"]: each for each in shop.told("repo", "metrics")["measures"]}
    assert (measures["review_rounds"]["value"], measures["review_rounds"]["of"]) == (1.0, 1)
    assert measures["no_fix_up"]["left_out"][0]["count"] == 1
    assert measures["artifacts_first"]["left_out"][0]["count"] == 1
