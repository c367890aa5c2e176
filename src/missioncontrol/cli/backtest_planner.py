"""Has past changes planned by a model or an agent as well, and says whether that is worth it."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.application.asks import BeginMission
from missioncontrol.application.missions import Goal
from missioncontrol.cli.places import settings_of
from missioncontrol.cli.text import dollars
from missioncontrol.cli.work import watched
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.plan import PLAN_STEP, Plan
from missioncontrol.domain.planners import planning_seconds
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.work import NO_USAGE
from missioncontrol.specialists.backtest.history import PastWork
from missioncontrol.specialists.backtest.runner import lines_of_files
from missioncontrol.specialists.backtest.scoring import Figures, Score, figures, scored, unplanned

STANDS_IN = "in place of a plan by"
"""What a local plan says of itself where it stands in for another."""


class OtherPlanner:
    """Plans each change by a mission of this home: its gateway, caps and agents hold for it."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """`arguments.planner` says who plans."""
        self._arguments = arguments
        self.planner: str = arguments.planner
        self.scores: list[Score] = []
        self.stood_in = 0
        self.used = NO_USAGE

    def __call__(self, copy: Path, work: PastWork, local: Score) -> None:
        """Plan a change in `copy`, and score the plan beside the local one.

        Raises:
            Rejected: the planner can't be used here.
        """
        run = self._run(copy, work)
        self.used += run.usage
        state = run.states[PLAN_STEP]
        if isinstance(state, Failed) and not local.error:
            failure = state.failure
            raise Rejected(failure.code, failure.reason, hint=failure.hint)
        if not isinstance(state, Succeeded):
            self.scores.append(unplanned(work, "There was no plan.", local.bm25))
            return
        plan = msgspec.convert(state.work.output["plan"], Plan)
        self.stood_in += STANDS_IN in plan.obtained
        lines_of = lines_of_files(copy)
        self.scores.append(scored(plan, work, lines_of=lines_of, bm25=local.bm25))

    def _run(self, copy: Path, work: PastWork) -> Run:
        settings = settings_of(self._arguments)
        title = f"Backtest: {work.subject}"
        # What is remembered of later missions must not help it.
        goal = Goal(work.goal, str(copy), title, memory=False, patterns=False, planner=self.planner)
        seconds = planning_seconds(self.planner, settings.plan_seconds_max)
        ask = BeginMission(goal, False, 1, seconds, settings.task_seconds_max)
        _, run = watched(self._arguments, ask, title, quiet=True)
        if run is None:
            raise KeyboardInterrupt
        return run

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "planner": self.planner,
            "figures": msgspec.to_builtins(figures(self.scores)),
            "stood_in": self.stood_in,
            "usage": msgspec.to_builtins(self.used),
            "begins": [score.begins for score in self.scores],
        }

    def lines(self, local: list[Score]) -> Iterator[str]:
        """Yield the measures beside those of the local plans of the same changes."""
        found, plain = figures(self.scores), figures(local[: len(self.scores)])
        yield f"  Planned by {self.planner}, and locally:"
        for name, shown in _MEASURES.items():
            yield f"  {name:<34}{shown(found):>5}   local {shown(plain)}"
        if self.stood_in:
            yield f"  the local plan stood in            {self.stood_in:4}"
        cost = _cost(self.used.cost)
        yield f"  used {self.used.tokens:,} tokens, {cost}"
        yield ""
        yield self._verdict(found, plain)

    def _verdict(self, found: Figures, plain: Figures) -> str:
        mine, theirs = (round(each.begins * each.changes) for each in (found, plain))
        more = mine - theirs
        text = (
            f"{self.planner} begins right in {mine} of {found.changes}, the local plan in {theirs}"
        )
        if more <= 0:
            return f"{text}: it is not worth its money here."
        cost = _cost(None if self.used.cost is None else self.used.cost // more)
        return f"{text}: each plan more that begins right took {cost}."


def _cost(cost: int | None) -> str:
    return "a price that is not known" if cost is None else dollars(cost)


_MEASURES: Mapping[str, Callable[[Figures], str]] = {
    "begins at a file that changed": lambda each: f"{each.begins:.0%}",
    "one of the first three changed": lambda each: f"{each.begins_soon:.0%}",
    "files named, F1": lambda each: f"{each.f1:.2f}",
    "places named that are not there": lambda each: str(each.false_places),
    "plans that ended in an error": lambda each: str(each.errors),
}
