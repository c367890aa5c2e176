"""What the code says about the files a goal touches: seams, importers, tests, documents, wiring."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.estimates import Spot
from missioncontrol.specialists.kinds import is_test_name
from missioncontrol.specialists.planner.definitions import (
    by_age,
    holding,
    left_open,
    named_symbols,
    public_methods,
    without_prose,
)
from missioncontrol.specialists.ranking.terms import counted
from missioncontrol.specialists.symbols import Symbol, symbols
from missioncontrol.specialists.words import pattern

if TYPE_CHECKING:
    from missioncontrol.specialists.ranking.index import Index
    from missioncontrol.specialists.tree import SourceFile, Tree

_IN_EVERY_FILE = frozenset(
    {"init", "main", "new", "setup", "run", "get", "set", "default", "config"}
)
"""Names that so many files define that a test with such a name is about none of them."""
NAMED_MAX = 3
_CLASS = re.compile(
    r"^[ \t]*(?:export\s+|public\s+|abstract\s+|final\s+)*class\s+(?P<name>\w+)\s*"
    r"(?:\((?P<bases>[^)]*)\)|(?:extends|implements|:)\s*(?P<more>[\w.,<> ]+))?",
    re.MULTILINE,
)
_EXPORT = re.compile(r"(?m)^\s*(?:from\s+\S+\s+import\s+|export\s|exports\.|module\.exports)")
ASIDE = re.compile(
    r"(?i)^(?:examples?|samples?|demos?|docs?|bench(?:marks?)?|scripts|tools|testing)/"
    r"|(?:^|/)bench(?:mark)?s?(?:_\w+)?\.\w+$"
)
"""Code beside the product: nothing breaks for its users when it does."""
TITLE_LINES = 3
"""In its first lines a document says its title: a project called like a definition of its own."""
_TEST_TEXT = re.compile(
    r"(?m)^\s*(?:async\s+)?def\s+test_?\w*\(|\bTestCase\b|^\s*(?:it|test|describe|tap\.test)\("
)
"""How files that are called otherwise show that they hold tests."""
_ENTRY_STEMS = frozenset({"init", "main", "index", "mod", "lib"})
PAPERS = re.compile(
    r"(?i)(?:^|/)(?:licen[cs]e|copying|notice|authors|contributors|maintainers|code_of_conduct"
    r"|security|codeowners|(?:ai|privacy)[_-]policy)(?:[.-][\w.-]+)?$"
)
"""Documents that say who may do what, and nothing of how the code is used."""
_NOT_FOR_READERS = re.compile(
    r"(?i)(^|/)(changes|changelog|history|news|pkg-info|release-notes)|^(tests?|bench\w*|examples?)/"
)
_IMPORT = re.compile(
    r"\s*(?:(?:from|import|const \w+ = require)\b|\w+(?: as \w+)?,?[ \t]*$)", re.MULTILINE
)
"""An import, or one of its names on a line of its own."""
_OPEN_ENDED = re.compile(
    r"(?:Interface|Protocol|Base\w*|Abstract\w*|Backend|Provider|Strategy)$|^(?:Base|Abstract)"
)


_TESTS_INSIDE = re.compile(
    r"(?m)^\s*#\[(?:cfg\(test\)|(?:\w+::)*test\b)|^\s*(?:///|//!|\*|#|)\s*>>> \S|^\s*unittest\s*\{"
    r"|^\s*(?:async\s+)?def test_\w+\(|\bimport\.meta\.vitest\b|^test \".*\{|^\s*@testset\b"
)
"""Tests that stand in the file that they test: Rust, doctests, D, Python, Vitest, Zig, Julia."""
_BESIDE = (
    "test_{stem}{suffix}",
    "{stem}_test{suffix}",
    "{stem}_tests{suffix}",
    "{stem}.test{suffix}",
    "{stem}.spec{suffix}",
    "{stem}_spec{suffix}",
    "{stem}Test{suffix}",
    "tests{suffix}",
    "tests/test_{stem}{suffix}",
    "test/test_{stem}{suffix}",
    "__tests__/{stem}.test{suffix}",
)


def called(path: str) -> str:
    """Return what a file is called among others: the front of a package is called as its folder."""
    stem = PurePosixPath(path).stem.strip("_")
    return PurePosixPath(path).parent.name if stem in _ENTRY_STEMS else stem


class Seam(msgspec.Struct, frozen=True):
    """A class that is meant to have other implementations."""

    name: str
    path: str
    line: int
    kinds: tuple[str, ...]  # the classes that derive from it, `name`
    methods: tuple[str, ...]  # the ones it leaves to them
    wired: str  # where one of them is chosen, as `path:line`
    wiring: str  # that line


class Place(msgspec.Struct, frozen=True):
    """A file that the goal touches, with what else the change will reach."""

    path: str
    language: str
    lines: int
    kind: str
    reasons: tuple[str, ...]
    symbols: tuple[Symbol, ...]  # defined here and named by the goal's words, the closest first
    seam: Seam | None
    importers: tuple[str, ...]
    tests: tuple[str, ...]
    documents: tuple[str, ...]  # `path:line` where the first symbol is documented
    deprecated: tuple[str, ...]  # `name` (`path:line` that says so): nothing new builds on it
    exported: str  # the package's front file that passes the first symbol on
    spot: Spot | None = None  # the lines that the change most likely touches


def holds_tests(path: str, text: str) -> bool:
    """Whether a file is called as tests are or has the text of one."""
    return is_test_name(path) or _TEST_TEXT.search(text) is not None


_CHANCE = re.compile(
    r"(?i) about `(?:feat|fix|docs?|chore|refactor|perf|style|build|add|support|use)` changed it$"
    r"|^changed with .* in 1 commit$"
)
"""What says nothing of a file: a label that many commits have, a single commit of many files."""


def informative_reasons(reasons: Sequence[str]) -> list[str]:
    """Return the reasons that say more than how often a word stands in a file, where one does."""
    plain = [each for each in reasons if not (each.startswith("says ") or _CHANCE.search(each))]
    return [each for each in plain if not each.endswith(" in its path")] or plain or list(reasons)


class Sources:
    """Answers questions about the code of one repository, each bounded."""

    def __init__(
        self, tree: "Tree", imports: Mapping[str, Sequence[str]], index: "Index | None" = None
    ) -> None:
        """`imports` maps each importing file to the files it imports.

        `index` knows which words stand in which files: without it, each is looked through.
        """
        self.tree = tree
        self._index = index
        self._derived: dict[str, list[tuple[str, str]]] = {}
        self.importers: dict[str, list[str]] = {}
        for source, targets in imports.items():
            for target in targets:
                self.importers.setdefault(target, []).append(source)

    def of_kind(self, kind: str) -> "list[SourceFile]":
        """Return the files of a kind, in order of their paths."""
        return [file for file in self.tree.files if file.kind == kind]

    def naming(self, kind: str, names: Iterable[str]) -> "list[SourceFile]":
        """Return the files of a kind in which one of `names` may stand as a whole word."""
        files = self.of_kind(kind)
        terms = [counted(name) for name in names]
        if self._index is None or not all(terms):
            return files
        known = self._index.numbers
        matching = {number for each in terms for number in self._index.with_all(each)}
        return [
            file
            for file in files
            if file.path not in known
            or known[file.path] in matching
            or not self._index.facts[known[file.path]].is_whole
        ]

    def derived_from(self, base: str) -> list[tuple[str, str]]:
        """Return the (class, path) pairs of the classes that name `base` as one of theirs."""
        if base not in self._derived:
            self._derived[base] = [
                (match["name"], file.path)
                for file in self.naming("code", [base])
                for match in _CLASS.finditer(self.tree.text(file.path) or "")
                for each in re.findall(r"\w+", match["bases"] or match["more"] or "")
                if each == base
            ]
        return self._derived[base]

    @cached_property
    def classes(self) -> list[str]:
        """Return the names of all classes in the code, sorted."""
        texts = (self.tree.text(file.path) or "" for file in self.naming("code", ["class"]))
        return sorted({match["name"] for text in texts for match in _CLASS.finditer(text)})

    def holds_tests(self, path: str) -> bool:
        """Whether a file holds tests, by its name or else by its text; helpers of tests do not."""
        return holds_tests(path, self.tree.text(path) or "")

    def place(
        self,
        path: str,
        reasons: Sequence[str],
        terms: Sequence[str],
        *,
        heads: Collection[str] = (),
        literal: Collection[str] = (),
        seam_first: bool = False,
    ) -> Place:
        """Gather what is known about the file at `path` for a change about `terms`.

        `heads` are the stems of the terms that name the thing itself, `literal` the names that the
        goal writes as code.
        """
        file = self.tree.file(path)
        assert file is not None
        text = self.tree.text(path) or ""
        current, retired = by_age(symbols(text), text)
        seam = self._seam(path, text, current, terms)
        named = named_symbols(current, terms, heads, literal) or holding(current, text, terms)
        if seam and seam_first:
            # What is to be implemented again is what a reader wants to see first.
            named.sort(key=lambda symbol: symbol.name != seam.name)
        first = named[0].name if named else ""
        return Place(
            path,
            file.language,
            file.lines,
            file.kind,
            tuple(reasons),
            tuple(named),
            seam,
            tuple(
                each
                for each in self.importers.get(path, ())
                if self._is_code(each) and not ASIDE.match(each)
            ),
            tuple(self._tests(path, [symbol.name for symbol in named[:NAMED_MAX]])),
            tuple(self._documents(first)) if first else (),
            tuple(
                f"`{symbol.name}` (`{path}:{retired[symbol]}`)"
                for symbol in named_symbols(list(retired), terms)[:NAMED_MAX]
            ),
            self._exported(first, path) if first else "",
        )

    def about(self, place: Place, name: str, line: int, tests: Sequence[str] = ()) -> Place:
        """Return the place as it looks for a change of one definition, `Outer.inner` or plain.

        `tests` are test files that answer to the change, the likeliest first.
        """
        text = self.tree.text(place.path) or ""
        outer, _, inner = name.rpartition(".")
        own = [each for each in symbols(text) if each.line == line]
        others = [each for each in place.symbols if each.name != inner]
        return msgspec.structs.replace(
            place,
            symbols=(*own, *others),
            tests=tuple(self._tests(place.path, [inner], tests)) or place.tests,
            documents=tuple(self._documents(inner)),
            exported=self._exported(outer.rpartition(".")[2] or inner, place.path),
        )

    def at(self, place: Place, spot: Spot) -> Place:
        """Return the place as it looks for a change of the lines of `spot`."""
        tail = spot.name.rpartition(".")[2]
        own = [
            each
            for each in symbols(self.tree.text(place.path) or "")
            if each.name == tail and each.line <= spot.last
        ]
        there = self.about(place, tail, own[-1].line, place.tests) if own else place
        return msgspec.structs.replace(there, spot=spot)

    def users(self, name: str, kind: str) -> list[str]:
        """Return the files of a kind in which the last part of `name` stands as a word."""
        last = name.rpartition(".")[2]
        whole = re.compile(rf"(?<!\w){re.escape(last)}(?!\w)")
        files = [file.path for file in self.naming(kind, [last])]
        return [path for path in files if whole.search(self.tree.text(path) or "")]

    def find(
        self, regex: str, paths: Iterable[str], *, in_text: bool = False
    ) -> tuple[str, str, int] | None:
        """Return the (text, path, line) of the first match in these files, in their order.

        Comments never count, and strings only where what is looked for may stand `in_text`.
        """
        compiled = re.compile(regex)
        for path in paths:
            text = without_prose(self.tree.text(path) or "", strings=not in_text)
            for match in compiled.finditer(text):
                start = text.rfind("\n", 0, match.start()) + 1
                if _IMPORT.match(text, start):
                    continue
                return match.group(), path, text.count("\n", 0, match.start()) + 1
        return None

    def _is_code(self, path: str) -> bool:
        file = self.tree.file(path)
        return file is not None and file.kind == "code"

    def _seam(
        self, path: str, text: str, current: Sequence[Symbol], terms: Sequence[str]
    ) -> Seam | None:
        found = [symbol for symbol in current if symbol.is_type]
        best: tuple[int, Seam] | None = None
        for symbol in found:
            hits = sum(1 for term in terms if pattern(term).search(symbol.name))
            seam = self._as_seam(symbol, path, text) if hits else None
            if seam:
                rank = 10 * hits + 3 * bool(seam.methods) + min(2, len(seam.kinds))
                if best is None or rank > best[0]:
                    best = rank, seam
        return best[1] if best else None

    def _as_seam(self, symbol: Symbol, path: str, text: str) -> Seam | None:
        kinds = sorted({name for name, _ in self.derived_from(symbol.name)})
        methods = left_open(symbol, text)
        if (symbol.name, path) in self.derived_from("Protocol"):
            # Python protocols have few subclasses; implementations often share the name.
            methods = public_methods(symbol, text)
            kinds = kinds or [name for name in self.classes if name.endswith(symbol.name)]
            kinds = [name for name in kinds if name != symbol.name]
        if not methods and not (kinds and _OPEN_ENDED.search(symbol.name)):
            return None
        wired = self._wired([symbol.name, *kinds], path)
        return Seam(symbol.name, path, symbol.line, tuple(kinds), tuple(methods), *wired)

    def _wired(self, names: Sequence[str], home: str) -> tuple[str, str]:
        joined = "|".join(re.escape(name) for name in names)
        regex = re.compile(
            rf"(?m)^[ \t]*[\w.]+\s*(?::[^=\n]+)?=\s*(?:new\s+)?(?:\w+\.)*(?:{joined})\(.*$"
        )
        for file in self.naming("code", names):
            text = (
                self.tree.text(file.path) or ""
                if file.path != home and not ASIDE.match(file.path)
                else ""
            )
            match = regex.search(text)
            if match:
                line = text.count("\n", 0, match.start()) + 1
                return f"{file.path}:{line}", match.group().strip()
        return "", ""

    def _tests(self, path: str, names: Sequence[str], likely: Sequence[str] = ()) -> list[str]:
        names = [name for name in names if name.lower() not in _IN_EVERY_FILE]
        stem = called(path)
        whole = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names)) if names else None
        closest = re.compile(rf"\b{re.escape(names[0])}\b") if names else None
        named, using = [], []
        about = re.compile(rf"(?:^|[_.-]){re.escape(stem.rstrip('s'))}s?(?:$|[_.-])")
        saying = {file.path for file in self.naming("test", names)} if names else set()
        for file in self.of_kind("test"):
            if stem and self._is_code(path) and about.search(PurePosixPath(file.path).stem):
                named.append(file.path)
            elif whole and closest and file.path in saying:
                text = self.tree.text(file.path) or ""
                count = len(whole.findall(text))
                if count:
                    using.append((-len(closest.findall(text)), -count, file.path))
        ordered = [found for *_, found in sorted(using)]
        ordered.sort(key=lambda each: likely.index(each) if each in likely else len(likely))
        found = [*self._inside_or_beside(path), *named, *ordered]
        if path.endswith(".py"):  # Its doctests are examples first: new tests go into test files.
            found.sort(key=lambda each: each == path)
        own = re.compile(rf"(?:^|[_.-]){re.escape(names[0].lower())}$") if names else None
        # A test that is called as the very definition knows it best: `test_cached` for `cached`.
        found.sort(key=lambda each: not (own and own.search(PurePosixPath(each).stem.lower())))
        tests = [each for each in found if each == path or self.holds_tests(each)]
        return list(dict.fromkeys(tests))[:NAMED_MAX]

    def _inside_or_beside(self, path: str) -> Iterator[str]:
        """Yield a file that holds tests of its own, and one beside it that is named as its test."""
        if _TESTS_INSIDE.search(self.tree.text(path) or ""):
            yield path
        pure = PurePosixPath(path)
        for name in _BESIDE:
            beside = str(pure.parent / name.format(stem=pure.stem, suffix=pure.suffix))
            if beside != path and self.tree.file(beside) is not None:
                yield beside

    def _documents(self, name: str) -> list[str]:
        found = []
        whole = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        for file in self.naming("document", [name]) if len(name) > 4 else ():
            if _NOT_FOR_READERS.search(file.path):
                continue
            text = self.tree.text(file.path) or ""
            lines = (text.count("\n", 0, match.start()) + 1 for match in whole.finditer(text))
            line = next((each for each in lines if each > TITLE_LINES), 0)
            if line:
                found.append(f"{file.path}:{line}")
        found.sort(key=lambda each: not re.match(r"README\.\w+:", each))
        return found[:NAMED_MAX]

    def _exported(self, name: str, path: str) -> str:
        folder = PurePosixPath(path).parent
        for front in ("__init__.py", "index.js", "index.ts", "mod.rs", "lib.rs"):
            for above in (folder, folder.parent):
                candidate = str(above / front)
                text = self.tree.text(candidate) if candidate != path else None
                if text and _EXPORT.search(text) and re.search(rf"\b{re.escape(name)}\b", text):
                    return candidate
        return ""
