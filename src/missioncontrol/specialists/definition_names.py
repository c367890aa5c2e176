"""Definitions and files that goals name word for word: `TTLCache.expire`, where the code has it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.symbols import Symbol, symbols

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile, Tree

_QUOTED = re.compile(r"`([^`\n]{2,80})`")
_FILE = re.compile(
    r"(?i)\.(?:py|pyi|js|jsx|ts|tsx|mjs|cjs|go|rs|rb|java|kt|php|c|h|cc|cpp|cs|sql|sh|md|rst|txt|toml"
    r"|json|ya?ml|cfg|ini|html?|css|xml|lock|csv|ipynb|proto)$"
)
_NAMED = re.compile(
    r"(?<![\w./-])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,9}(?![\w/])|\b\w+_\w+\b|\b[A-Za-z][a-z0-9]+[A-Z]\w+\b"
)
_CALLED = re.compile(r"(?<![\w./-])(?:\w+\.)*([A-Za-z_]\w+)\(")
FILES_MAX = 4_000
OVERLOAD = re.compile(r"\s*@(?:typing\.|t\.)?overload\b")
ASIDE = re.compile(r"(?i)(?:^|/)(?:tests?|examples?|docs?|bench\w*|sandbox)/|(?:^|/)setup\.py$")
_ADD = r"(?i)^(?:add|introduce|create)\s+(?:(?:an?|the)\s+)?(?:new\s+)?(?:public\s+)?"
_OF_CLASS = r"(?:(?:class|static)\s?)?(?:method|property|attribute)"
_MEMBER_OF = re.compile(
    rf"{_ADD}(?:`(?P<one>\w+)(?:\(\))?`\s+{_OF_CLASS}"
    rf"|{_OF_CLASS}\s+`(?P<other>\w+)(?:\(\))?`)"
    r"\s+(?:to|on|for|in)\s+(?:the\s+)?(?:class\s+)?`(?P<owner>[\w.]+)`"
)
_MEMBER = re.compile(rf"{_ADD}(?:{_OF_CLASS}\s+)?`(?P<name>\w+(?:\.\w+)+)(?:\(\))?`[.!]?$")


class Named(msgspec.Struct, frozen=True):
    """A definition with its place."""

    name: str  # as the ask writes it
    path: str
    line: int

    @property
    def place(self) -> str:
        """Where it stands, as `path:line`."""
        return f"{self.path}:{self.line}"


def member_named(text: str) -> str:
    """Return `Store.explain` for “add an `explain` method to `Store`”; "" for any other ask."""
    match = _MEMBER_OF.match(text)
    if match:
        return f"{match['owner']}.{match['one'] or match['other']}"
    whole = _MEMBER.match(text)
    return whole["name"] if whole else ""


def definitions_called(tree: "Tree", name: str) -> Iterator[Named]:
    """Yield where the product's code defines a name; one with a dot stands inside its class."""
    outer, _, inner = name.rpartition(".")
    for file in [file for file in tree.files if is_product(file)][:FILES_MAX]:
        text = tree.text(file.path) or ""
        if inner not in text or outer.rpartition(".")[2] not in text:
            continue
        listed = symbols(text)
        homes = [body(listed, each) for each in listed if each.name == outer.rpartition(".")[2]]
        if homes and not any(each.name == inner for home in homes for each in home):
            bases = _bases(text, outer.rpartition(".")[2])
            homes = [body(listed, each) for each in listed if each.name in bases]
        here = [
            symbol
            for symbol in listed
            if symbol.name == inner and (not outer or any(symbol in home for home in homes))
        ]
        lines = text.split("\n")
        whole = [each for each in here if not OVERLOAD.match(lines[each.line - 2])]
        for symbol in (whole or here)[:1]:
            yield Named(name, file.path, symbol.line)


def _bases(text: str, name: str) -> frozenset[str]:
    """Return what a class derives from, as its own file says."""
    matched = re.search(
        rf"(?m)^[ \t]*class {re.escape(name)}\b\s*(?:\(([^)]*)\)|extends ([\w.]+))", text
    )
    return frozenset(re.findall(r"\w+", matched[1] or matched[2] or "")) if matched else frozenset()


def is_product(file: "SourceFile") -> bool:
    return file.kind == "code" and not ASIDE.search(file.path) and file.path.endswith(_SUFFIXES)


_SUFFIXES = (
    *(".py", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".go", ".rs", ".rb", ".java", ".kt", ".php"),
    *(".cs", ".c", ".cc", ".cpp", ".swift", ".scala"),
)


def body(listed: list[Symbol], home: Symbol) -> list[Symbol]:
    """Return the definitions that stand inside of `home`, as their indents tell."""
    after = [symbol for symbol in listed if symbol.line > home.line]
    end = next((n for n, each in enumerate(after) if each.indent <= home.indent), len(after))
    return after[:end]


def written_names(text: str) -> list[str]:
    """Return the names that `text` writes as code, among them plain words called: `chunked()`."""
    return list(dict.fromkeys([*exact_names(text), *_CALLED.findall(text)]))


def exact_names(text: str) -> list[str]:
    """Return file names and identifiers that stand in `text` literally, in order."""
    quoted = [name for name in _QUOTED.findall(text) if " " not in name.strip()]
    named = [match.group() for match in _NAMED.finditer(text)]
    return list(dict.fromkeys(filter(None, map(_without_call, [*quoted, *named]))))


def _without_call(name: str) -> str:
    """Return `parse` for `parse(0)`: what stands in the brackets is no part of the name."""
    return name.strip().strip("()").partition("(")[0]


def is_file_name(name: str) -> bool:
    """Whether a name found in prose is a file's: `README.md`, but not `res.send`."""
    return "/" in name or _FILE.search(name) is not None
