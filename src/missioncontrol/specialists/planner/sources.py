"""Reads what a plan stands on: the goal, the files, the manifests, the imports and the history."""

import shlex
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import is_bare
from missioncontrol.specialists.historian.log import count_commits
from missioncontrol.specialists.historian.walk import begin_history, read_history
from missioncontrol.specialists.indexing import imports_of, index_of
from missioncontrol.specialists.manifests import read_manifests
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.source import Sources
from missioncontrol.specialists.planner.tracing import trace_in
from missioncontrol.specialists.specialist import Brief, Listener
from missioncontrol.specialists.tree import SECONDS_MAX, Tree, read_tree

GOAL_LENGTH_MAX = 100_000
"""Characters in goal, constraints and context together; a longer text is a document, not a goal."""


def read_ground(brief: Brief, desk: Listener) -> Ground:
    """Read everything once.

    Raises:
        AttemptFailed: the goal is empty or too long, or the repository has no files checked out.
    """
    _refuse_unreadable(brief)
    _refuse_bare(brief.repository)
    goal = read_goal(brief.goal, brief.constraints, brief.context)
    for requirement in goal.requirements():
        desk.log("info", f"Requirement {requirement.id} ({requirement.kind}): {requirement.text}")
    if brief.repository is None:
        return Ground(goal, None, None, None, None, {}, 0)
    desk.progress(1, 4, "reading the files")
    begin_history(brief.repository)
    tree = read_tree(brief.repository)
    _refuse_late(tree)
    desk.progress(2, 4, f"{len(tree.files):,} files; reading manifests and imports")
    stack = read_manifests(tree)
    arrows = imports_of(tree)
    desk.progress(3, 4, "reading what the files are ranked by")
    index = index_of(tree, imports=arrows, everywhere=(stack.name,))
    if index.left_out:
        desk.log("warning", f"{index.left_out:,} files were not searched for the goal's words.")
    commits, commits_read = _commits(brief.repository) if tree.is_git else (0, 0)
    trace = trace_in(f"{brief.goal}\n{brief.context}", tree)
    sources = Sources(tree, arrows, index)
    return Ground(goal, tree, stack, sources, index, arrows, commits, trace, commits_read)


def _refuse_unreadable(brief: Brief) -> None:
    if not brief.goal.strip():
        raise AttemptFailed(
            "goal.empty",
            "The goal is empty.",
            hint="Say what should be different.",
            retryable=False,
        )
    length = len(brief.goal) + len(brief.context) + sum(map(len, brief.constraints))
    if length > GOAL_LENGTH_MAX:
        raise AttemptFailed(
            "goal.too_long",
            f"Goal, constraints and context have {length:,} characters; "
            f"{GOAL_LENGTH_MAX:,} are read.",
            hint="Put long material into a file of the repository and name the file.",
            retryable=False,
        )


def _refuse_bare(repository: Path | None) -> None:
    if repository is not None and is_bare(repository):
        raise AttemptFailed(
            "repository.bare",
            f"{str(repository)!r} is a bare repository: no files are checked out to plan from.",
            hint=f"Clone it (`git clone {shlex.quote(str(repository))} DIRECTORY`) and name that "
            "directory.",
            retryable=False,
        )


def _refuse_late(tree: Tree) -> None:
    """A plan from as many files as time allowed would differ from machine to machine."""
    if tree.is_late:
        raise AttemptFailed(
            "repository.too_slow",
            f"The {len(tree.files):,} first files of {tree.root.name!r} took longer to read than "
            f"{SECONDS_MAX:g} seconds.",
            hint="Try again when the disk has less to do, or plan for a directory of the checkout.",
        )


def _commits(root: Path) -> tuple[int, int]:
    """Return how many commits there are, and how many of them were read."""
    try:
        log = read_history(root)
        return (log.total, len(log.commits)) if log else (0, 0)
    except Unavailable:
        pass
    try:
        return count_commits(root), 0
    except Unavailable:
        return 0, 0
