"""What a history warns of: one-person knowledge, hidden coupling, a shallow clone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from missioncontrol.domain.work import Finding
from missioncontrol.specialists.historian.history import History

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

OWNED_COMMITS_MIN = 20
OWNED_SHARE_MIN = 0.8
PEOPLE_MIN = 3
COUPLED_COMMITS_MIN = 8
COUPLED_DEGREE_MIN = 0.7
COUPLED_SHOWN_MAX = 5
HOT_LINES_MIN = 500
HOT_SHARE_MIN = 0.1
HOT_COMMITS_MIN = 20


def findings(history: History, tree: "Tree") -> list[Finding]:
    """Return the warnings, in a fixed order."""
    return [*_shallow(history), *_hot(history), *_owned(history, tree), *_coupled(history, tree)]


def _shallow(history: History) -> Iterator[Finding]:
    if history.is_shallow:
        yield Finding(
            "history.shallow",
            "info",
            f"The clone is shallow: only {history.commits:,} of its commits are here",
            remedy="Run `git fetch --unshallow` where the whole history matters.",
            obtained="git rev-parse --is-shallow-repository",
        )


def _hot(history: History) -> Iterator[Finding]:
    for file in history.hot_spots[:5]:
        enough = max(HOT_COMMITS_MIN, HOT_SHARE_MIN * history.commits)
        if file.commits >= enough and file.lines >= HOT_LINES_MIN:
            yield Finding(
                "history.hot-spot",
                "low",
                f"{file.commits:,} of {history.commits:,} commits changed `{file.path}`, "
                f"which has {file.lines:,} lines",
                file.path,
                detail=f"{file.fixes:,} of them speak of a fix." if file.fixes else "",
                remedy="Cover what will change in it with tests first.",
                obtained=history.obtained,
            )


def _owned(history: History, tree: "Tree") -> Iterator[Finding]:
    with_code = {
        "/".join(file.path.split("/")[:-1][:2]) for file in tree.files if file.kind == "code"
    }
    if history.author_count < PEOPLE_MIN:
        return
    for item in history.areas:
        owner = item.owners[0]
        if item.commits < OWNED_COMMITS_MIN or owner.share < OWNED_SHARE_MIN:
            continue
        if item.path == "." or item.path in with_code:
            place = "the repository" if item.path == "." else f"`{item.path}`"
            yield Finding(
                "history.one-person",
                "low",
                f"{owner.author} made {100 * owner.share:.0f} % of the {item.commits:,} commits "
                f"to {place}",
                "" if item.path == "." else item.path,
                remedy=f"Ask {owner.author} to review changes there, and have others take part.",
                obtained=history.obtained,
            )


def _coupled(history: History, tree: "Tree") -> Iterator[Finding]:
    code = {file.path for file in tree.files if file.kind == "code"}
    for pair in history.pairs[:COUPLED_SHOWN_MAX]:
        apart = pair.one.rpartition("/")[0] != pair.other.rpartition("/")[0]
        strong = pair.together >= COUPLED_COMMITS_MIN and pair.degree >= COUPLED_DEGREE_MIN
        if apart and strong and {pair.one, pair.other} <= code:
            yield Finding(
                "history.coupling",
                "low",
                f"`{pair.one}` and `{pair.other}` lie apart, but {pair.together:,} commits "
                "changed both",
                pair.one,
                detail=f"That is {100 * pair.degree:.0f} % of the commits to one of them.",
                remedy="When one changes, look at the other.",
                obtained=history.obtained,
            )
