"""How soon 64 programs begin that are ready at once, with a hundred agents declared.

All is measured from the moment that the steps are ready, as the log has it: dispatch, until a step
has its lease; process, until its process is there and written down; begun, until the first thing
that its program does. Heartbeat is by how much the loop of the engine was late from then until all
of them had ended.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.harness import Turn, Worker, by_turns, percentile
from bench.measure import Measure, rounded
from bench.worker import Answer, Job

AT_ONCE = 64
ROUNDS = 9
DISPATCH_MS_MAX = 100.0
BARE = "subprocess.Popen in a loop"


def dispatch(folder: Path) -> Iterator[Measure]:
    """Have both start the same programs by turns."""
    job = Job("at_once", AT_ONCE)
    with (
        Worker("bench.agents.ours", "Ours", folder / "ours") as ours,
        Worker("bench.agents.bare", "Bare", folder / "bare") as bare,
    ):
        ours.do(job)
        turns = [
            Turn("ours", lambda: ours.do(job), ROUNDS),
            Turn("bare", lambda: bare.do(job), ROUNDS),
        ]
        answers = by_turns(turns)
    yield _stage(answers["ours"], "lease", "agents.dispatch")
    yield _stage(answers["ours"], "process", "agents.process")
    yield _begun(answers["ours"], answers["bare"])
    yield _heartbeat(answers["ours"])


def _stage(ours: list[Answer], name: str, measure: str) -> Measure:
    samples = [sample for answer in ours for sample in answer.stages[name]]
    return Measure(
        measure=measure,
        value=_ms(samples, 0.99),
        unit="ms",
        reference="the limit",
        reference_value=DISPATCH_MS_MAX,
        better="lower",
        target=DISPATCH_MS_MAX,
        target_of="value",
        more=_spread(samples) | {"samples": len(samples)},
    )


def _begun(ours: list[Answer], bare: list[Answer]) -> Measure:
    samples = [sample for answer in ours for sample in answer.samples]
    others = [sample for answer in bare for sample in answer.samples]
    return Measure(
        measure="agents.begun",
        value=_ms(samples, 0.99),
        unit="ms",
        reference=BARE,
        reference_value=_ms(others, 0.99),
        better="lower",
        more=_spread(samples) | _spread(others, "reference_") | {"samples": len(samples)},
    )


def _heartbeat(ours: list[Answer]) -> Measure:
    lags = [lag for answer in ours for lag in answer.lags]
    return Measure(
        measure="agents.heartbeat",
        value=_ms(lags, 0.99),
        unit="ms",
        reference="the limit",
        reference_value=DISPATCH_MS_MAX,
        better="lower",
        target=DISPATCH_MS_MAX,
        target_of="value",
        more=_spread(lags) | {"max_ms": rounded(1e3 * max(lags)), "samples": len(lags)},
    )


def _spread(samples: list[float], prefix: str = "") -> dict[str, float]:
    return {
        f"{prefix}p50_ms": rounded(_ms(samples, 0.5)),
        f"{prefix}p99_ms": rounded(_ms(samples, 0.99)),
    }


def _ms(samples: list[float], part: float) -> float:
    return 1e3 * percentile(samples, part)
