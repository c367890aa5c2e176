"""What confinement adds to the start of a program: `true`, started with rules and without."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import percentile
from bench.measure import Measure, rounded
from missioncontrol.confinement import UNCONFINED, HiddenDirectories, available_confinement, start
from missioncontrol.ports.confinement import Rules

STARTS = 300


def confined(folder: Path) -> Iterator[Measure]:
    """Start both by turns, from this process; nothing where this machine confines nothing."""
    confinement = available_confinement({})
    if not confinement.is_available:
        return
    home = folder / "confined"
    tree = home / "tree"
    tree.mkdir(parents=True)
    rules = HiddenDirectories(confinement, [home]).rules(own=[tree], ports=[443])
    samples: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(STARTS):
        samples["without"].append(_seconds(UNCONFINED))
        samples["with"].append(_seconds(rules))
    ours, bare = samples["with"], samples["without"]
    yield Measure(
        measure="agents.confined",
        value=1e3 * statistics.median(ours),
        unit="ms",
        reference="the same without rules",
        reference_value=1e3 * statistics.median(bare),
        better="lower",
        more={
            "p99_ms": rounded(1e3 * percentile(ours, 0.99)),
            "reference_p99_ms": rounded(1e3 * percentile(bare, 0.99)),
            "samples": STARTS,
        },
    )


def _seconds(rules: Rules) -> float:
    begun = time.perf_counter()
    start(["true"], rules).wait()
    return time.perf_counter() - begun
