"""`mission task run`, with a real agent, real checkouts, and real merges."""

import json
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
from tests.agents.repositories import everything, git, repository
from tests.cli.command import ARGV, answer, environment
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
ROUND: Edit = ["shop/prices.py", "return sum(prices)", "return round(sum(prices), 2)"]
WRONG: Edit = ["shop/prices.py", "return sum(prices)", "return sum(prices) + 1"]
MENDED: Edit = ["shop/prices.py", "return sum(prices) + 1", "return round(sum(prices), 2)"]
COUNT: Edit = ["shop/prices.py", "return len(prices)", "return len(list(prices))"]


def proof(name: str, line: str) -> Edit:
    """Return the edit that adds a test."""
    return [f"tests/test_{name}.py", "", CASE.format(name=name.title(), line=line)]


ROUNDED = proof("round", "prices.total([0.1, 0.2]) == 0.3")
COUNTED = proof("count", "prices.count(iter([1])) == 1")


class Shop(Place):
    """A checkout whose tasks have no documents, and an agent that builds by a script."""

    def __init__(self, tmp_path: Path, script: Script, merge: str = "approval = false") -> None:
        root = repository(tmp_path / "shop", FILES)
        super().__init__(root, tmp_path / "home")
        self.script = tmp_path / "script.json"
        self.script.write_text(json.dumps(script))
        head = sop_text("repository-0123456789abcd", own=True).partition("\n[phases.prd]")[0]
        phases = "[phases.implementation]\n[phases.review]\n"
        (root / ".mission").mkdir()
        (root / ".mission/sop.toml").write_text(f"{head}\n{phases}\n[merge]\n{merge}\n")
        self.run("repo", "init", "--apply")
        for number in script:
            self.run("task", "add", f"Task number {number}", "--brief", "Better prices.")
        self.agent("coder", str(AGENTS / "task_builder.py"), str(self.script))
        self.branch = git(root, "symbolic-ref", "--short", "HEAD").strip()
        self.into = f"mission/{self.branch}"

    def run(self, *words: str, who: str = "ada", code: int = 0, **env: str) -> str:
        """As `Place.run`, with time for what agents do."""
        done = subprocess.run(
            [*ARGV, *words],
            cwd=self.root,
            env=environment(self.home, MISSION_ACTOR=who, **env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == code, said
        return said

    def agent(self, name: str, *argv: str) -> None:
        self.run(
            *("agent", "add", name, "--kind", "acp"),
            *("--set", f"argv={json.dumps([sys.executable, *argv])}"),
            *("--set", f"variables={json.dumps({'PYTHONPATH': str(AGENTS.parents[1])})}"),
            *("--input-tokens", "100", "--output-tokens", "50"),
        )

    def scoped(self, task: int, *patterns: str) -> None:
        self.run("task", "scope", str(task), *(patterns or ("shop/prices.py", "tests/")))

    def carried(self, *tasks: str, options: tuple[str, ...] = (), code: int = 0) -> str:
        return self.run("task", "run", *tasks, "--agents", "builder=coder", *options, code=code)

    def manifest(self) -> dict[str, Any]:
        (path,) = (self.root / ".runs").glob("*/manifest.json")
        text = path.read_text()
        assert is_as_written(text)
        found: dict[str, Any] = json.loads(text)
        jsonschema.validate(found, json.loads(SCHEMA.read_text()))
        return found

    def merged(self) -> list[str]:
        """Return the titles of what was merged, the oldest first."""
        said = git(self.root, "log", "--reverse", "--format=%s", f"{self.branch}..{self.into}")
        return said.splitlines()


def test_the_schema_is_that_of_the_manifest() -> None:
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(manifest_schema()))


def test_two_that_change_one_file_at_once_are_brought_together_and_the_checkout_stays(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED]], "2": [[COUNT, COUNTED]]})
    shop.scoped(1)
    shop.scoped(2)
    (shop.root / "shop/prices.py").write_text("# half written\n")
    head, before = git(shop.root, "rev-parse", "HEAD"), everything(shop.root / "shop")
    said = shop.carried("1", "2", options=("--overlap", "merge"))
    assert "has succeeded" in said
    assert everything(shop.root / "shop") == before
    assert git(shop.root, "rev-parse", "HEAD") == head
    assert git(shop.root, "stash", "list") == ""
    assert sorted(shop.merged()) == ["Task number 1", "Task number 2"]
    whole = git(shop.root, "show", f"{shop.into}:shop/prices.py")
    assert "round(sum(prices), 2)" in whole
    assert "len(list(prices))" in whole
    manifest = shop.manifest()
    assert [each["state"] for each in manifest["tasks"]] == ["merged", "merged"]
    assert sorted(each["merged"]["rebased"] for each in manifest["tasks"]) == [False, True]
    told = {each["key"]: each for each in shop.told("repo", "metrics")["measures"]}
    assert (told["review_rounds"]["value"], told["review_rounds"]["of"]) == (1.0, 2)
    assert (told["duplicated_edits"]["value"], told["duplicated_edits"]["baseline"]) == (0, 0)
    assert told["duplicated_edits"]["of"] > 2
    assert told["no_fix_up"]["left_out"][0]["count"] == 1
    assert told["artifacts_first"]["left_out"][0]["count"] == 2
    assert [each["rounds"] for each in manifest["tasks"]] == [1, 1]
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
    events = shop.run("show", manifest["run"], "--json")
    assert json.loads(events)["status"] == "succeeded"


def test_what_meets_waits_and_begins_at_what_was_merged(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED]], "2": [[COUNT, COUNTED]]})
    shop.scoped(1)
    shop.scoped(2)
    shop.carried("1", "2")
    first, second = shop.manifest()["tasks"]
    assert second["merged"]["onto"] == first["merged"]["commit"]
    assert not second["merged"]["rebased"]


def test_a_change_that_breaks_a_test_goes_back_with_it_and_is_mended(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[WRONG], [MENDED, ROUNDED]]})
    shop.scoped(1)
    shop.carried("1")
    (task,) = shop.manifest()["tasks"]
    assert (task["state"], task["rounds"]) == ("merged", 2)
    assert git(shop.root, "show", f"{shop.into}:shop/prices.py").count("+ 1") == 0


def test_rounds_end_and_what_was_built_is_kept(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[WRONG], [COUNT]]}, "approval = false\nrounds = 2")
    shop.scoped(1)
    shop.carried("1", code=FAILED)
    (task,) = shop.manifest()["tasks"]
    assert (task["state"], task["rounds"], task["merged"]) == ("failed", 2, None)
    assert shop.into not in git(shop.root, "branch", "--list", "mission/*")
    assert "sum(prices) + 1" in git(shop.root, "show", f"{task['change']}:shop/prices.py")


def test_a_change_that_conflicts_is_made_anew_on_what_was_merged(tmp_path: Path) -> None:
    place = "shop/prices.py"
    mine, theirs = "return round(sum(prices), 2)", "return float(sum(prices))"
    both = "return float(round(sum(prices), 2))"
    first: list[list[Edit]] = [[ROUND, ROUNDED], [[place, theirs, both], ROUNDED]]
    second: list[list[Edit]] = [[[place, "return sum(prices)", theirs]], [[place, mine, both]]]
    shop = Shop(tmp_path, {"1": first, "2": second})
    shop.scoped(1)
    shop.scoped(2)
    shop.carried("1", "2", options=("--overlap", "merge"))
    tasks = shop.manifest()["tasks"]
    assert [each["state"] for each in tasks] == ["merged", "merged"]
    assert sorted(each["rounds"] for each in tasks) == [1, 2]


def test_a_person_agrees_before_anything_is_merged(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED]], "2": [[COUNT]]}, "approval = true")
    shop.scoped(1)
    shop.scoped(2)
    said = shop.carried("1", code=WAITING)
    assert shop.into not in git(shop.root, "branch")
    (task,) = shop.manifest()["tasks"]
    assert task["state"] == "held"
    # Whoever holds the files keeps others away, also while nobody works.
    taken = shop.carried("2", code=FAILED)
    assert "which task 1 holds until run-" in taken
    again = shop.carried("1", code=FAILED)
    assert "Task 1 is being carried out by run-" in again
    (row,) = answer(shop.home, "approvals", "list")
    shop.run("approvals", "approve", row["id"], "--reason", "Read.", who="bob")
    shop.run("resume", "last")
    assert shop.merged() == ["Task number 1"]
    shop.run("repo", "sync")
    manifest = shop.manifest()
    (agreed,) = manifest["approvals"]
    assert (agreed["state"], agreed["by"], agreed["reason"]) == ("approved", "user:bob", "Read.")
    assert agreed["digest"] == row["digest"]
    assert manifest["tasks"][0]["state"] == "merged"
    assert "run-" in said


def test_who_can_not_build_or_judges_their_own_is_refused(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"1": [[ROUND]]})
    shop.scoped(1)
    for agents, words in (
        ("reviewer=local", "Nobody is named who builds."),
        ("builder=local", "Nobody is named who builds."),
        ("builder=surveyor", "leaves no commit of what it built"),
        ("builder=nobody", "nobody"),
        ("builder=coder,reviewer=coder", "can't be reviewed by 'coder'"),
        ("builder=coder,tester=coder", "'coder' can't test"),
        ("builder", "--agents has 'builder'"),
        ("builder=a,builder=b", "--agents has 'builder=b'"),
    ):
        said = shop.run("task", "run", "1", "--agents", agents, code=BAD_INPUT)
        assert words in said, said
    assert shop.run("task", "run", "1", "--agents", "builder=coder", "--into", "main", code=2)
    assert not (shop.root / ".runs").exists()


def test_an_engine_that_is_killed_goes_on_without_repeating_what_was_done(tmp_path: Path) -> None:
    slow: Edit = [
        "tests/test_slow.py",
        "",
        "import time\n\n\ndef test_slow():\n    time.sleep(4)\n",
    ]
    shop = Shop(tmp_path, {"1": [[ROUND, ROUNDED, slow]]})
    shop.scoped(1)
    argv = [*ARGV, "task", "run", "1", "--agents", "builder=coder"]
    env = environment(shop.home, MISSION_ACTOR="ada")
    with subprocess.Popen(argv, cwd=shop.root, env=env, stdout=subprocess.DEVNULL) as engine:
        end = time.monotonic() + 90
        while not _is_working("task-1/test", shop):
            assert time.monotonic() < end
            time.sleep(0.2)
        engine.send_signal(signal.SIGKILL)
    shop.run("resume", "last")
    shop.run("repo", "sync")
    manifest = shop.manifest()
    assert manifest["tasks"][0]["state"] == "merged"
    tries = {step["key"]: [each["outcome"] for each in step["tries"]] for step in manifest["steps"]}
    assert tries["task-1/build"] == ["succeeded"]
    assert tries["task-1/test"] == ["interrupted", "succeeded"]


def _is_working(step: str, shop: Shop) -> bool:
    try:
        shown = json.loads(shop.run("show", "last", "--json"))
    except AssertionError:
        return False
    return any(each["step"] == step and each["state"] == "working" for each in shown["steps"])
