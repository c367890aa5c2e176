"""How plans for the last merged changes of this repository would have done."""

from collections.abc import Iterator
from pathlib import Path

from bench.measure import Measure
from missioncontrol.specialists.backtest.history import suitable_changes
from missioncontrol.specialists.backtest.runner import replayed
from missioncontrol.specialists.backtest.scoring import figures

ROOT = Path(__file__).parents[1]
CHANGES = 5


def plans() -> Iterator[Measure]:
    """Plan the newest changes again from their parents; needs a clone with its history."""
    works = suitable_changes(ROOT, CHANGES)
    found = figures(list(replayed(ROOT, works, lambda _done, _total: None)))
    yield Measure(
        measure="plans.begins at a changed file",
        value=found.begins,
        unit="share",
        reference="BM25 on paths and text",
        reference_value=found.bm25_begins,
        more={
            "one of three": [found.begins_soon, found.bm25_begins_soon],
            "MRR": [found.mrr, found.bm25_mrr],
            "changes": found.changes,
            "errors": found.errors,
        },
    )
    yield Measure(
        measure="plans.F1 of the files named",
        value=found.f1,
        unit="share",
        reference="precision",
        reference_value=found.precision,
        more={"recall": found.recall},
    )
    yield Measure(
        measure="plans.interval score of printed ranges of files",
        value=found.files.score,
        unit="log",
        reference="1 to 4 each time",
        reference_value=found.files.plain_score,
        better="lower",
        more={
            "printed": found.files.printed,
            "held": found.files.held,
            "told": found.files.told,
            "plans without a range": found.changes - found.files.printed,
            "classes of lines": [found.lines.held, found.lines.printed],
        },
    )
