"""How often estimates held, predicting the newest changes of a repository from those before."""

from collections.abc import Iterator

import msgspec

from missioncontrol.specialists.estimating.past import Ask
from missioncontrol.specialists.estimating.ranges import CASES_MIN, WIDEST
from missioncontrol.specialists.estimating.sizes import Foresight, narrow

CASES_MAX = 100
"""The newest changes that are foreseen."""
SURE_MIN = 0.7
"""The chance of a class of lines from which on it is reported."""


class Told(msgspec.Struct, frozen=True):
    """Levels that are predicted of a change, from the lowest to the highest."""

    low: int
    middle: int
    high: int

    def holds(self, level: int) -> bool:
        """Whether a change falls into them."""
        return self.low <= level <= self.high


class Calibration(msgspec.Struct, frozen=True):
    """How often predictions of past changes held."""

    held: int
    cases: int  # of the newest changes, those with a prediction

    @property
    def share(self) -> float:
        """The share that held; 0 where there are no cases."""
        return self.held / max(1, self.cases)

    @property
    def is_enough(self) -> bool:
        """Whether there are cases enough to judge by."""
        return self.cases >= CASES_MIN


def files_told(foresight: Foresight, ask: Ask, *, before: int = -1) -> Told | None:
    """Return the range of files of a change; None where too few changes came before."""
    chances = foresight.chances(ask, before=before)
    return Told(*narrow(chances)) if chances else None


def lines_told(foresight: Foresight, ask: Ask, *, before: int = -1) -> Told | None:
    """Return the class of lines of a change; None where none is likely enough to report."""
    chances = foresight.chances(ask, before=before) or [0.0]
    level = max(range(len(chances)), key=chances.__getitem__)
    return Told(level + 1, level + 1, level + 1) if chances[level] >= SURE_MIN else None


def is_narrow(span: Told, levels: int) -> bool:
    """Whether a range of files says enough to be printed; the last level has no end."""
    return span.high <= levels and span.high <= WIDEST * span.low


def calibrated(foresight: Foresight) -> Calibration:
    """Foresee the newest changes as the next one is foreseen, each from those before it alone."""
    held = [span.holds(level) for span, level in _walked(foresight)]
    return Calibration(sum(held), len(held))


def _walked(foresight: Foresight) -> Iterator[tuple[Told, int]]:
    """Yield what would have been printed for each of the newest changes, with what it came to."""
    tell = files_told if foresight.sizing == "files" else lines_told
    for number, change in enumerate(foresight.changes.all[:CASES_MAX]):
        level = foresight.levels[number]
        span = tell(foresight, change.ask, before=number) if level else None
        if span and (foresight.sizing == "lines" or is_narrow(span, len(foresight.steps))):
            yield span, level
