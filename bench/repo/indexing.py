"""`mission repo` in a repository with 2,000 tasks: what is generated, and how each task stands."""

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bench.harness import quiet_environment
from bench.measure import Measure, rounded
from bench.repo.command import mission
from missioncontrol.adapters.sop_file import sop_text
from missioncontrol.app.container import holding
from missioncontrol.app.settings import Settings
from missioncontrol.application.repositories import RepositoryAsked, RepositoryTaskAsked
from missioncontrol.domain.repository.process import USUAL, Process

TASKS, ROUNDS = 2_000, 7
ID = "repository-0123456789abcd"
PLACES = ("tasks/index.json", "docs/tasks.md")


def indexing(folder: Path) -> Iterator[Measure]:
    """Measure writing index and history from scratch, and reporting the state of every task."""
    root, home = folder / "indexed/shop", folder / "indexed/home"
    _repository(root)
    asyncio.run(_filled(home, root))
    mission(root, home, "repo", "sync")
    texts = {place: (root / place).read_bytes() for place in PLACES}

    def regenerate() -> None:
        for place in PLACES:
            (root / place).unlink()
        mission(root, home, "repo", "sync", "--regenerate")

    bare = _median(lambda: _written(folder / "bare", texts.values()))
    own = _median(regenerate)
    assert {place: (root / place).read_bytes() for place in PLACES} == texts
    size = sum(map(len, texts.values()))
    yield Measure(
        measure="repo.index",
        value=own,
        unit="s",
        reference="writing the same bytes to disk, each file whole",
        reference_value=bare,
        better="lower",
        more={"tasks": TASKS, "bytes": size},
    )
    yield Measure(
        measure="repo.status",
        value=_median(lambda: mission(root, home, "repo", "status")),
        unit="s",
        reference="mission --version",
        reference_value=_median(lambda: mission(root, home, "--version")),
        better="lower",
        more={"tasks": TASKS},
    )


def _repository(root: Path) -> None:
    (root / ".mission").mkdir(parents=True)
    (root / ".mission/sop.toml").write_text(sop_text(ID, own=True))
    environment = quiet_environment()
    subprocess.run(("git", "init", "-q"), cwd=root, env=environment, check=True)


async def _filled(home: Path, root: Path) -> None:
    async with holding(Settings(home)) as held:
        process = Process(dict(USUAL), own=True)
        await held.command_bus.do(RepositoryAsked(ID, str(root), process), "user:ada")
        for number in range(TASKS):
            ask = RepositoryTaskAsked("add", ID, title=f"Change {number}", brief="Better.")
            await held.command_bus.do(ask, "user:ada")


def _median(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return rounded(statistics.median(times))


def _written(folder: Path, contents: Iterable[bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        draft = folder / f"{number}.draft"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / str(number))
