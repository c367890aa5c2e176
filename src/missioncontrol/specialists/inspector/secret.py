"""Secrets in the lines that a change adds; a found secret is never repeated itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

from missioncontrol.specialists.auditor.secrets import FILE_BYTES_MAX, secrets
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.inspector.seen import Change, Seen
from missioncontrol.specialists.markdown import counted
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
    unread += sum(1 for each in change.files if _has_text(each) and not _is_read(each))
    if unread:
        message = f"Secrets were not looked for in {counted(unread, 'changed file')}"
        remedy = "Look yourself: it was too large or its name no text, or the time was up."
        yield Found("inspector.secret", message, remedy=remedy, blocking=False)


def _has_text(each: Seen) -> bool:
    return each.is_regular and each.kind != "binary" and bool(each.lines.added)


def _is_read(each: Seen) -> bool:
    # A name that is not UTF-8 is reported as such, and the file with it.
    is_named = each.file.shown == each.file.path
    return _has_text(each) and each.size <= FILE_BYTES_MAX and is_named


def _written(each: Seen, place: Path) -> SourceFile:
    target = place / each.file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(each.content)
    return SourceFile(each.file.path, each.size, "", each.content.count(b"\n"), each.kind)
