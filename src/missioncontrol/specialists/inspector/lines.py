"""What a change writes into files: marks of conflicts, hidden signs, tests that are left out."""

import re
from collections.abc import Iterator

from missioncontrol.specialists.commits.changed import Line
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.inspector.seen import Change, Seen

EACH_MAX = 20
"""Findings of one rule in one file."""

_MARK = re.compile(r"(?:<{7}|>{7}|\|{7})(?: |$)")
_HIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_SKIP = re.compile(
    r"@(?:pytest\.mark\.(?:skip|xfail)|(?:unittest\.)?skip|Disabled|Ignore)\b"
    r"|\bpytest\.(?:skip|xfail)\(|\bpytestmark\s*=.*\bskip|\bself\.skipTest\("
    r"|\b(?:it|test|describe|context|suite)\.(?:skip|only|todo|fixme)\b|\bx(?:it|describe|test)\("
    r"|\bf(?:it|describe)\(|\bt\.Skip(?:Now|f)?\(|#\[ignore\b"
)
"""Where somebody says of a test that it is not to count. What depends on the machine is no such."""

_TEST = re.compile(
    r"^\s*(?:async\s+)?def (test\w*)\(|^\s*func (Test\w+)\(|^\s*(?:it|test)\(\s*['\"`](.+?)['\"`]"
)
_CODE = ("code", "test", "configuration", "generated", "vendored")


def of_lines(change: Change, *, was_run_before: bool) -> Iterator[Found]:
    """Tell what is wrong with lines that were added, and with tests that were taken away.

    Where the tests of the base were run too, that says better which tests are gone.
    """
    for each in change.files:
        yield from _marks(each)
        yield from _hidden(each)
        if each.kind == "test":
            yield from _left_out(each)
    if not was_run_before:
        yield from _taken_away(change)
    yield from _untested(change)


def _told(rule: str, message: str, each: Seen, line: Line, remedy: str, blocking: bool) -> Found:
    return Found(f"inspector.{rule}", message, each.file.shown, line.number, remedy, blocking)


def _marks(each: Seen) -> Iterator[Found]:
    for line in [line for line in each.lines.added if _MARK.match(line.text)][:EACH_MAX]:
        remedy = "Settle what the two sides want, and take the marks out."
        yield _told("conflict_mark", "The mark of a conflict", each, line, remedy, True)


def _hidden(each: Seen) -> Iterator[Found]:
    for line in [line for line in each.lines.added if _HIDDEN.search(line.text)][:EACH_MAX]:
        sign = _HIDDEN.search(line.text)
        assert sign is not None
        message = f"U+{ord(sign[0]):04X} makes the line look like another one"
        remedy = "Take the sign out, or write it as an escape."
        yield _told("hidden_text", message, each, line, remedy, each.kind in _CODE)


def _left_out(each: Seen) -> Iterator[Found]:
    before = {line.text.strip() for line in each.lines.removed}
    for line in each.lines.added:
        if _SKIP.search(line.text) and line.text.strip() not in before:
            message = f"A test is left out: {line.text.strip()[:120]}"
            remedy = "Let the test run, and mend what makes it fail."
            yield _told("test_skipped", message, each, line, remedy, True)


def _taken_away(change: Change) -> Iterator[Found]:
    there = {name for each in change.files for line in each.lines.added for name in _names(line)}
    for each in change.files:
        if each.kind != "test":
            continue
        if each.file.kind == "deleted" and not any(map(_names, each.lines.removed)):
            remedy = "Keep the tests, or say in the task why they go."
            yield Found(
                "inspector.test_removed", "A file of tests is gone", each.file.shown, 0, remedy
            )
        gone = [name for line in each.lines.removed for name in _names(line) if name not in there]
        for name in gone[:EACH_MAX]:
            remedy = "Keep the test, or say in the task why it goes."
            message = f"The test {name[:120]} is gone"
            yield Found("inspector.test_removed", message, each.file.shown, 0, remedy)


def _names(line: Line) -> list[str]:
    match = _TEST.match(line.text)
    return [name for name in match.groups() if name] if match else []


def _untested(change: Change) -> Iterator[Found]:
    code = [each for each in change.files if each.kind == "code"]
    if code and not any(each.kind == "test" for each in change.files):
        message = "Code is changed, and no test is"
        remedy = "See whether a test would have failed before the change."
        yield Found("inspector.untested", message, code[0].file.shown, 0, remedy, blocking=False)
