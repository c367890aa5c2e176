"""The test that a goal names, in the language it is written in, and the command that runs it."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.tester.javascript import javascript

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

NAMES_MAX = 20
"""Names of a text that are looked for."""
SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_PYTHON = re.compile(r"(?<![\w.])(?:(?P<path>[\w./-]+\.py)::)?(?P<name>(?:\w+::)*test_\w+)\b")
_GO = re.compile(r"(?<![\w.])(?:Test|Fuzz|Example)[A-Z_]\w*\b(?!\.)")
_RUST = re.compile(r"(?<![\w.])(?:\w+::)*(?P<name>[a-z]\w*_\w+)\b")
_TITLE = re.compile(
    r"\b(?:it|test|specify)(?:\.\w+)?\(\s*(?P<call>['\"`])(?P<called>.{3,200}?)(?P=call)"
    r"|(?P<open>[\"'`\u201c\u2018])(?P<quoted>[^\"'`\u201c\u201d\u2018\u2019\n]{3,200})[\"'`\u201d\u2019]"
)
_SPEAKS_OF_TESTS = re.compile(r"(?i)\b(?:tests?|specs?|it)\b")
_PATTERN = re.compile(r"[.*+?^${}()|\[\]\\]")


class NamedTest(msgspec.Struct, frozen=True):
    """A test that a goal names."""

    path: str
    name: str  # as people say which one it is
    command: tuple[str, ...]


def named_test(text: str, tree: "Tree") -> NamedTest | None:
    """Return the first test that `text` names and that a file of the tree has."""
    for read in (_in_python, _in_go, _in_rust, _in_javascript):
        found = next(read(text, tree), None)
        if found is not None:
            return found
    return None


def _in_python(text: str, tree: "Tree") -> Iterator[NamedTest]:
    for match in list(_PYTHON.finditer(text))[:NAMES_MAX]:
        names = match["name"].split("::")
        for file in _tests(tree, (".py",)):
            if match["path"] is not None and not file.path.endswith(match["path"]):
                continue
            inside = _path_to(tree.text(file.path) or "", names)
            if inside:
                whole = "::".join([file.path, *inside])
                yield NamedTest(file.path, whole, ("python", "-m", "pytest", whole))


def _in_go(text: str, tree: "Tree") -> Iterator[NamedTest]:
    for name in _names(_GO.findall(text)):
        for file in _tests(tree, ("_test.go",)):
            if re.search(rf"(?m)^func {name}\(", tree.text(file.path) or ""):
                parent = PurePosixPath(file.path).parent.as_posix()
                package = "." if parent == "." else f"./{parent}"
                yield NamedTest(file.path, name, ("go", "test", package, "-run", f"^{name}$"))


def _in_rust(text: str, tree: "Tree") -> Iterator[NamedTest]:
    names = _names(match["name"] for match in _RUST.finditer(text))
    files = [file for file in tree.files if file.path.endswith(".rs")] if names else []
    for name in names:
        form = re.compile(rf"#\[(?:\w+::)?test[^\n]*\n(?:[ \t]*#\[[^\n]*\n)*[^\n]*\bfn {name}\(")
        for file in files:
            content = tree.text(file.path) or ""
            if name in content and form.search(content):
                yield NamedTest(file.path, name, ("cargo", "test", *_target(file.path), name))


def _target(path: str) -> tuple[str, ...]:
    pure = PurePosixPath(path)
    return ("--test", pure.stem) if pure.parent.name == "tests" else ()


def _in_javascript(text: str, tree: "Tree") -> Iterator[NamedTest]:
    if not _SPEAKS_OF_TESTS.search(text):
        return
    for title in _names(match["called"] or match["quoted"] for match in _TITLE.finditer(text)):
        form = re.compile(rf"\b(?:it|test|specify)(?:\.\w+)?\(\s*['\"`]{re.escape(title)}['\"`]")
        for file in _tests(tree, SCRIPTS):
            content = tree.text(file.path) or ""
            if title in content and form.search(content):
                pattern = _PATTERN.sub(r"\\\g<0>", title)
                for command in javascript([file.path], tree, pattern):
                    yield NamedTest(file.path, f"\u201c{title}\u201d of {file.path}", command)


def _names(found: Iterator[str] | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(found))[:NAMES_MAX]


def _tests(tree: "Tree", endings: tuple[str, ...]) -> list["SourceFile"]:
    return [file for file in tree.files if file.kind == "test" and file.path.endswith(endings)]


def _path_to(text: str, names: Sequence[str]) -> list[str]:
    """Return the class, if any, and the function of a test in a file; nothing where it has none."""
    if names[-1] not in text:
        return []
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == names[-1]:
            return [node.name]
        is_meant = isinstance(node, ast.ClassDef) and (len(names) == 1 or node.name in names)
        if isinstance(node, ast.ClassDef) and is_meant and _has(node, names[-1]):
            return [node.name, names[-1]]
    return []


def _has(node: ast.ClassDef, name: str) -> bool:
    return any(getattr(each, "name", "") == name for each in node.body)
