"""The time in which 200 callers at once are admitted under one cap, or refused, durably."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.harness import Turn, Worker, by_turns, median_seconds
from bench.measure import Measure, rounded
from bench.worker import Job

CALLERS = 200
ROUNDS = 15
BARE = "the same events appended in as many commits"


def admissions(folder: Path) -> Iterator[Measure]:
    """Measure 200 reservations against one cap, of which 140 fit."""
    job, bare = Job("admissions", CALLERS), Job("bare", CALLERS)
    with Worker("bench.governance.ledger", "Ledger", folder / "admissions") as worker:
        for warm in (job, bare):
            worker.do(warm)
        turns = [
            Turn("ours", partial(worker.do, job), ROUNDS),
            Turn("bare", partial(worker.do, bare), ROUNDS),
        ]
        answers = by_turns(turns)
    seconds = [answer.seconds for answer in answers["ours"]]
    yield Measure(
        measure="governance.admissions",
        value=1e3 * median_seconds(answers["ours"]),
        unit="ms",
        reference=BARE,
        reference_value=1e3 * median_seconds(answers["bare"]),
        better="lower",
        more={
            "callers": CALLERS,
            "admitted": answers["ours"][0].count,
            "commits": answers["bare"][0].count,
            "runs": ROUNDS,
            "min": rounded(1e3 * min(seconds)),
            "max": rounded(1e3 * max(seconds)),
        },
    )
