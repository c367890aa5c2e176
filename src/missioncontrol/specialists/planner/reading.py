"""Reads what a plan stands on: the goal, the files, the manifests, the imports and the history."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import git
from missioncontrol.specialists.manifests import read_manifests
from missioncontrol.specialists.planner.goal import read_goal
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.source import Sources
from missioncontrol.specialists.planner.subject import search_text
from missioncontrol.specialists.relevance import Ranking
from missioncontrol.specialists.specialist import Brief, Desk
from missioncontrol.specialists.tree import Tree, read_tree

GOAL_LENGTH_MAX = 100_000
"""Characters in goal, constraints and context together; a longer text is a document, not a goal."""
COMMITS_MAX = 1_000


def read_ground(brief: Brief, desk: Desk) -> Ground:
    """Read everything once.

    Raises:
        AttemptFailed: the goal is empty or too long.
    """
    _refuse_unreadable(brief)
    goal = read_goal(brief.goal, brief.constraints, brief.context)
    for requirement in goal.requirements():
        desk.log("info", f"Requirement {requirement.id} ({requirement.kind}): {requirement.text}")
    if brief.repository is None:
        return Ground(goal, None, None, None, None, {}, 0)
    desk.progress(1, 4, "reading the files")
    tree = read_tree(brief.repository)
    desk.progress(2, 4, f"{len(tree.files):,} files; reading manifests and imports")
    stack = read_manifests(tree)
    arrows = _imports(tree)
    desk.progress(3, 4, "ranking the files by the words of the goal")
    texts = [search_text(ask) for ask in goal.asks]
    ranking = Ranking(texts, tree, ignored=[stack.name] if stack.name else [])
    if ranking.left_out:
        desk.log("warning", f"{ranking.left_out:,} files were not searched for the goal's words.")
    commits = _commits(brief.repository) if tree.is_git else 0
    return Ground(goal, tree, stack, Sources(tree, arrows), ranking, arrows, commits)


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


def _imports(tree: Tree) -> Mapping[str, Sequence[str]]:
    """Map each code file to what it imports; bounded by files, not by time, to stay repeatable."""
    from missioncontrol.specialists.architect.graph import arrows
    from missioncontrol.specialists.architect.reading import read_graph

    graph = read_graph(tree, tree.root, tick=lambda _done, _total: None, is_late=lambda: False)
    return arrows(graph.imports, when=frozenset({"load", "deferred"}))


def _commits(root: Path) -> int:
    try:
        count = git(root, "rev-list", "--count", f"--max-count={COMMITS_MAX}", "HEAD", seconds=10)
    except Unavailable:
        return 0
    return int(count.strip() or 0)
