"""What a change does to files: their place, kind, size, rights, and what it writes into them."""

import posixpath
import re
from collections.abc import Iterator, Sequence

from missioncontrol.domain.repository.process import RECORD
from missioncontrol.domain.visible import suspicious
from missioncontrol.specialists.commits.file_changes import EXECUTABLE, LINK, SUBMODULE, Line
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.step_scope import outside
from missioncontrol.specialists.inspector.seen import Change, Seen

EACH_MAX = 20
"""Findings of one rule in one file."""
_MARK = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")
_HIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_CODE = ("code", "test", "configuration", "generated", "vendored")
BYTES_MAX = 1024 * 1024
_TAKE_BACK = "Leave it as it is at the base."


def of_files(change: Change, scope: Sequence[str]) -> Iterator[Found]:
    """Tell what is wrong with files, whatever stands in them."""
    paths = dict.fromkeys(p for each in change.files for p in (each.file.was, each.file.path))
    strays = set(outside(scope, paths))
    for each in change.files:
        if {each.file.path, each.file.was} & strays:
            yield _found(
                "out_of_scope",
                f"{each.file.kind} outside of the scope of the task",
                each,
                f"{_TAKE_BACK} Or have the scope of the task widened.",
            )
        if _is_of_process(each, change):
            remedy = f"{_TAKE_BACK} People change it: `mission task` and `mission repo sync`."
            yield _found(
                "process_file", "It belongs to the process of the repository", each, remedy
            )
        yield from _name(each)
        if each.file.mode == LINK:
            yield from _link(each)
        if SUBMODULE in (each.file.mode, each.file.mode_before):
            yield _found(
                "submodule", "A submodule is changed, which can't be tested", each, _TAKE_BACK
            )
        if each.is_regular:
            yield from _size(each)
            yield from _rights(each)


def _found(rule: str, message: str, each: Seen, remedy: str, *, blocking: bool = True) -> Found:
    return Found(f"inspector.{rule}", message, each.file.shown, 0, remedy, blocking)


def _is_of_process(each: Seen, change: Change) -> bool:
    places = RECORD if change.has_process else RECORD[:1]
    return any(path.startswith(places) for path in (each.file.path, each.file.was))


def _name(each: Seen) -> Iterator[Found]:
    path = each.file.path
    if each.file.kind == "deleted" or (path.isprintable() and not suspicious(path)):
        return
    remedy = "Use letters, digits and plain signs, in UTF-8."
    yield _found("odd_name", f"The name of the file misleads: {path!a}", each, remedy)


def _link(each: Seen) -> Iterator[Found]:
    goal = each.content.decode("utf-8", "surrogateescape")
    above = posixpath.dirname(each.file.path)
    reached = posixpath.normpath(posixpath.join(above, goal))
    parts = reached.split("/")
    if goal.startswith("/") or parts[0] in ("..", ".git") or not goal:
        remedy = "Link to a file of the repository, by a relative path; or keep a copy."
        yield _found("link_out", f"The link leads out of the repository, to {goal!a}", each, remedy)


def _size(each: Seen) -> Iterator[Found]:
    if each.size > BYTES_MAX >= each.size_before:
        size = f"{each.size / 1024 / 1024:.1f} MiB"
        remedy = "Keep it elsewhere and fetch it, or make it where it is needed."
        yield _found("large_file", f"{size} are added to the history for ever", each, remedy)
    elif each.size > BYTES_MAX:
        remedy = "Look at it yourself: its lines were not read."
        yield _found("large_file", "It is larger than 1 MiB", each, remedy, blocking=False)
    elif each.kind == "binary" and each.file.kind == "added":
        remedy = "Look at it yourself: no rule can."
        yield _found("binary_file", "It is no text", each, remedy, blocking=False)


def _rights(each: Seen) -> Iterator[Found]:
    was, now = each.file.mode_before == EXECUTABLE, each.file.mode == EXECUTABLE
    if was == now or (each.file.kind == "added" and not now):
        return
    is_script = each.content.startswith((b"#!", b"\x7fELF"))
    if was:
        yield _found("mode", "It can't be executed any more", each, f"chmod +x. {_TAKE_BACK}")
    elif not is_script:
        yield _found("mode", "It may be executed and is no program", each, "chmod -x")
    elif each.file.kind != "added":
        message = "It may be executed now"
        yield _found("mode", message, each, "See whether that is meant.", blocking=False)


def of_lines(change: Change) -> Iterator[Found]:
    """Tell what is wrong with lines that were added, and whether code came without a test."""
    for each in change.files:
        yield from _marks(each)
        yield from _hidden(each)
    yield from _untested(change)


def _line_finding(
    rule: str, message: str, each: Seen, line: Line, remedy: str, blocking: bool
) -> Found:
    return Found(f"inspector.{rule}", message, each.file.shown, line.number, remedy, blocking)


def _marks(each: Seen) -> Iterator[Found]:
    for line in [line for line in each.lines.added if _MARK.match(line.text)][:EACH_MAX]:
        remedy = "Settle what the two sides want, and take the marks out."
        yield _line_finding("conflict_mark", "The mark of a conflict", each, line, remedy, True)


def _hidden(each: Seen) -> Iterator[Found]:
    for line in [line for line in each.lines.added if _HIDDEN.search(line.text)][:EACH_MAX]:
        sign = _HIDDEN.search(line.text)
        assert sign is not None
        message = f"U+{ord(sign[0]):04X} makes the line look like another one"
        remedy = "Take the sign out, or write it as an escape."
        yield _line_finding("hidden_text", message, each, line, remedy, each.kind in _CODE)


def _untested(change: Change) -> Iterator[Found]:
    code = [each for each in change.files if each.kind == "code"]
    if code and not any(each.kind == "test" for each in change.files):
        message = "Code is changed, and no test is"
        remedy = "See whether a test would have failed before the change."
        yield Found("inspector.untested", message, code[0].file.shown, 0, remedy, blocking=False)
