"""How plans for the last merged changes of this repository would have done."""

from collections.abc import Iterator
from pathlib import Path

from bench.measure import Measure
from missioncontrol.specialists.backtest.history import suitable_changes
from missioncontrol.specialists.backtest.running import replayed
from missioncontrol.specialists.backtest.scoring import figures

ROOT = Path(__file__).parents[2]
CHANGES = 5


def plans() -> Iterator[Measure]:
    """Plan the newest changes again from their parents; needs a clone with its history."""
    done = list(replayed(ROOT, suitable_changes(ROOT, CHANGES), lambda _done, _total: None))
    found = figures([each.score for each in done], sum(each.paths for each in done))
    yield Measure(
        measure="plans.begins at a changed file",
        value=found.begins,
        unit="share",
        reference="plain BM25",
        reference_value=found.bm25_begins,
        more={
            "one of three": found.begins_soon,
            "F1 of the files named": found.f1,
            "changes": found.changes,
            "errors": found.errors,
        },
    )
