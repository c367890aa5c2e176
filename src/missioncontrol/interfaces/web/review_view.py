"""A change as its page shows it: files with as many lines as fit, comments below their lines."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from missioncontrol.application.unified_diff import DiffLine, FilePatch
from missioncontrol.queries.review import ReviewComment, ReviewPage

LINES_MAX = 1_500
"""Lines that a page brings; the other files open on demand."""

WINDOW = 600
"""Lines of one file that are shown at once."""

FILES_MAX = 500


class LineView(NamedTuple):
    """A line of a file, or the head of a hunk."""

    kind: str  # add, del, same, note or hunk
    old: int
    new: int
    text: str
    comments: list[ReviewComment]

    @property
    def side(self) -> str:
        """On which side of the change it is commented on."""
        return "old" if self.kind == "del" else "new"

    @property
    def number(self) -> int:
        """Its number on that side."""
        return self.old if self.kind == "del" else self.new


class FileView(NamedTuple):
    """A file, as far as its lines are shown."""

    place: int
    path: str
    was: str
    change: str
    added: int
    removed: int
    lines: list[LineView]
    size: int
    after: int  # where the next window begins; 0 where all is shown
    is_open: bool
    aside: list[ReviewComment]  # comments on the file, and on lines that it has no longer
    open_comments: int


def windows(page: ReviewPage, files: Sequence[FilePatch]) -> list[FileView]:
    """Return the files of a page: the first ones with their lines."""
    found, room = [], LINES_MAX
    for place, file in enumerate(files[:FILES_MAX]):
        is_open = file.size <= room or not place
        found.append(window_of(page, file, place, 0, is_open=is_open))
        room -= min(file.size, WINDOW) if is_open else 0
    return found


def window_of(
    page: ReviewPage, file: FilePatch, place: int, after: int, *, is_open: bool = True
) -> FileView:
    """Return a file with its lines from `after` on."""
    own = [each for each in page.comments if each.path == file.path]
    at: defaultdict[tuple[str, int], list[ReviewComment]] = defaultdict(list)
    for each in own:
        if each.now:
            at[each.side, each.now].append(each)
    rows = _rows(file, at) if is_open else []
    end = after + WINDOW
    return FileView(
        place,
        file.path,
        file.was,
        file.change,
        file.added,
        file.removed,
        rows[after:end],
        file.size,
        end if end < len(rows) else 0,
        is_open,
        [each for each in own if not each.now] if not after else [],
        sum(each.standing != "resolved" for each in own),
    )


def _rows(file: FilePatch, at: defaultdict[tuple[str, int], list[ReviewComment]]) -> list[LineView]:
    rows = []
    for hunk in file.hunks:
        rows.append(LineView("hunk", 0, 0, hunk.head, []))
        rows += [_row(line, at) for line in hunk.lines]
    return rows


def _row(line: DiffLine, at: defaultdict[tuple[str, int], list[ReviewComment]]) -> LineView:
    comments = [
        *(at.get(("new", line.new), ()) if line.new else ()),
        *(at.get(("old", line.old), ()) if line.old else ()),
    ]
    return LineView(line.kind, line.old, line.new, line.text, comments)


def verdict_of(page: ReviewPage) -> tuple[str, str]:
    """Return the sentence below the name: its key part, and the rest."""
    count = len(page.files)
    files = "1 file" if count == 1 else f"{count} files"
    added = sum(each.added for each in page.files)
    removed = sum(each.removed for each in page.files)
    open_ones = page.open_comments
    comments = {0: "no comment is open", 1: "1 comment is open"}.get(
        open_ones, f"{open_ones} comments are open"
    )
    waits = f"; {_lower(page.approval_title)} waits for an approval" if page.approval else ""
    return f"Round {page.round} changes {files}", f" (+{added} \u2212{removed}); {comments}{waits}."


def _lower(text: str) -> str:
    return f"“{text}”" if text else "it"
