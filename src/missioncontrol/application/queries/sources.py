"""Files of a mission's repository, as they stood at the commit that it was planned at."""

import re
from pathlib import Path

import msgspec

from missioncontrol.application.queries.run_outcome import RunReport
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.source_tree import SourceEntry, SourceTree

PATH_MAX = 1_000
FILE_BYTES_MAX = 4_000_000
LISTED_MAX = 1_000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Mention(msgspec.Struct, frozen=True):
    """Something of the plan that is about a file."""

    kind: str  # requirement, task, decision
    key: str
    text: str
    why: str  # "" where there is no more detail


class SourceView(msgspec.Struct, frozen=True):
    """What stands at a path."""

    repository: str
    commit: str
    entry: SourceEntry
    content: bytes  # empty for a directory, and for what is too large
    is_too_large: bool
    listing: tuple[SourceEntry, ...]  # of a directory
    left_out: int  # of the listing
    mentions: tuple[Mention, ...]


async def source(tree: SourceTree, story: RunReport, path: str) -> SourceView:
    """Return a file or a directory of the repository at the mission's commit.

    Raises:
        Rejected: `source.bad_path`.
        NotFound: `source.no_commit` or `source.unknown`.
        Unavailable: `source.unreadable`.
    """
    record = story.reading.record
    path = _fit(path)
    if not record.repository or not _COMMIT.fullmatch(record.commit):
        raise NotFound(
            "source.no_commit",
            "This mission was planned at no commit, so its files at that time are unknown.",
            hint="Files are shown of repositories under git.",
        )
    repository = Path(record.repository)
    entry = await tree.find(repository, record.commit, path)
    if entry is None:
        raise NotFound(
            "source.unknown",
            f"There is no {path[:200]!r} at commit {record.commit[:12]}.",
            hint="A plan may name files that are not written yet.",
        )
    is_directory = entry.kind == "directory"
    listing = await tree.listing(repository, record.commit, path) if is_directory else []
    has_content = entry.kind in ("file", "link") and entry.size <= FILE_BYTES_MAX
    content = await tree.content(repository, entry) if has_content else b""
    return SourceView(
        record.repository,
        record.commit,
        entry,
        content,
        entry.size > FILE_BYTES_MAX,
        tuple(listing[:LISTED_MAX]),
        max(len(listing) - LISTED_MAX, 0),
        mentions(story.reading.plan, path),
    )


def mentions(plan: Plan, path: str) -> tuple[Mention, ...]:
    """Return what a plan has to do with a file."""
    texts = {each.id: each.text for each in plan.requirements}
    likely = [
        Mention("requirement", each.requirement, texts.get(each.requirement, ""), file.reasons[0])
        for each in plan.likely
        for file in each.files
        if file.path == path and file.reasons
    ]
    tasks = [Mention("task", one.key, one.title, "") for one in plan.tasks() if path in one.scope]
    decided = [
        Mention("decision", one.id, one.title, one.choice)
        for one in plan.decisions
        if path in one.files
    ]
    return (*likely, *tasks, *decided)


def _fit(path: str) -> str:
    """Return a path inside of the repository as git names it.

    Raises:
        Rejected: `source.bad_path`.
    """
    parts = path.strip("/").split("/") if path.strip("/") else []
    is_bad = any(part in ("", ".", "..") or "\0" in part for part in parts)
    if is_bad or path.startswith("/") or len(path) > PATH_MAX:
        raise Rejected(
            "source.bad_path",
            f"{path[:200]!r} is no path inside of a repository.",
            hint="Name a file relative to the repository, such as src/app.py.",
        )
    return "/".join(parts)
