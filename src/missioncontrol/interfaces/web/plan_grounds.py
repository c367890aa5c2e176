"""What a plan rests on: merged changes like its tasks, and how often such ranges held here."""

import shlex
from collections.abc import Iterator
from typing import NamedTuple

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.estimates import Estimate, FollowUp
from missioncontrol.domain.plan import Plan

PRECEDENTS_MAX = 3
FILES_MAX = 4
BACKTEST_CHANGES = 20


class Changed(NamedTuple):
    """A file of a merged change."""

    path: str
    is_own: bool  # whether the task is to change it as well
    is_test: bool


class Alike(NamedTuple):
    """A merged change that is like a task."""

    commit: str
    title: str
    files: list[Changed]  # those that the task changes too come first
    more: int  # files that are left out
    repairs: tuple[FollowUp, ...]  # what it needed soon afterwards


class Grounds(NamedTuple):
    """What the panel on size and trust shows."""

    alike: dict[str, list[Alike]]  # by the key of a task
    estimates: list[Estimate]
    unestimated: tuple[str, ...]
    backtest: str  # the command that plans past changes again; "" without a repository


def grounds(story: RunReport) -> Grounds:
    """Return what the plan of a mission rests on."""
    return grounds_of(story.reading.plan, story.reading.record.repository)


def grounds_of(plan: Plan, root: str) -> Grounds:
    """Return what a plan for the repository at `root` rests on; "" where it has none."""
    command = f"mission eval backtest --repo {shlex.quote(root)} --changes {BACKTEST_CHANGES}"
    return Grounds(
        {task.key: found for task in plan.tasks() if (found := list(_alike(plan, task.key)))},
        [each for each in plan.estimates if not each.task],
        plan.unestimated,
        command if root and plan.likely else "",
    )


def _alike(plan: Plan, key: str) -> Iterator[Alike]:
    task = next(each for each in plan.tasks() if each.key == key)
    tests = {path for each in plan.likely for file in each.files for path in file.tests}
    for each in plan.precedents(task)[:PRECEDENTS_MAX]:
        files = [Changed(path, path in task.scope, path in tests) for path in each.files]
        files.sort(key=lambda file: (not file.is_own, not file.is_test))
        more = max(len(files) - FILES_MAX, 0)
        yield Alike(each.commit, each.title, files[:FILES_MAX], more, each.repairs)
