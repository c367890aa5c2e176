"""The measures as a table for people, on standard error."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from bench.measure import Measure

MARKS = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}


def show(measures: Iterable[Measure], *, seconds: float) -> None:
    """Print all measures, with what was aimed at and whether it is reached."""
    table = Table(title=f"Measured in {seconds:.0f} s", box=None, pad_edge=False)
    for heading in ("measure", "value", "unit", "beside", "reference", "ratio", "target", ""):
        table.add_column(heading, justify="left" if heading in _WORDS else "right")
    for measure in measures:
        table.add_row(
            measure.measure,
            figure(measure.value),
            measure.unit,
            figure(measure.reference_value),
            measure.reference,
            f"{figure(measure.ratio)}x",
            _target(measure),
            MARKS[measure.is_met],
        )
    Console(stderr=True, width=150).print(table)


_WORDS = {"measure", "unit", "reference", ""}


def figure(value: float) -> str:
    """Return three or four digits of `value`, grouped by thousands."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _target(measure: Measure) -> str:
    if measure.target is None:
        return ""
    sign = "≥" if measure.better == "higher" else "≤"
    of_ratio = measure.target_of == "ratio"
    return f"{sign} {figure(measure.target)}{'x' if of_ratio else ' ' + measure.unit}"
