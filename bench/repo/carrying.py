"""`mission task run`: sixteen tasks of a repository at once, and one after the other."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import quiet_environment
from bench.measure import Measure, rounded
from bench.repo.command import mission

TASKS = 16
WAIT_SECONDS = 10.0
"""That each builder waits for its model; a real one waits for minutes."""


def carrying(folder: Path) -> Iterator[Measure]:
    """Measure from the first build to the last merge, agents and tests included."""
    at_once = _seconds(folder / "at-once", TASKS)
    in_turn = _seconds(folder / "in-turn", 1)
    yield Measure(
        measure="repo.tasks",
        value=at_once,
        unit="s",
        reference="the same tasks one after the other",
        reference_value=in_turn,
        better="lower",
        more={"tasks": TASKS, "wait_seconds": WAIT_SECONDS, "a_task": rounded(in_turn / TASKS)},
    )


def _seconds(folder: Path, parallel: int) -> float:
    root, home = folder / "shop", folder / "home"
    _files(root)
    mission(root, home, "repo", "init", "--apply", "--own")
    sop = root / ".mission/sop.toml"
    head = sop.read_text().partition("\n[phases.prd]")[0]
    sop.write_text(f"{head}\n[phases.implementation]\n[merge]\napproval = false\n")
    mission(root, home, "repo", "sync")
    for number in range(1, TASKS + 1):
        mission(root, home, "task", "add", f"Change part {number}")
        mission(root, home, "task", "scope", str(number), f"shop/part_{number}.py")
    argv = [sys.executable, str(Path(__file__).with_name("builder.py")), str(WAIT_SECONDS)]
    mission(
        *(root, home, "agent", "add", "coder", "--kind", "acp", "--scale", str(TASKS)),
        *("--set", f"argv={json.dumps(argv)}"),
        *("--input-tokens", "10", "--output-tokens", "10"),
    )
    tasks = map(str, range(1, TASKS + 1))
    begun = time.perf_counter()
    mission(
        *(root, home, "task", "run", *tasks, "--agents", "builder=coder"),
        *("--parallel", str(parallel)),
    )
    return time.perf_counter() - begun


def _files(root: Path) -> None:
    (root / "shop").mkdir(parents=True)
    (root / "shop/__init__.py").touch()
    for number in range(1, TASKS + 1):
        (root / f"shop/part_{number}.py").write_text("VALUE = 1\n")
    (root / "test_shop.py").write_text("import shop\n\n\ndef test_shop():\n    assert shop\n")
    _git(root, "init", "-q", "-b", "main")
    _git(root, "add", "-A")
    _git(root, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "All")


def _git(root: Path, *words: str) -> None:
    subprocess.run(("git", *words), cwd=root, env=quiet_environment(), check=True)
