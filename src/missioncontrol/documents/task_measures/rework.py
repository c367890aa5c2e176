"""Lines that tasks added twice, and changes of runs that a person had to rewrite by hand."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations

import msgspec

from missioncontrol.documents.task_measures.task_lines import Carried, Merge
from missioncontrol.ports.task_history import FileLine, TaskHistory

DAYS = 14
SECONDS = DAYS * 86_400.0
FIXED_LINE_MIN = 8
"""Characters of a line that tells whose it is."""
SHOWN_MAX = 3
LINE_MIN = 20
"""Characters from which on two equal lines are no coincidence."""
Lines = frozenset[FileLine]
Pair = tuple[str, str]
"""Two tasks of runs, in the order of their names."""


class Judged(msgspec.Struct, frozen=True):
    """A run whose changes have had their time."""

    run: str
    fixes: tuple[str, ...]  # in words; empty where none was needed


class FixUps(msgspec.Struct, frozen=True):
    """Runs with the fix-ups of their changes, and how many could not be judged."""

    judged: tuple[Judged, ...]
    young: int = 0
    not_taken_up: int = 0
    unread: int = 0


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


async def fix_ups(
    runs: Sequence[Carried], history: TaskHistory, *, now: float, since: float
) -> FixUps:
    """Look for commits that rewrote what runs merged since then."""
    judged: list[Judged] = []
    left = {"young": 0, "not_taken_up": 0, "unread": 0}
    for run in runs:
        merges = [merge for merge in run.merges if merge.at >= since]
        if not merges:
            continue
        if any(now - merge.at < SECONDS for merge in merges):
            left["young"] += 1
            continue
        if not all([await _is_here(merge, history) for merge in merges]):
            left["unread"] += 1
            continue
        fixes = [fix for merge in merges for fix in await _fixes(merge, history)]
        if fixes or all([await history.is_adopted(merge.commit) for merge in merges]):
            judged.append(Judged(run.run, tuple(fixes)))
        else:
            left["not_taken_up"] += 1
    return FixUps(tuple(judged), **left)


async def _is_here(merge: Merge, history: TaskHistory) -> bool:
    return await history.added(merge.onto, merge.commit) is not None


async def _fixes(merge: Merge, history: TaskHistory) -> list[str]:
    made = await history.moment(merge.commit)
    added = await history.added(merge.onto, merge.commit)
    assert made is not None, "only changes that are here are judged"
    assert added is not None, "only changes that are here are judged"
    ours = frozenset(line for line in added if len(line[1]) >= FIXED_LINE_MIN)
    later = await history.later(merge.onto, merge.commit, until=made + SECONDS)
    return [
        f"{each.commit[:10]} rewrote {_named(each.removed & ours)} of task {merge.task}"
        for each in later
        if not each.run and each.removed & ours
    ]


def _named(lines: frozenset[FileLine]) -> str:
    paths = sorted({path for path, _ in lines})
    more = f" and {len(paths) - SHOWN_MAX} more" if len(paths) > SHOWN_MAX else ""
    count = f"{len(lines)} line{'' if len(lines) == 1 else 's'}"
    return f"{count} in {', '.join(paths[:SHOWN_MAX])}{more}"
