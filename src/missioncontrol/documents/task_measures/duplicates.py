"""Lines that independent tasks both added, as they were merged and as they were built."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations

import msgspec

from missioncontrol.documents.task_measures.task_lines import Carried, Merge
from missioncontrol.ports.task_history import FileLine, TaskHistory

LINE_MIN = 20
"""Characters from which on two equal lines are no coincidence."""

Lines = frozenset[FileLine]
Pair = tuple[str, str]
"""Two tasks of runs, in the order of their names."""


class Overlap(msgspec.Struct, frozen=True):
    """The lines added twice, and the count of all lines."""

    twice: Lines
    all_: int

    @property
    def share(self) -> float:
        """From 0 to 1; `all_` must not be 0."""
        return len(self.twice) / self.all_


class Doubled(msgspec.Struct, frozen=True):
    """The lines added twice: as merged, and as first built."""

    tasks: int  # that could be compared
    pairs: int  # of them that are independent
    merged: Overlap
    built: Overlap
    unread: int = 0  # tasks whose commits are not here


def overlap(added: Mapping[str, Lines], independent: AbstractSet[Pair]) -> Overlap:
    """Return the lines that two independent changes add; changes have names."""
    tasks_of: dict[FileLine, list[str]] = {}
    for name in sorted(added):
        for line in added[name]:
            if len(line[1]) >= LINE_MIN:
                tasks_of.setdefault(line, []).append(name)
    twice = frozenset(
        line
        for line, names in tasks_of.items()
        if any(
            (one, other) in independent for at, one in enumerate(names) for other in names[at + 1 :]
        )
    )
    return Overlap(twice, len(tasks_of))


MERGES_MAX = 200
"""The newest merges that are compared, each with every other one."""


async def doubled(runs: Sequence[Carried], history: TaskHistory, *, since: float) -> Doubled:
    """Compare the changes that went in since then, and what they were at first."""
    merges = sorted(
        (merge for run in runs for merge in run.merges if merge.at >= since),
        key=lambda merge: merge.at,
    )[-MERGES_MAX:]
    merged: dict[str, Lines] = {}
    built: dict[str, Lines] = {}
    read: dict[str, Merge] = {}
    for number, merge in enumerate(merges):
        went = await history.added(merge.onto, merge.commit)
        first = merge.first
        made = await history.added(first.base, first.commit) if first else None
        if went is None or made is None:
            continue
        name = f"{number:04} {merge.task}"
        merged[name], built[name], read[name] = went, made, merge
    independent = await _independent(read, history)
    tasks = len({merge.task for merge in read.values()})
    return Doubled(
        tasks if tasks > 1 else 0,
        len(independent),
        overlap(merged, independent),
        overlap(built, independent),
        len({merge.task for merge in merges} - {merge.task for merge in read.values()}),
    )


async def _independent(merges: dict[str, Merge], history: TaskHistory) -> set[Pair]:
    """Return the pairs of tasks of which neither began on the other's change."""
    commits = {merge.commit for merge in merges.values()}
    bases = {merge.first.base for merge in merges.values() if merge.first}
    below = {base: await history.held(base, commits) for base in sorted(bases)}
    return {
        (one, other)
        for one, other in combinations(sorted(merges), 2)
        if merges[one].task != merges[other].task
        and not _is_on(merges[one], merges[other], below)
        and not _is_on(merges[other], merges[one], below)
    }


def _is_on(upper: Merge, lower: Merge, below: Mapping[str, frozenset[str]]) -> bool:
    return upper.first is not None and lower.commit in below[upper.first.base]
