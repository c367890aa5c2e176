"""Changes of runs that a person had to rewrite by hand."""

from collections.abc import Sequence

import msgspec

from missioncontrol.documents.task_measures.task_lines import Carried, Merge
from missioncontrol.ports.task_history import FileLine, TaskHistory

DAYS = 14
SECONDS = DAYS * 86_400.0
LINE_MIN = 8
"""Characters of a line that tells whose it is."""

SHOWN_MAX = 3


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
    ours = frozenset(line for line in added if len(line[1]) >= LINE_MIN)
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
