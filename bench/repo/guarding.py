"""`mission guard` before a commit, in a repository of 10,000 files with 2,000 specs."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import quiet_environment
from bench.measure import Measure, rounded
from bench.ranking.history import PACKAGES, commits_of
from missioncontrol.guard.facts import Facts
from missioncontrol.guard.rules import rules_of
from missioncontrol.guard.triggers import triggers
from missioncontrol.ports.changes import Change, FileChange, Status

FILES, SPECS, ROUNDS = 10_000, 2_000, 15
SECONDS_MAX = 0.3

STATES: dict[str, Status] = {"A": "added", "D": "deleted"}


def guarding(folder: Path) -> Iterator[Measure]:
    """Measure a commit that no rule looks at, and one that needs a spec it has not."""
    root = _repository(folder / "guarded")
    _edit(root, "src/pkg_3/part_7.py", "VALUE = 2\n")
    yield _timed(root, folder, "repo.guard.quiet")
    _edit(root, "src/pkg_3/auth/part_7.py", "import hmac\nVALUE = 2\n")
    yield _timed(root, folder, "repo.guard.held")


def flagged(folder: Path) -> Iterator[Measure]:
    """Tell which share of the commits of real histories a rule holds for, by their paths alone."""
    del folder
    rules, commits, held = rules_of(), 0, dict[str, int]()
    for name in PACKAGES:
        for commit in commits_of(name):
            files = tuple(
                FileChange(each["path"], STATES.get(each["status"][0], "changed"), is_text=False)
                for each in commit["files"]
            )
            found = triggers(Change("", "", files), rules, Facts(), {})
            commits += 1
            for key in {each.rule.key for each in found}:
                held[key] = held.get(key, 0) + 1
    shares = {key: rounded(number / commits) for key, number in sorted(held.items())}
    yield Measure(
        measure="repo.guard.flagged",
        value=max(shares.values(), default=0.0),
        unit="share of commits",
        reference="all commits",
        reference_value=1.0,
        better="lower",
        more={"commits": commits, **shares},
    )


def _timed(root: Path, folder: Path, name: str) -> Measure:
    ours = [sys.executable, "-m", "missioncontrol", "guard"]
    bare = ["git", "diff", "--cached", "--stat"]
    _seconds(ours, root, folder)
    times = [(_seconds(ours, root, folder), _seconds(bare, root, folder)) for _ in range(ROUNDS)]
    own = [first for first, _ in times]
    return Measure(
        measure=name,
        value=statistics.median(own),
        unit="s",
        reference="git diff --cached --stat",
        reference_value=statistics.median(second for _, second in times),
        better="lower",
        target=SECONDS_MAX,
        target_of="value",
        more={"files": FILES, "specs": SPECS, "min": rounded(min(own)), "max": rounded(max(own))},
    )


def _seconds(command: list[str], root: Path, folder: Path) -> float:
    environment = quiet_environment() | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    begun = time.perf_counter()
    subprocess.run(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, check=False)
    return time.perf_counter() - begun


def _repository(root: Path) -> Path:
    per_package = FILES // 20
    for package in range(20):
        for part in range(per_package):
            inner = "auth/" if part % 50 == 7 and part > 7 else ""
            place = root / f"src/pkg_{package}/{inner}part_{part}.py"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"from pkg_{package} import part_{part // 2}\n\nVALUE = {part}\n" * 5)
    for number in range(SPECS):
        place = root / f"tasks/{number:04}-change/spec.md"
        place.parent.mkdir(parents=True)
        covers = f"src/pkg_{number % 20}/part_{number}.py"
        place.write_text(f"---\ncovers:\n  - {covers}\n---\n# Change {number}\n\nText.\n")
    _git(root, "init", "-q")
    _git(root, "add", "-A")
    _git(root, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "All")
    return root


def _edit(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    _git(root, "add", "-A")


def _git(root: Path, *words: str) -> None:
    subprocess.run(("git", *words), cwd=root, env=quiet_environment(), check=True)
