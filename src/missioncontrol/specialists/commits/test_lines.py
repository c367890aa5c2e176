"""Tests that a change takes away or leaves out, by the lines that differ."""

import ast
import re
from collections.abc import Iterator, Sequence

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import (
    LINK,
    SUBMODULE,
    ChangedFile,
    Line,
    Lines,
    changed_lines,
)
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.test_settings import is_test, is_test_settings

EACH_MAX = 20
"""Findings of one rule in one file."""

BLOB_BYTES_MAX = 1024 * 1024
REMEDY = (
    "Leave it as it is at the base. A person accepts it with `approval = true` below [merge] of "
    ".mission/sop.toml, or another agent with `--agents …,reviewer=NAME`."
)
_SKIP = re.compile(
    r"@(?:pytest\.mark\.(?:skip|xfail)|(?:unittest\.)?skip|Disabled|Ignore)\b"
    r"|\bpytest\.(?:skip|xfail)\(|\bpytestmark\s*=.*\bskip|\bself\.skipTest\(|\bSkipTest\b"
    r"|\bskip[iI]f\(\s*(?:True|1)\b|\bskipUnless\(\s*(?:False|0)\b|\b__test__\s*=\s*False"
    r"|@(?:unittest\.)?expectedFailure\b"
    r"|\b(?:it|test|describe|context|suite)\.(?:skip|only|todo|fixme)\b|\bx(?:it|describe|test)\("
    r"|\bf(?:it|describe)\(|\bt\.Skip(?:Now|f)?\(|#\[ignore\b"
)
"""Where a test is marked as not to count. Conditions on the machine are no such marks."""

_TEST = re.compile(
    r"^\s*(?:async\s+)?def (test\w*)\(|^\s*func (Test\w+)\(|^\s*(?:it|test)\(\s*['\"`](.+?)['\"`]"
)
_RUST = re.compile(r"^\s*#\[(?:\w+::)*(?:test|cfg\(test\))\b")
_RETURN = re.compile(r"^\s+return\s*;?\s*$")


def text_of(lent: Lent, blob: str) -> str | None:
    """Return the text of a blob; None of none, or of one too large for settings."""
    if not blob.strip("0"):
        return None
    content = lent.git("cat-file", "blob", blob)
    return content.decode("utf-8", "replace") if len(content) <= BLOB_BYTES_MAX else None


def removed_tests(lent: Lent, files: Sequence[ChangedFile]) -> Iterator[Found]:
    """Name files of tests that are deleted, and tests that are in no file any more."""
    lines = {each.path: changed_lines(lent, each) for each in files if _has_tests(each)}
    there = {name for one in lines.values() for line in one.added for name in _names(line)}
    for each in files:
        if each.path not in lines:
            continue
        removed = lines[each.path].removed
        names = [name for line in removed for name in _names(line)]
        if is_test(each.was) and each.kind == "deleted" and not names:
            yield _found("test_removed", "A file of tests is gone", each)
        for name in [name for name in names if name not in there][:EACH_MAX]:
            yield _found("test_removed", f"The test {name[:120]} is gone", each)
        yield from _rust(each, lines[each.path])


def _has_tests(each: ChangedFile) -> bool:
    if SUBMODULE in (each.mode, each.mode_before) or LINK in (each.mode, each.mode_before):
        return False
    # Of settings such as conftest.py it is reported already that they are gone.
    is_rust = each.path.endswith(".rs")
    return is_rust or (any(map(is_test, (each.path, each.was))) and not is_test_settings(each.path))


def _rust(each: ChangedFile, lines: Lines) -> Iterator[Found]:
    """Count the marks of tests, which Rust keeps in the files of the code too."""
    gone, new = (
        sum(1 for line in side if _RUST.match(line.text)) for side in (lines.removed, lines.added)
    )
    if each.path.endswith(".rs") and gone > new:
        message = f"It has fewer tests: {gone} marks of tests went, {new} came"
        yield _found("test_removed", message, each)


def left_out(lent: Lent, each: ChangedFile) -> Iterator[Found]:
    """Name the lines that say of a test that it is not to count."""
    lines = changed_lines(lent, each)
    before = {line.text.strip() for line in lines.removed}
    for line in [line for line in lines.added if _SKIP.search(line.text)][:EACH_MAX]:
        if line.text.strip() not in before:
            message = f"A test is left out: {line.text.strip()[:120]}"
            yield _found("test_skipped", message, each, line.number)


def ended_early(lent: Lent, each: ChangedFile) -> Iterator[Found]:
    """Name tests of the base that return where they did not: what stands below is not run."""
    sides = [text_of(lent, blob) or "" for blob in (each.blob_before, each.blob)]
    before, after = (_returns(text) if each.path.endswith(".py") else None for text in sides)
    if before is not None and after is not None:
        for name, (count, number) in after.items():
            if name in before and count > before[name][0]:
                yield _found("test_skipped", f"The test {name[:120]} returns early", each, number)
        return
    for line in [line for line in changed_lines(lent, each).added if _RETURN.match(line.text)][
        :EACH_MAX
    ]:
        yield _found("test_skipped", "A test may return early here", each, line.number)


def _returns(text: str) -> dict[str, tuple[int, int]] | None:
    """Return by test how often it returns, and where first; None of what is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[str, tuple[int, int]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test"):
            lines = [each.lineno for each in _own(node) if isinstance(each, ast.Return)]
            found[node.name] = (len(lines), min(lines, default=node.lineno))
    return found


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is in a function, without what is in functions inside of it."""
    for each in ast.iter_child_nodes(node):
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield each
            yield from _own(each)


def _names(line: Line) -> list[str]:
    match = _TEST.match(line.text)
    return [name for name in match.groups() if name] if match else []


def _found(rule: str, message: str, each: ChangedFile, line: int = 0) -> Found:
    return Found(rule, message, each.shown, line, REMEDY)
