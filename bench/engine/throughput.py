"""Steps per second on a chain, a fan and many runs; and how near a commit is to the disk."""

from collections.abc import Iterator

from bench.engine.comparison import Answers, compared, throughput, turn
from bench.engine.processes import DISK, Bench
from bench.engine.shapes import CHAIN, FAN, MANY
from bench.harness import median_rate, percentile
from bench.measure import Measure, rounded
from bench.worker import Job


def chain(bench: Bench) -> Iterator[Measure]:
    """Measure a chain of 200 no-op steps, and what the disk allows."""
    answers = compared(bench, CHAIN, extra=[turn(bench, "disk", CHAIN)])
    yield from throughput(CHAIN, answers)
    yield _limit(answers)
    yield _latency(bench, answers)


def fan(bench: Bench) -> Iterator[Measure]:
    """Measure a fan of 200 and a join."""
    yield from throughput(FAN, compared(bench, FAN))


def many(bench: Bench) -> Iterator[Measure]:
    """Measure 200 runs of 5 steps, 50 at once."""
    yield from throughput(MANY, compared(bench, MANY))


def _limit(answers: Answers) -> Measure:
    commits, steps = answers["append"][0].count, answers["append"][0].steps
    return Measure(
        measure="engine.limit",
        value=median_rate(answers["ours"]) * commits / steps,
        unit="commits/s",
        reference=DISK,
        reference_value=median_rate(answers["disk"]),
        more={"commits": commits, "steps": steps, "runs": len(answers["ours"])},
    )


def _latency(bench: Bench, answers: Answers) -> Measure:
    """Time the way from a step's end, over the disk, to the start of the step that needs it."""
    ours = bench.shared("ours")
    job = Job("latency", CHAIN.steps)
    samples = [sample for _ in range(CHAIN.rounds) for sample in ours.do(job).samples]
    syncs = [sample for answer in answers["disk"] for sample in answer.samples]
    p50, p99 = (1e6 * percentile(samples, part) for part in (0.5, 0.99))
    return Measure(
        measure="engine.latency",
        value=p50,
        unit="µs",
        reference=DISK,
        reference_value=1e6 * percentile(syncs, 0.5),
        better="lower",
        more={
            "latency_p50_us": rounded(p50),
            "latency_p99_us": rounded(p99),
            "reference_p99_us": rounded(1e6 * percentile(syncs, 0.99)),
            "samples": len(samples),
        },
    )
