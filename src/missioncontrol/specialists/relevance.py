"""Which files a goal is about: those that the plan foresees, else those that rank first for it."""

from collections.abc import Callable

from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import Ranked, ranked

SHARE_MIN = 0.35
"""Of the likeliest file's chance; what is below it would be there for almost any goal."""

SHARE_STEP = 0.001


def relevant_files(
    goal: str, plan: Plan | None, index: Callable[[], Index], *, limit: int
) -> list[LikelyFile]:
    """Return the files that a goal will most likely change, best first, at most `limit`.

    What the plan states is not searched again; `index` is read only where no plan states it.
    """
    if plan is not None and plan.likely:
        return foreseen(plan)[:limit]
    found = as_likely(ranked(index(), goal, limit=limit)) if goal.strip() else []
    return [file for file in found if file.share >= SHARE_MIN]


def foreseen(plan: Plan) -> list[LikelyFile]:
    """Return every file that a plan foresees once, with its greatest share; ties by path."""
    best: dict[str, LikelyFile] = {}
    for likely in plan.likely:
        for file in likely.files:
            if file.path not in best or file.share > best[file.path].share:
                best[file.path] = file
    return sorted(best.values(), key=lambda file: (-file.share, file.path))


def as_likely(files: list[Ranked]) -> list[LikelyFile]:
    """Return ranked files with their shares of the best chance; none without any chance.

    A share is above that of the next file, so that shares keep the order.
    """
    likely = [file for file in files if file.chance > 0]
    best = max((file.chance for file in likely), default=0.0)
    shares = [file.chance / best for file in likely]
    for place in range(len(shares) - 2, -1, -1):
        shares[place] = min(1.0, max(shares[place], shares[place + 1] + SHARE_STEP))
    return [
        LikelyFile(
            file.path,
            max(SHARE_STEP, round(share, 3)) if place else 1.0,
            file.reasons,
            file.spots,
            chance=file.chance,
        )
        for place, (file, share) in enumerate(zip(likely, shares, strict=True))
    ]
