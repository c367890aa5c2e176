"""Likely defects in Python code, found by ruff without any configuration of the repository."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.auditor.issue import Issue, Scope, scope_of

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

RULES = "F50,F601,F602,F621,F622,F63,F70,F811,F821,F822,F823,PLE"
NOT = "PLE0704"
"""A bare `raise` outside a handler is sound in a function that handlers call."""
"""Undefined names, formats that cannot work, comparisons always true: no matter of taste."""
OBTAINED = f"ruff check --isolated --select {RULES} --ignore {NOT}"
SECONDS_MAX = 20.0
BATCH = 400
UNDEFINED = frozenset({"ruff.F821", "ruff.F822"})
UNDEFINED_MAX = 5
"""With more of them in one file, its names are made at run time: six can't be an oversight."""
MEANING = {
    "F811": "One of the two definitions is never used: the later one replaces it.",
    "F821": "The line fails with NameError once it is reached.",
    "F822": "from … import * fails with AttributeError.",
    "F632": "Whether two equal literals are one object is up to the interpreter.",
}


class _Place(msgspec.Struct):
    row: int


class _Found(msgspec.Struct):
    code: str | None
    message: str
    filename: str
    location: _Place
    end_location: _Place


def defects(tree: "Tree", root: Path, *, seconds: float) -> tuple[list[Issue], list[str]]:
    """Return likely defects, and why some files could not be checked."""
    scopes = {
        file.path: scope_of(file)
        for file in tree.files
        # A template's braces are no Python before they are filled in.
        if file.language == "Python" and "{{" not in file.path and file.kind != "vendored"
    }
    paths = sorted(scopes)
    found: list[Issue] = []
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        try:
            raw = _ask_ruff(root, batch, min(SECONDS_MAX, seconds))
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as fault:
            return found, [f"ruff did not check {len(paths) - start} files: {type(fault).__name__}"]
        found.extend(_issues(raw, root, scopes))
    return _doubted(tree, found), []


def _doubted(tree: "Tree", found: list[Issue]) -> list[Issue]:
    """Put no trust in undefined names where a file makes names at run time."""
    unknown = Counter(each.path for each in found if each.rule in UNDEFINED)
    dynamic = {
        path
        for path, count in unknown.items()
        if count > UNDEFINED_MAX or "globals()" in (tree.text(path) or "")
    }
    return [
        msgspec.structs.replace(each, confidence="low")
        if each.rule in UNDEFINED and each.path in dynamic
        else each
        for each in found
    ]


def _ask_ruff(root: Path, paths: list[str], seconds: float) -> list[_Found]:
    argv = [sys.executable, "-I", "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    argv += ["--select", RULES, "--ignore", NOT, "--output-format", "json", "--"]
    answer = subprocess.run(  # noqa: S603 - fixed program, arguments never reach a shell
        [*argv, *(str(root / path) for path in paths)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=max(seconds, 1.0),
        check=True,
    ).stdout
    return msgspec.json.decode(answer, type=list[_Found])


def _issues(raw: list[_Found], root: Path, scopes: Mapping[str, Scope]) -> Iterator[Issue]:
    for each in raw:
        path = Path(each.filename).relative_to(root).as_posix()
        code = each.code or "invalid-syntax"
        broken = code == "invalid-syntax"
        yield Issue(
            f"ruff.{code}",
            "quality",
            "medium" if broken or code.startswith(("F82", "F70", "PLE")) else "low",
            "medium",
            "The file does not parse as Python" if broken else each.message.splitlines()[0],
            path,
            each.location.row,
            each.end_location.row,
            scopes.get(path, "product"),
            each.message.splitlines()[0] if broken else MEANING.get(code, ""),
            "",
            "ruff",
        )
