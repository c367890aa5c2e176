"""From a brief to what is merged, on a real package: by the real Codex, read by Claude Code.

Both ask scripted models. Two tasks change the same file at once, a person agrees in the browser.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from playwright.sync_api import Browser, Page, expect

from missioncontrol.application.task_workflow import REVIEW_FORM
from missioncontrol.documents.run_manifest import is_as_written
from missioncontrol.testing.scripted_models import ModelServer, Reply, Request, serving
from missioncontrol.testing.scripted_models.script import codex_command, codex_patch
from tests.agents.houses import MODELS
from tests.agents.repositories import everything, git
from tests.browser.scene import Scene
from tests.cli.test_repo import BODIES, ROLES
from tests.sources import checkout

pytestmark = pytest.mark.journey

SCHEMA = Path(__file__).parents[2] / "docs/reference/run-manifest.schema.json"
TITLES = {1: "Count the jobs of a scheduler", 2: "Say how many jobs clear removed"}
SPECS = {
    1: "`len(scheduler)` is the number of jobs that it has.",
    2: "`Scheduler.clear` returns how many jobs it removed.",
}
COUNTING = '''*** Begin Patch
*** Update File: schedule/__init__.py
@@
         self.jobs: List[Job] = []
+
+    def __len__(self) -> int:
+        """Return the number of jobs."""
+        return len(self.jobs)
*** Add File: test_counting.py
+import schedule
+
+
+def test_a_scheduler_has_as_many_jobs_as_were_added():
+    scheduler = schedule.Scheduler()
+    scheduler.every().day.do(print)
+    assert len(scheduler) == 1
*** End Patch'''
CLEARING = '''*** Begin Patch
*** Update File: schedule/__init__.py
@@
-    def clear(self, tag: Optional[Hashable] = None) -> None:
+    def clear(self, tag: Optional[Hashable] = None) -> int:
         """
         Deletes scheduled jobs marked with the given tag, or all jobs
         if tag is omitted.
@@
                     jobs to delete
         """
+        before = len(self.jobs)
         if tag is None:
@@
             self.jobs[:] = (job for job in self.jobs if tag not in job.tags)
+        return before - len(self.jobs)
*** Add File: test_clearing.py
+import schedule
+
+
+def test_clear_says_how_many_jobs_are_gone():
+    scheduler = schedule.Scheduler()
+    scheduler.every().day.do(print).tag("daily")
+    assert scheduler.clear("daily") == 1
+    assert scheduler.clear() == 0
*** End Patch'''
PATCHES = {1: COUNTING, 2: CLEARING}


def model(request: Request) -> Reply:
    """Answer as a model would that builds or reviews one of the tasks."""
    prompt = json.dumps(request.body)
    task = 1 if TITLES[1] in prompt else 2
    if request.path.startswith("/v1/messages"):
        assert SPECS[task] in prompt, "the reviewer reads what was agreed to"
        answer = json.dumps({"verdict": "approve", "findings": []})
        return Reply(answer, input_tokens=900, output_tokens=20)
    if "function_call_output" not in prompt:
        return Reply(calls=(codex_patch(PATCHES[task]),), input_tokens=1_000, output_tokens=80)
    if prompt.count("function_call_output") == 1:
        return Reply(calls=(codex_command("git status --short"),), output_tokens=30)
    return Reply(f"Task {task} is built.", output_tokens=10)


def furnished(home: Path, models: ModelServer, codex: Path, claude: Path) -> None:
    """Configure both agents in the home, and where their models are."""
    home.mkdir(parents=True)
    (home / "gateway.toml").write_text(
        f'[[upstreams]]\nname = "codex"\nbase_url = "{models.url}"\napi = "openai"\n'
        f'[[upstreams]]\nname = "claude"\nbase_url = "{models.origin}"\napi = "anthropic"\n'
        "[policy]\noutput_tokens_default = 500\noutput_tokens_max = 500\n"
    )
    limits = {"by_call": True}
    agents = {
        "coder": {
            "kind": "codex",
            "model": MODELS["codex"],
            "scale": 2,
            "limits": limits,
            "settings": {"program": str(codex)},
        },
        "reader": {
            "kind": "claude",
            "model": MODELS["claude"],
            "effects": ["reads_files", "calls_model"],
            "output": json.loads(REVIEW_FORM),
            "limits": limits,
            "settings": {"program": str(claude)},
        },
    }
    # A table within a line differs from JSON by its signs alone.
    lines = (f"{name} = {json.dumps(fields)}" for name, fields in agents.items())
    text = "\n".join(lines).replace('": ', '" = ')
    (home / "agents.toml").write_text(f"[agents]\n{text}\n")


class Proof(Scene):
    """A scene beside a checkout of a real package."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.who = "ada"
        self.root = checkout("schedule", folder / "schedule")

    def as_(self, who: str, *words: str, code: int = 0) -> str:
        """Run a verb in the checkout as a given user at its terminal."""
        self.who = who
        return self.mission(*words, "--repo", str(self.root), code=code)

    def environment(self) -> dict[str, str]:
        """As `Scene.environment`, for the user at the terminal."""
        return {**super().environment(), "MISSION_ACTOR": self.who}

    def agreed(self) -> None:
        """Write and sign the documents of both tasks."""
        self.as_("ada", "repo", "init", "--apply")
        for task, title in TITLES.items():
            self.as_("ada", "task", "add", title, "--brief", SPECS[task])
            (folder,) = self.root.glob(f"tasks/{task:04}-*")
            for kind, headings in BODIES.items():
                text = "".join(f"## {heading}\n\n- {SPECS[task]}\n\n" for heading in headings)
                front = "---\ncovers:\n  - schedule/__init__.py\n  - test_*.py\n---\n"
                (folder / f"{kind}.md").write_text(f"{front if kind == 'spec' else ''}{text}")
        self.as_("ada", "repo", "sync")
        for task in TITLES:
            for kind, roles in ROLES.items():
                for role in roles:
                    self.as_("bob", "task", "approve", str(task), kind, "--role", role)


@pytest.fixture
def proof(
    tmp_path: Path, codex_program: Path, claude_program: Path
) -> Iterator[tuple[Proof, ModelServer]]:
    found = Proof(tmp_path)
    with serving(model) as models:
        furnished(found.home, models, codex_program, claude_program)
        try:
            found.start()
            yield found, models
        finally:
            found.stop()


@pytest.mark.slow
def test_from_a_brief_to_what_is_merged(proof: tuple[Proof, ModelServer], browser: Browser) -> None:
    scene, models = proof
    scene.agreed()
    root = scene.root
    head, checkout_before = git(root, "rev-parse", "HEAD"), everything(root / "schedule")
    parts = "builder=coder,tester=local,reviewer=reader"
    options = ("--parallel", "2", "--overlap", "merge", "--agents", parts, "--json")
    run = json.loads(scene.as_("ada", "task", "run", "1", "2", *options))["run"]
    # Ada asked for it, so another person agrees, to each change by itself.
    context = scene.person(browser, "cleo", "approver")
    page = context.new_page()
    for _ in TITLES:
        _agree(scene, page)
    context.close()
    scene.until(lambda: scene.told("show", run)["status"] in ("succeeded", "failed"))
    scene.as_("ada", "repo", "sync")
    manifest = _manifest(scene, run)
    assert [each["state"] for each in manifest["tasks"]] == ["merged", "merged"]
    assert sorted(each["merged"]["rebased"] for each in manifest["tasks"]) == [False, True]
    assert [each["by"] for each in manifest["approvals"]] == ["user:cleo"] * 2
    assert {(each["part"], each["kind"]) for each in manifest["agents"]} >= {
        ("builder", "codex"),
        ("reviewer", "claude"),
    }
    reviews = [call for call in models.calls if call.path.startswith("/v1/messages")]
    assert len(reviews) == len(TITLES)
    # Each build is a patch, a look and a last word, each review one answer.
    assert manifest["spent"]["output_tokens"] == 2 * (80 + 30 + 10) + 2 * 20
    # What others will fetch holds both, and the checkout is as it was.
    assert git(root, "rev-parse", "HEAD") == head
    assert everything(root / "schedule") == checkout_before
    merged = git(root, "show", "mission/main:schedule/__init__.py")
    assert "def __len__" in merged
    assert "return before - len(self.jobs)" in merged
    titles = git(root, "log", "--format=%s", "main..mission/main").splitlines()
    assert sorted(titles) == sorted(TITLES.values())
    for task in TITLES:
        scene.as_("bob", "task", "done", str(task), "--reason", "Read what was merged.")
    scene.as_("bob", "repo", "check")


def _agree(scene: Proof, page: Page) -> None:
    """Agree to the first approval that waits, as the signed-in person."""
    approval = scene.until(lambda: scene.told("approvals", "list"))[0]["id"]
    page.goto(f"{scene.url}/approvals/{approval}")
    expect(page.locator("main")).to_contain_text("Merge the change")
    expect(page.locator("main")).to_contain_text("change.patch of step")
    page.keyboard.press("a")
    scene.until(lambda: _is_decided(scene, approval))


def _is_decided(scene: Scene, approval: str) -> bool:
    return bool(scene.told("approvals", "show", approval)["state"] == "approved")


def _manifest(scene: Proof, run: str) -> dict[str, Any]:
    text = (scene.root / f".runs/{run}/manifest.json").read_text()
    assert is_as_written(text)
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))
    last = json.loads(scene.mission("show", run, "--json"))
    assert last["run"] == found["run"]
    return found
