"""The historian's work: read the commits, then hand in a page, data and warnings."""

from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import ArtifactRef, Fact, FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.historian.history import History
from missioncontrol.specialists.specialist import Brief, Desk, repository_of

if TYPE_CHECKING:
    from missioncontrol.specialists.historian.log import Log
    from missioncontrol.specialists.tree import Tree

PLACES_MAX = 10
DATA = "history.json"
TOTAL = "git rev-list --count HEAD"


class Historian:
    """Says what the commits tell: where work gathers, what belongs together, and who knows it."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Read the history and hand in history.json and history.md.

        Raises:
            AttemptFailed: there is no directory to read.
        """
        from missioncontrol.specialists.historian.findings import findings
        from missioncontrol.specialists.historian.page import page, sentence

        tree, log, history = _read(brief, desk)
        places = _places(brief, tree, log) if history.commits > 1 else []
        found = tuple(findings(history, tree))
        text = page(history, brief.goal, places, found)
        return Work(
            summary=sentence(history),
            output=_output(history, places),
            facts=tuple(_facts(history)),
            findings=found,
            artifacts=_artifacts(history, text, desk),
            evidence=(FilesRead(len(tree.files), tree.left_out_count, tree.commit),),
        )


def _read(brief: Brief, desk: Desk) -> "tuple[Tree, Log | None, History]":
    from missioncontrol.specialists.historian.history import history_of
    from missioncontrol.specialists.historian.walk import read_history
    from missioncontrol.specialists.tree import read_tree

    repository = repository_of(brief, "historian", "read the history of")
    try:
        log = read_history(repository)
    except Unavailable as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint) from error
    if log is not None:
        desk.log("info", f"{len(log.commits):,} commits read" + (f"; {log.cut}" if log.cut else ""))
    tree = read_tree(repository, seconds_max=max(1.0, desk.seconds_left() / 2))
    return tree, log, history_of(log, tree)


def _places(brief: Brief, tree: "Tree", log: "Log | None") -> list[str]:
    from missioncontrol.specialists.historian.log import as_past
    from missioncontrol.specialists.ranking.facts_cache import open_facts_cache
    from missioncontrol.specialists.ranking.index import Index
    from missioncontrol.specialists.relevance import relevant_files

    def index() -> Index:
        return Index(tree, as_past(log.commits) if log else (), cache=open_facts_cache())

    found = relevant_files(brief.goal, brief.plan, index, limit=PLACES_MAX)
    return [item.path for item in found]


def _artifacts(history: History, text: str, desk: Desk) -> tuple[ArtifactRef, ...]:
    data = msgspec.json.format(msgspec.json.encode(history, order="sorted"), indent=2)
    how = history.obtained
    return (
        desk.keep(
            "history.md",
            text,
            media_type="text/markdown",
            title="What the history tells",
            obtained=how,
        ),
        desk.keep(
            DATA,
            data + b"\n",
            media_type="application/json",
            title="The history's data",
            obtained=how,
        ),
    )


def _facts(history: History) -> list[Fact]:
    how = history.obtained
    if not history.commits:
        return [Fact("commits", 0, "commits", DATA, "/commits", how)]
    read = "commits" if history.total <= history.commits else "commits read"
    facts = [Fact(read, history.commits, "commits", DATA, "/commits", how)]
    if history.total > history.commits:
        facts.append(Fact("commits", history.total, "commits", DATA, "/total", TOTAL))
    facts.append(Fact("latest commit", history.last, "", DATA, "/last", how))
    if history.commits == 1:
        return facts
    facts += [
        Fact("people", history.author_count, "people", DATA, "/author_count", how),
        Fact("earliest commit", history.first, "", DATA, "/first", how),
    ]
    if history.areas:
        number = history.areas[0].bus_factor
        facts.append(Fact("bus factor", number, "people", DATA, "/areas/0/bus_factor", how))
    for number, file in enumerate(history.hot_spots[:3]):
        pointer = f"/hot_spots/{number}/commits"
        facts.append(Fact(f"commits to {file.path}", file.commits, "commits", DATA, pointer, how))
    return facts


def _output(history: History, places: list[str]) -> dict[str, Any]:
    """Return what the steps after this one are likely to ask for."""
    churn = {file.path: file.commits for file in history.files}
    return {
        "commits": history.commits,
        "commits_total": history.total,
        "people": history.author_count,
        "authors": [item.author for item in history.authors],
        "bus_factor": history.areas[0].bus_factor if history.areas else 0,
        "first": history.first,
        "last": history.last,
        "hot_spots": [file.path for file in history.hot_spots],
        "pairs": [[pair.one, pair.other, pair.together] for pair in history.pairs],
        "commits_to_places": {path: churn[path] for path in places if path in churn},
        "is_shallow": history.is_shallow,
        "cut": history.cut,
    }
