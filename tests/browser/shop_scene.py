"""A scene beside a checkout whose tasks an agent builds by a script, and people merge."""

import json
import sys
from pathlib import Path
from typing import Any

from missioncontrol.adapters.sop_file import sop_text
from tests.agents.repositories import repository
from tests.browser.scene import Scene
from tests.cli.test_task_run import AGENTS, FILES, Script


class ShopScene(Scene):
    """A home with `mission up`, a repository without documents, and a builder."""

    def __init__(self, folder: Path, script: Script) -> None:
        """`script` has the rounds of each task; see `tests.agents.task_builder`."""
        super().__init__(folder)
        self.script = script
        self.root = repository(folder / "shop", FILES)

    def prepare(self) -> None:
        """Adopt the repository, with a task for each of the script."""
        head = sop_text("repository-0123456789abcd", own=True).partition("\n[phases.prd]")[0]
        phases = "[phases.implementation]\n[phases.review]\n"
        (self.root / ".mission").mkdir()
        merge = '[merge]\napproval = true\ninto = "mission/main"\n'
        (self.root / ".mission/sop.toml").write_text(f"{head}\n{phases}\n{merge}")
        (self.folder / "script.json").write_text(json.dumps(self.script))
        self.at("repo", "init", "--apply")
        for number in self.script:
            self.at("task", "add", f"Task number {number}", "--brief", "Better prices.")
            edits = (edit for each in self.script[number] for edit in each)
            self.at("task", "scope", number, *sorted({str(edit[0]) for edit in edits}))
        argv = [sys.executable, str(AGENTS / "task_builder.py"), str(self.folder / "script.json")]
        self.mission(
            *("agent", "add", "coder", "--kind", "acp", "--scale", "2"),
            *("--set", f"argv={json.dumps(argv)}"),
            *("--set", f"variables={json.dumps({'PYTHONPATH': str(AGENTS.parents[1])})}"),
            *("--input-tokens", "100", "--output-tokens", "50"),
        )

    def at(self, *words: str, code: int = 0) -> str:
        """Run a verb for the checkout."""
        return self.mission(*words, "--repo", str(self.root), code=code)

    def build(self, *tasks: str) -> str:
        """Have tasks built; return the run once the first of them waits for a person."""
        given = ("--agents", "builder=coder", "--into", "mission/main", "--json")
        run = json.loads(self.at("task", "run", *tasks, *given))["run"]
        self.until(lambda: self.waiting(run))
        return str(run)

    def waiting(self, run: str) -> list[Any]:
        """Return the approvals of a run that wait."""
        return [each for each in self.told("approvals", "list") if each["run"] == run]
