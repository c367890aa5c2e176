"""Lines that tasks added twice, without one knowing of the other."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

from missioncontrol.ports.task_history import FileLine

LINE_MIN = 20
"""Characters of a line that is not alike by chance."""

Lines = frozenset[FileLine]
Pair = tuple[str, str]
"""Two tasks of runs, in the order of their names."""


class Overlap(msgspec.Struct, frozen=True):
    """What is there twice, of how much."""

    twice: Lines
    all_: int

    @property
    def share(self) -> float:
        """From 0 to 1; there has to be something."""
        return len(self.twice) / self.all_


def overlap(added: Mapping[str, Lines], independent: AbstractSet[Pair]) -> Overlap:
    """Return the lines that two independent changes add; changes have names."""
    tellings: dict[FileLine, list[str]] = {}
    for name in sorted(added):
        for line in added[name]:
            if len(line[1]) >= LINE_MIN:
                tellings.setdefault(line, []).append(name)
    twice = frozenset(
        line
        for line, names in tellings.items()
        if any(
            (one, other) in independent for at, one in enumerate(names) for other in names[at + 1 :]
        )
    )
    return Overlap(twice, len(tellings))
