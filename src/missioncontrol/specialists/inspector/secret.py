"""Secrets in the lines that a change adds; what is found is never told itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

from missioncontrol.specialists.auditor.secrets import FILE_BYTES_MAX, secrets
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.inspector.seen import Change, Seen
from missioncontrol.specialists.tree import SourceFile, Tree


def of_secrets(change: Change, place: Path, *, is_late: Callable[[], bool]) -> Iterator[Found]:
    """Tell of secrets among what was added; `place` is where the files may be written to."""
    written = {each.file.shown: each for each in change.files if _is_read(each)}
    files = tuple(_written(each, place) for each in written.values())
    tree = Tree(place, files, (), 0, change.commit, (), False, "the changed files of a commit")
    issues, unread = secrets(tree, place, is_late=is_late)
    for issue in issues:
        if issue.line in {line.number for line in written[issue.path].lines.added}:
            blocking = issue.severity != "low"
            title = f"{issue.title} ({issue.rule})"
            yield Found("inspector.secret", title, issue.path, issue.line, issue.remedy, blocking)
    if unread:
        message = f"Secrets were not looked for in {unread} of the changed files: the time was up"
        yield Found("inspector.secret", message, remedy="Give the step more time.", blocking=False)


def _is_read(each: Seen) -> bool:
    has_text = each.is_regular and each.kind != "binary" and bool(each.lines.added)
    # A name that is not UTF-8 is told of as such, and the file with it.
    return has_text and each.size <= FILE_BYTES_MAX and each.file.shown == each.file.path


def _written(each: Seen, place: Path) -> SourceFile:
    target = place / each.file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(each.content)
    return SourceFile(each.file.path, each.size, "", each.content.count(b"\n"), each.kind)
