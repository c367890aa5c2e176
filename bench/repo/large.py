"""A plan for a repository of 30,000 files and 20,000 commits, beside reading all of it bare."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.harness import quiet_environment
from bench.measure import Measure, rounded
from bench.repo.synthetic import COMMITS, FILES, write_repository

GOAL = "Add a limit to the refund of a voucher"
SECONDS_TARGET = 120.0
WORD = b"voucher"
_PLAN = """
import sys, tempfile
from pathlib import Path
from missioncontrol.specialists.planner.planner import Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

brief = Brief(sys.argv[2], "", (), "", Path(sys.argv[1]), None, None, {}, 600)
with tempfile.TemporaryDirectory() as scratch:
    print(Planner().work(brief, LocalDesk(Path(scratch))).output["plan"]["obtained"])
"""


def large(folder: Path) -> Iterator[Measure]:
    """Plan with an empty cache, and once more with the facts that the first plan stored."""
    root = folder / "large"
    write_repository(root)
    _, bare, bare_processor = _timed(lambda: _read_bare(root))
    for measure in ("first plan", "next plan"):
        obtained, seconds, processor = _timed(lambda: _plan(root, folder / "facts.db"))
        yield Measure(
            measure=f"repo.large {measure}",
            value=seconds,
            unit="s",
            reference="git log --numstat, and looking for a word in the bytes of all files",
            reference_value=bare,
            better="lower",
            target=SECONDS_TARGET,
            target_of="value",
            more={
                "processor seconds": [rounded(processor), rounded(bare_processor)],
                "files": FILES,
                "commits": COMMITS,
                "obtained": obtained,
                "MB": _peak(),
            },
        )


def _plan(root: Path, cache: Path) -> str:
    """Plan in a process of its own, as an agent does, and return what the plan rests on."""
    argv = (sys.executable, "-c", _PLAN, str(root), GOAL)
    environment = quiet_environment() | {"MISSION_KEPT_FACTS": str(cache)}
    answer = subprocess.run(argv, env=environment, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def _read_bare(root: Path) -> str:
    log = ("git", "log", "--numstat", "--find-renames", "-z", "--format=%H%x02%aN%x02%ct%x02%s")
    subprocess.run(log, cwd=root, env=quiet_environment(), check=True, stdout=subprocess.DEVNULL)
    found = 0
    for directory, folders, files in os.walk(root):
        folders[:] = (name for name in folders if name != ".git")
        found += sum(WORD in Path(directory, name).read_bytes() for name in files)
    assert found
    return f"{found} files hold the word"


def _timed(work: Callable[[], str]) -> tuple[str, float, float]:
    """Return what work says, its seconds, and those of the processors: others may use them too."""
    begun, used = time.perf_counter(), _processor()
    result = work()
    return result, time.perf_counter() - begun, _processor() - used


def _processor() -> float:
    return sum(os.times()[:4])


def _peak() -> int:
    """Return the most memory that a process of this one has used, in megabytes."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
