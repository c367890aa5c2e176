"""What a change writes into files: marks of conflicts, hidden signs, code without tests."""

import re
from collections.abc import Iterator

from missioncontrol.specialists.commits.file_changes import Line
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.inspector.seen import Change, Seen

EACH_MAX = 20
"""Findings of one rule in one file."""

_MARK = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")
_HIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_CODE = ("code", "test", "configuration", "generated", "vendored")


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
