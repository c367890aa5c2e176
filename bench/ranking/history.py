"""Reads what was changed before and after a release, and what of it the release's files show."""

import json
import lzma
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tools.sources import source

from missioncontrol.specialists.architect.graph import arrows
from missioncontrol.specialists.architect.import_graph import read_graph
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import read_tree

PACKAGES = ("flask", "starlette", "datasette", "procrastinate")
FOLDER = Path(__file__).with_name("histories")


class Case(NamedTuple):
    """A commit after the release: what it says is asked, what it changed is the truth."""

    message: str
    changed: frozenset[str]  # those of its files that the release has; never empty


class History(msgspec.Struct, frozen=True):
    """A package at its release, with what came before and after."""

    name: str
    index: Index
    later: list[Case]  # the later half of those after the release


def read_history(name: str) -> History:
    """Index a package's release with the commits before it, and list the commits after it."""
    tree = read_tree(source(name))
    graph = read_graph(tree, tree.root, tick=lambda _done, _all: None, is_late=lambda: False)
    links = arrows(graph.imports, when=frozenset({"load", "deferred"}))
    commits = commits_of(name)
    before = [_change(commit) for commit in commits if commit["side"] == "before"]
    index = Index(tree, sorted(before, key=lambda each: -each.seconds), arrows=links)
    after = sorted(
        (commit for commit in commits if commit["side"] == "after"),
        key=lambda commit: commit["time"],
    )
    cases = [
        Case(commit["message"], changed)
        for commit in after
        if (changed := frozenset(_paths(commit)) & index.numbers.keys())
    ]
    return History(name, index, cases[len(cases) // 2 :])


def commits_of(name: str) -> list[dict[str, Any]]:
    """Return the commits of a package as they stand in its file: side, time, message, files."""
    with lzma.open(FOLDER / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        next(lines)
        return [json.loads(line) for line in lines]


def _change(commit: dict[str, Any]) -> PastChange:
    return PastChange(commit["commit"], commit["time"], commit["message"], tuple(_paths(commit)))


def _paths(commit: dict[str, Any]) -> list[str]:
    return [file["path"] for file in commit["files"]]
