"""`python -m bench [--only PREFIX]`: JSON lines on standard output, a table on standard error."""

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import platformdirs

from bench.agents import confined, dispatch
from bench.analytics import cockpit, detection, page, storing
from bench.cli import start
from bench.console import boards, pages, viewers
from bench.engine import long_run, peers, throughput
from bench.engine.processes import Bench
from bench.gateway import beside
from bench.governance import admissions, dag, replay, search
from bench.knowledge import search as knowledge
from bench.measure import Measure
from bench.memory import recall
from bench.plans import plans
from bench.ranking import estimates, files
from bench.repo import carrying, guarding, indexing, large, trees
from bench.table import show

Section = Callable[[], Iterable[Measure]]


def main() -> None:
    """Measure what was asked for."""
    arguments = _arguments()
    folder = Path(tempfile.mkdtemp(dir=_made(arguments.folder)))
    begun = time.perf_counter()
    _say(f"On {_machine()}; files in {folder}.")
    try:
        measures = list(_measured(arguments.only, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(measures, seconds=time.perf_counter() - begun)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="a group or measure, such as engine.chain")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(platformdirs.user_cache_dir("missioncontrol")),
        help="a directory on the disk that is to be measured",
    )
    return parser.parse_args()


def _measured(only: str, folder: Path) -> Iterator[Measure]:
    with Bench(folder) as bench:
        for name, section in _sections(bench, folder).items():
            if name.startswith(only):
                _say(f"  {name} …")
                for measure in section():
                    print(measure.line(), flush=True)
                    yield measure


def _sections(bench: Bench, folder: Path) -> dict[str, Section]:
    for name in peers.PACKAGES:
        if not peers.versions_of(name):
            _say(f"{name} is not installed here; no comparison with it.")
    sections: dict[str, Section] = {
        "engine.chain": partial(throughput.chain, bench),
        "engine.fan": partial(throughput.fan, bench),
        "engine.many": partial(throughput.many, bench),
        "engine.recovery": partial(long_run.recovery, bench),
        "engine.long": partial(long_run.long, bench),
        "agents": partial(dispatch.dispatch, folder),
        "agents.confined": partial(confined.confined, folder),
        "governance.dag": partial(dag.dag, folder),
        "governance.admissions": partial(admissions.admissions, folder),
        "governance.replay": partial(replay.replay, folder),
        "governance.search": partial(search.million, folder),
        "gateway": partial(beside.gateway, folder),
        "console.pages": partial(pages.pages, folder),
        "console.board": partial(boards.boards, folder),
        "console.viewers": partial(viewers.viewers, folder),
        "ranking": partial(files.files, folder),
        "plans": plans,
        "memory": partial(recall.recall, folder),
        "knowledge": partial(knowledge.knowledge, folder),
        "estimates": estimates.estimates,
        "analytics.cockpit": partial(cockpit.cockpit, folder),
        "analytics.page": partial(page.page, folder),
        "analytics.storing": partial(storing.storing, folder),
        "analytics.detection": detection.detection,
        "repo.guard": partial(guarding.guarding, folder),
        "repo.flagged": partial(guarding.flagged, folder),
        "repo.index": partial(indexing.indexing, folder),
        "repo.large": partial(large.large, folder),
        "repo.tasks": partial(carrying.carrying, folder),
        "repo.trees": partial(trees.trees, folder),
    }
    if start.is_there():
        sections["cli.help"] = partial(start.help_page, folder)
    return sections


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {python}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
