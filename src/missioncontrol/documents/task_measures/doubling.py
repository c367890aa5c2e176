"""Reads which lines independent tasks added, as they were merged and as they were built."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from missioncontrol.documents.task_measures.carried import Carried, Merge
from missioncontrol.documents.task_measures.measuring import Doubled
from missioncontrol.documents.task_measures.overlap import Lines, Pair, overlap
from missioncontrol.ports.task_history import TaskHistory

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
