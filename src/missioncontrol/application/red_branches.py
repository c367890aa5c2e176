"""Which branches of a repository are red: nothing is merged there until they are mended."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal, TypeAlias

import msgspec

from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.states import Failed, Run, Succeeded

CODE = "merger.red_branch"
"""With which a merger fails where a branch, or its composition with people's commits, is red."""

GREEN = frozenset({"merged", "updated", "level"})
"""States in which a merger leaves a branch whose tests have passed."""


class RedBranch(msgspec.Struct, frozen=True):
    """A branch on which nothing is merged, because its tests fail."""

    into: str
    run: str  # which found that
    reason: str  # what fails, and since which commit
    remedy: str
    culprit: str  # the commit that broke it; "" where that was not found


Standing: TypeAlias = RedBranch | Literal["green", "unknown"]


async def red_branches(
    runs: Iterable[tuple[str, str]], load: Callable[[str], Awaitable[Run]]
) -> list[RedBranch]:
    """Return the branches that are red, by runs of tasks and their branches, the newest first."""
    standing: dict[str, Standing] = {}
    for name, into in runs:
        if into in standing:
            continue
        try:
            found = _standing(await load(name), into)
        except NotFound:
            continue  # Its events went with a restored backup.
        if found != "unknown":
            standing[into] = found
    return [each for each in standing.values() if isinstance(each, RedBranch)]


def _standing(run: Run, into: str) -> Standing:
    """Return how a run left its branch."""
    found: Standing = "unknown"
    for state in run.states.values():
        match state:
            case Failed(failure=Failure(code=code) as failure) if code == CODE:
                detail = failure.detail if isinstance(failure.detail, dict) else {}
                culprit = str(detail.get("culprit") or "")
                return RedBranch(into, run.id, failure.reason, failure.hint, culprit)
            case Succeeded(work=work) if isinstance(work.output, dict):
                is_of_branch = work.output.get("into") == into
                if is_of_branch and work.output.get("state") in GREEN:
                    found = "green"
    return found
