"""The time that `mission --help` takes, beside a Python that starts and ends."""

import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import quiet_environment
from bench.measure import Measure, rounded

ROUNDS = 15
SECONDS_MAX = 0.25


def is_there() -> bool:
    """Whether this package has a command line yet."""
    return importlib.util.find_spec("missioncontrol.__main__") is not None


def help_page(folder: Path) -> Iterator[Measure]:
    """Measure `python -m missioncontrol --help`, with its compiled modules at hand."""
    ours = [sys.executable, "-m", "missioncontrol", "--help"]
    bare = [sys.executable, "-c", "pass"]
    _seconds(ours, folder)
    times: list[tuple[float, float]] = [
        (_seconds(ours, folder), _seconds(bare, folder)) for _ in range(ROUNDS)
    ]
    own = [first for first, _ in times]
    yield Measure(
        measure="cli.help",
        value=statistics.median(own),
        unit="s",
        reference="python -c pass",
        reference_value=statistics.median(second for _, second in times),
        better="lower",
        target=SECONDS_MAX,
        target_of="value",
        more={"runs": ROUNDS, "min": rounded(min(own)), "max": rounded(max(own))},
    )


def _seconds(command: list[str], folder: Path) -> float:
    # Some machines forbid writing compiled modules beside the source; users' machines don't.
    environment = quiet_environment() | {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=output, cwd=folder, env=environment)
        return time.perf_counter() - begun
