"""Which files of a repository its test command runs, besides the tests: scripts and helpers.

A builder that edits such a file decides what the tests report. The walk is textual and bounded: it
follows the test targets of Make, the test scripts of npm, and shell scripts that these name.
"""

import ast
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.test_settings import (
    can_plant,
    is_test,
    is_test_settings,
)
from missioncontrol.specialists.kinds import classified

NAMED_MAX = 2_000
SCRIPTS_MAX = 100
LINES_MAX = 2_000
MODULES_MAX = 2_000
BLOB_BYTES_MAX = 256 * 1024
_SHELLS = (".sh", ".bash", ".zsh", ".ksh", ".bats", ".tap", ".mk", ".ps1", ".pl", ".awk", ".sed")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".java", ".kt", ".swift", ".zig", ".hs")
_INTERPRETERS = re.compile(
    r"(?:\S*/)?(?:python[\d.]*|node|ruby|perl|php|lua|tsx|ts-node|bun|deno|Rscript|julia"
    r"|\$\(?\{?(?:PYTHON|NODE|PY)\d?\}?\)?)$"
)
_WORDS = re.compile(r"[^\s\"'`;|&<>(){}=,]+")
_TARGET = re.compile(r"^([A-Za-z0-9_.%/ -]+?)\s*::?(?!=)\s*([^=]*)$")
_TEST_TARGETS = re.compile(r"(?i)(?:^|[^a-z])(?:tests?|check|spec|verify|ci)(?:[^a-z]|$)")
_NPM_RUN = re.compile(r"\b(?:npm|pnpm|yarn|bun)\s+(?:run(?:-script)?\s+)?([\w:.-]+)")
_MAKE_RUN = re.compile(r"(?:\bg?make|\$[({]MAKE[)}])\s+(?:-\S+\s+)*([\w.-]+)")


class TestCommand(msgspec.Struct, frozen=True):
    """Files that the test command of a base runs. Paths count whether or not the base has them."""

    scripts: frozenset[str] = frozenset()  # they are held as they were at the base
    sources: frozenset[str] = frozenset()  # code under test that the command names
    helpers: frozenset[str] = frozenset()  # modules that assert, and that only tests import
    plants: bool = True  # whether a test that must fail can be planted

    def judges(self, path: str) -> bool:
        """Whether a file decides what the tests report."""
        return path in self.scripts or path in self.helpers


def command_of(lent: Lent, base: str) -> TestCommand:
    """Return which files the test command of `base` runs."""
    blobs = _blobs(lent, base)
    walk = _Walk(lent, blobs)
    walk.begin()
    plants = any(can_plant(path) and is_test(path) for path in blobs)
    return TestCommand(
        frozenset(walk.scripts),
        frozenset(() if plants else walk.sources),
        frozenset(_helpers(lent, blobs)),
        plants,
    )


def _blobs(lent: Lent, commit: str) -> dict[str, str]:
    listed = lent.git("ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape")
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: head.split(" ")[2] for head, _, path in entries if head.startswith("100")}


def _text(lent: Lent, blob: str) -> str:
    content = lent.git("cat-file", "blob", blob)
    return content[:BLOB_BYTES_MAX].decode("utf-8", "replace")


class _Walk:
    """Follows a test command from the manifests of the place where it runs."""

    def __init__(self, lent: Lent, blobs: Mapping[str, str]) -> None:
        self._lent, self._blobs = lent, blobs
        self._below = lent.theirs.below
        self._read: set[str] = set()
        self.scripts: set[str] = set()
        self.sources: set[str] = set()

    def begin(self) -> None:
        for name in ("Makefile", "makefile", "GNUmakefile", "justfile", ".justfile"):
            if text := self._manifest(name):
                self._lines(_recipes(text))
        self._lines(_npm_lines(self._manifest("package.json")))
        for name in ("tox.ini", "tox.toml", "pytest.ini", "Taskfile.yml", "taskfile.yml"):
            self._lines(self._manifest(name).splitlines())

    def _manifest(self, name: str) -> str:
        blob = self._blobs.get(posixpath.join(self._below, name))
        return _text(self._lent, blob) if blob else ""

    def _lines(self, lines: list[str], above: str = "") -> None:
        for line in lines[:LINES_MAX]:
            words = _WORDS.findall(line)
            for before, word in zip(["", *words], words, strict=False):
                if len(self.scripts) >= NAMED_MAX:
                    return
                self._word(word, _INTERPRETERS.match(before) is not None, above)
            for module in re.findall(r"-m\s+([\w.]+)", line):
                self._module(module)

    def _word(self, word: str, is_run: bool, above: str) -> None:
        """Take a word of a command: a path of the repository where it has the form of one."""
        bare = re.sub(r"^(?:\$\w+|\$\{?\w*\}?)?/+(?=\w)|^\./", "", word)
        if not bare or bare.startswith(("-", "/", "$", "@")):
            return
        for start in dict.fromkeys((self._below, above, "")):
            path = posixpath.normpath(posixpath.join(start, bare))
            is_there = path in self._blobs
            if path.startswith("..") or not (is_there or bare.endswith(_SHELLS)):
                continue
            if self._is_script(path, is_run or word.startswith("./")):
                self.scripts.add(path)
                self._follow(path)
            elif is_there and classified(path, b"")[1] == "code":
                self.sources.add(path)

    def _is_script(self, path: str, is_run: bool) -> bool:
        """Whether a file says what is run. Sources under test do not, and data do not."""
        if path.endswith(_SHELLS):
            return True
        if path.endswith(_SOURCES) or is_test(path):
            return False
        place = PurePosixPath(path)
        if not place.suffix:
            blob = self._blobs.get(path, "")
            return is_run or (bool(blob) and _text(self._lent, blob).startswith("#!"))
        kind = classified(path, b"")[1]
        return is_run if kind == "code" else kind == "configuration"

    def _module(self, name: str) -> None:
        stem = name.replace(".", "/")
        for start in dict.fromkeys((self._below, "")):
            for end in (".py", "/__main__.py"):
                path = posixpath.join(start, stem + end)
                if path in self._blobs and not is_test(path):
                    self.scripts.add(path)

    def _follow(self, path: str) -> None:
        is_late = path in self._read or len(self._read) >= SCRIPTS_MAX
        if is_late or path not in self._blobs or PurePosixPath(path).suffix not in ("", *_SHELLS):
            return
        self._read.add(path)
        text = _text(self._lent, self._blobs[path])
        self._lines(text.splitlines(), posixpath.dirname(path))


def _recipes(text: str) -> list[str]:
    """Return the recipe lines of the test targets of a makefile, and of those that they need."""
    rules: dict[str, tuple[list[str], list[str]]] = {}
    names: list[str] = []
    for line in text.splitlines()[: LINES_MAX * 5]:
        if line.startswith(("\t", "    ")):
            for name in names:
                rules[name][1].append(line)
        elif found := _TARGET.match(line.split("#")[0].rstrip()):
            needs, _, recipe = found[2].partition(";")
            names = found[1].split()
            for name in names:
                known = rules.setdefault(name, ([], []))
                known[0].extend(needs.split())
                known[1].extend([recipe] if recipe else [])
    # Variables may hold the command.
    lines = re.findall(r"(?m)^[A-Z_]*TEST[A-Z_]*\s*[:?+]?=\s*(.+)$", text)
    return [*lines, *_reached([name for name in rules if _TEST_TARGETS.search(name)], rules)]


def _reached(wanted: list[str], rules: Mapping[str, tuple[list[str], list[str]]]) -> list[str]:
    lines: list[str] = []
    seen: set[str] = set()
    while wanted and len(seen) < SCRIPTS_MAX:
        name = wanted.pop()
        if name in seen or name not in rules:
            continue
        seen.add(name)
        needs, recipe = rules[name]
        lines += recipe
        wanted += [*needs, *_MAKE_RUN.findall("\n".join(recipe))]
    return lines


def _npm_lines(text: str) -> list[str]:
    """Return the test scripts of a package.json, and those that they run."""
    try:
        known = {str(name): str(line) for name, line in json.loads(text)["scripts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    rules = {
        name: ([*_NPM_RUN.findall(line), f"pre{name}", f"post{name}"], [line])
        for name, line in known.items()
    }
    return _reached([name for name in rules if _TEST_TARGETS.search(name)], rules)


def _helpers(lent: Lent, blobs: Mapping[str, str]) -> Iterator[str]:
    """Yield modules that only tests import, and half of whose functions assert.

    Being imported by tests alone is not enough: so is the code of a small library.
    """
    paths = [path for path in blobs if path.endswith(".py")][:MODULES_MAX]
    others = [p for p in paths if not is_test(p) and not is_test_settings(p)]
    tests = [path for path in paths if is_test(path)]
    if not tests or not others:
        return
    texts = _texts(lent, blobs, paths)
    asserting = [path for path in others if _asserts(texts[path])]
    if not asserting:
        return
    by_tests = {name for path in tests for name in _imported(texts[path], path)}
    for path in asserting:
        own = _module_names(path)
        rest = (p for p in others if p != path and p not in asserting)
        if own & by_tests and not any(own & _imported(texts[p], p) for p in rest):
            yield path


def _texts(lent: Lent, blobs: Mapping[str, str], paths: list[str]) -> dict[str, str]:
    """Return the texts of files with one call of git."""
    wanted = list(dict.fromkeys(blobs[path] for path in paths))
    data = lent.git("cat-file", "--batch", stdin="".join(f"{b}\n" for b in wanted).encode())
    found: dict[str, str] = {}
    at = 0
    for blob in wanted:
        end = data.index(b"\n", at)
        size = int(data[at:end].split(b" ")[2])
        found[blob] = data[end + 1 : end + 1 + min(size, BLOB_BYTES_MAX)].decode("utf-8", "replace")
        at = end + 1 + size + 1
    return {path: found[blobs[path]] for path in paths}


def _module_names(path: str) -> frozenset[str]:
    """Return the names by which a module may be imported, whatever directory is on the path."""
    parts = PurePosixPath(path).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return frozenset(".".join(parts[start:]) for start in range(len(parts)))


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imported(text: str, path: str) -> frozenset[str]:
    tree = _parsed(text)
    names: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            names.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = list(PurePosixPath(path).parts[: -node.level]) if node.level else []
            whole = ".".join([*start, *filter(None, [node.module])])
            names.update([whole, *(f"{whole}.{each.name}".lstrip(".") for each in node.names)])
    return frozenset(names)


def _asserts(text: str) -> bool:
    """Whether at least half of the functions of a module assert something."""
    if "assert" not in text.lower() and "pytest" not in text:
        return False
    tree = _parsed(text)
    if tree is None:
        return False
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in ast.walk(tree) if isinstance(node, defined)]
    asserting = sum(1 for each in functions if any(map(_is_assertion, ast.walk(each))))
    return bool(functions) and asserting * 2 >= len(functions)


def _is_assertion(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    if isinstance(node, ast.Raise) and node.exc is not None:
        return "AssertionError" in ast.unparse(node.exc)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        return "assert" in name.lower() or name in ("pytest.fail", "self.fail")
    return False
