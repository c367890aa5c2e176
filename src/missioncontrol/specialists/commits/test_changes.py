"""What a change does to the tests that judge it: a person or a reviewer has to accept that."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import (
    LINK,
    SUBMODULE,
    ChangedFile,
    Lines,
    changed_files,
    changed_lines,
)
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.test_command import TestCommand, command_of
from missioncontrol.specialists.commits.test_lines import (
    REMEDY,
    ended_early,
    left_out,
    removed_tests,
    text_of,
)
from missioncontrol.specialists.commits.test_settings import (
    has_test_settings,
    hides_a_module,
    is_fixture,
    is_shared,
    is_test,
    is_test_settings,
    settings_in,
    speaks_of_tests,
    with_settings,
)

EACH_MAX = 20
FILES_MAX = 1_000
_ASSERTS = re.compile(
    r"\bassert\w*\b|\bexpect\(|\bself\.fail|\bt\.(?:Error|Fatal|Fail)|\bshould\b|\brequire\.\w|"
    r"\braises\("
)
_RUNNER = re.compile(
    r"\b_pytest\b|\bpluggy\b|^\s*(?:import|from)\s+(?:pytest|unittest)\b|\bos\._exit\b"
    r"|\bPYTEST_\w+|\bpytest_(?:plugins|runtest\w*|collection\w*|sessionfinish|configure)\b"
    r"|\bsys\.(?:settrace|setprofile|meta_path|path_hooks)\b|[\"'](?:_?pytest|unittest)\b"
    r"|\bTestCase\b|\bglobal(?:This)?\.(?:test|it|describe|expect)\b|^\s*\"testing\"$"
)
"""Where code that is no test reaches for what runs the tests."""


class TestChanges(msgspec.Struct, frozen=True):
    """Files of a change that judge it."""

    digest: str = ""  # of these files before and after; "" where there are none
    findings: tuple[Found, ...] = ()


def test_changes(lent: Lent, base: str, commit: str) -> TestChanges:
    """Return what the change from `base` to `commit` does to tests and their settings."""
    files = changed_files(lent, base, commit)
    command = command_of(lent, base) if files else TestCommand()
    findings: list[Found] = list(removed_tests(lent, files[:FILES_MAX]))
    removing = {each.path for each in findings}
    judging: list[ChangedFile] = []
    for each in files[:FILES_MAX]:
        found = list(_of_file(lent, each, command))
        findings += found
        if found or each.shown in removing or _is_judging(each, command):
            judging.append(each)
    judging += [each for each in files[FILES_MAX:] if _is_judging(each, command)]
    entries = [(e.path, e.was, e.mode_before, e.mode, e.blob_before, e.blob) for e in judging]
    digest = sha256(msgspec.json.encode(_encodable(entries))).hexdigest() if entries else ""
    return TestChanges(digest, tuple(findings))


def _encodable(entries: Sequence[tuple[str, ...]]) -> list[list[str]]:
    return [[part.encode("utf-8", "surrogateescape").hex() for part in each] for each in entries]


def _is_judging(each: ChangedFile, command: TestCommand) -> bool:
    paths = {each.path, each.was}
    return any(is_test(p) or is_test_settings(p) or command.judges(p) for p in paths)


def _of_settings(lent: Lent, each: ChangedFile, command: TestCommand) -> Iterator[Found]:
    paths = (each.path, each.was)
    if any(map(is_test_settings, paths)):
        yield _found("test_settings", f"Test settings are {each.kind}", each)
    elif any(path in command.helpers for path in paths):
        yield _found("test_settings", f"A module that asserts for tests is {each.kind}", each)
    elif any(path in command.scripts for path in paths):
        yield _found("test_settings", f"What the test command runs is {each.kind}", each)
    elif any(path in command.sources for path in paths):
        message = "The test command names it, and no failing test can be planted beside it"
        yield _found("test_settings", message, each)
    elif has_test_settings(each.path) and _settings_differ(lent, each):
        yield _found("test_settings", "Test settings in it are changed", each)
    elif any(map(is_shared, paths)):
        lines = changed_lines(lent, each)
        if any(speaks_of_tests(line.text) for line in (*lines.added, *lines.removed)):
            yield _found("test_settings", "Lines in it that speak of tests are changed", each)
    elif is_test(each.was) and each.kind == "renamed":
        yield _found("test_renamed", f"A test was {each.was!a} before", each)


def _of_file(lent: Lent, each: ChangedFile, command: TestCommand) -> Iterator[Found]:
    yield from _of_settings(lent, each, command)
    if SUBMODULE in (each.mode, each.mode_before) or LINK in (each.mode, each.mode_before):
        return
    if is_test(each.was) and each.kind in ("changed", "renamed"):
        yield from _weakened(each, changed_lines(lent, each))
        yield from ended_early(lent, each)
    elif not is_test(each.path) and each.kind != "deleted":
        if each.kind in ("added", "renamed") and hides_a_module(each.path):
            yield _found("test_runner", "It hides a module of Python by its name", each)
        yield from _reaching(each, changed_lines(lent, each))
    if each.kind != "deleted" and (is_test(each.path) or each.path.endswith(".rs")):
        yield from left_out(lent, each)


def _settings_differ(lent: Lent, each: ChangedFile) -> bool:
    before, after = (
        settings_in(each.path, text_of(lent, e)) for e in (each.blob_before, each.blob)
    )
    empty = settings_in(each.path, "{}" if each.path.endswith(".json") else "")
    return bool((empty if before is None else before) != (empty if after is None else after))


def _weakened(each: ChangedFile, lines: Lines) -> Iterator[Found]:
    gone, new = (
        sum(1 for line in side if _ASSERTS.search(line.text))
        for side in (lines.removed, lines.added)
    )
    if gone > new:
        yield _found(
            "test_weakened", f"It asserts less: {gone} lines that do so went, {new} came", each
        )


def _reaching(each: ChangedFile, lines: Lines) -> Iterator[Found]:
    for line in [line for line in lines.added if _RUNNER.search(line.text)][:EACH_MAX]:
        message = f"Code that is no test reaches for what runs tests: {line.text.strip()[:120]}"
        yield _found("test_runner", message, each, line.number)


def _found(rule: str, message: str, each: ChangedFile, line: int = 0) -> Found:
    return Found(rule, message, each.shown, line, REMEDY)


def with_tests_of(lent: Lent, base: str, commit: str, *, tests: bool, fixtures: bool = True) -> str:
    """Return `commit` with the test settings of `base`, and with its `tests` as they were.

    Tests and settings that the change adds are left out. Without `tests`, those of the base that
    the change alters stay as the change has them; without `fixtures`, so do files such as
    conftest.py. Where nothing differs it is `commit` itself.
    """
    entries: dict[str, tuple[str, str]] = {}
    command = command_of(lent, base)
    for each in changed_files(lent, base, commit):
        if fixtures or not any(map(is_fixture, (each.path, each.was))):
            _restore(lent, each, entries, command, tests=tests)
    if not entries:
        return commit
    more = {"GIT_INDEX_FILE": str(lent.path / "tests-of-base.index")}
    lent.git("read-tree", commit, more=more)
    lines = (f"{mode} {blob}\t{path}\0" for path, (mode, blob) in entries.items())
    stdin = "".join(lines).encode("utf-8", "surrogateescape")
    lent.git("update-index", "-z", "--index-info", stdin=stdin, more=more)
    tree = lent.git("write-tree", more=more).decode().strip()
    if tree == lent.tree(commit):
        return commit
    return lent.made(tree, commit, f"Lay the tests of {base[:12]} over it\n")


def _restore(
    lent: Lent,
    each: ChangedFile,
    entries: dict[str, tuple[str, str]],
    command: TestCommand,
    *,
    tests: bool,
) -> None:
    nothing, before = ("0", "0" * len(each.blob)), (each.mode_before, each.blob_before)
    for path in dict.fromkeys((each.path, each.was)):
        is_new = path == each.path and each.kind in ("added", "renamed")
        is_left_out = tests or each.kind == "added"
        if _is_settings(path, command) or (_is_test(path, command) and is_left_out):
            entries[path] = nothing if is_new else before
        elif has_test_settings(path) and path == each.path and _settings_differ(lent, each):
            is_gone = not each.blob.strip("0")
            entries[path] = before if is_gone else (each.mode, _with_settings(lent, each))


def _is_settings(path: str, command: TestCommand) -> bool:
    return is_test_settings(path) or path in command.scripts


def _is_test(path: str, command: TestCommand) -> bool:
    return is_test(path) or path in command.helpers


def _with_settings(lent: Lent, each: ChangedFile) -> str:
    text, base = text_of(lent, each.blob), text_of(lent, each.blob_before)
    content = with_settings(each.path, text or "", base or _nothing(each.path))
    stdin = content.encode("utf-8", "surrogateescape")
    return lent.git("hash-object", "-w", "--stdin", stdin=stdin).decode().strip()


def _nothing(path: str) -> str:
    return "{}" if path.endswith(".json") else ""
