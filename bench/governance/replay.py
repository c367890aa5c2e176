"""How quickly a long governed run is shown again from its log, by the command that people type."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec

from bench.harness import Turn, Worker, by_turns, median_seconds, quiet_environment
from bench.measure import Measure, rounded
from bench.worker import Answer, Job

ITEMS = 10_000
ROUNDS = 7
SECONDS_MAX = 1.0
READING = "reading the same rows and decoding their JSON"


def replay(folder: Path) -> Iterator[Measure]:
    """Measure `mission runs replay RUN --json` of 10,000 budgeted items, each with its usage."""
    with Worker("bench.governance.governed", "Governed", folder / "replay") as worker:
        governed = worker.do(Job("governed", ITEMS))
        again = Job("decode", source=governed.source, run=governed.run)
        command = partial(_replayed, folder, governed)
        command()
        answers = by_turns(
            [Turn("ours", command, ROUNDS), Turn("decode", partial(worker.do, again), ROUNDS)]
        )
    seconds = [answer.seconds for answer in answers["ours"]]
    yield Measure(
        measure="governance.replay",
        value=statistics.median(seconds),
        unit="s",
        reference=READING,
        reference_value=median_seconds(answers["decode"]),
        better="lower",
        target=SECONDS_MAX,
        target_of="value",
        more={
            "steps": answers["ours"][0].steps,
            "events": answers["decode"][0].count,
            "runs": ROUNDS,
            "min": rounded(min(seconds)),
            "max": rounded(max(seconds)),
        },
    )


def _replayed(folder: Path, answer: Answer) -> Answer:
    """Time the command from its start to its end, and look at its output."""
    command = [sys.executable, "-m", "missioncontrol", "replay", answer.run, "--json"]
    environment = quiet_environment() | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, "--home", answer.source],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
    )
    elapsed = time.perf_counter() - begun
    view = msgspec.json.decode(done.stdout)
    assert view["status"] == "succeeded", view["status"]
    assert view["usage"]["cost"] == ITEMS * 700, view["usage"]
    return Answer(elapsed, len(view["steps"]))
