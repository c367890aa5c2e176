"""Finds codemods in commits: the same change of syntax at many places, proven by running it.

A change counts as a codemod only where the derived rewrite, applied to the files before the commit,
reproduces the commit at three places or more, changes little that the commit left alone, and
changes nothing when it is applied again.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod, Fixture, Place
from missioncontrol.learning.edits import VARIABLE, Edit
from missioncontrol.learning.generalisation import (
    MEMBERS,
    NAMED_ARGUMENT,
    NoRewrite,
    Term,
    generalised,
    is_head,
    shape_of,
    terms_of,
)
from missioncontrol.learning.node_pairs import Chain, Pair, chains
from missioncontrol.learning.python_names import moves, needs
from missioncontrol.learning.rewrite import rewritten, rewritten_piece
from missioncontrol.learning.tree import BLOCKS, Node, flat, language_of
from missioncontrol.ports.history import Changed, Commit

PLACES_MIN = 3
HELD_MIN = 0.75
"""The least share of rewritten places at which the commit made the same change."""

TEXT_MAX, LINES_MAX = 300, 4
"""Of a place: a larger change is no rewrite but new code."""

LEVELS_MAX = 3
FIXTURES_MAX = 12
FILES_MAX = 400
BYTES_MAX = 400_000
GROUPS_MAX = 400

_NO_PLACE = re.compile(
    r"argument|parameter|comment|import|dotted_name|definition|declaration|decorat|string_"
    r"|escape|pair|splat|interpolation|ERROR|expression_list|pattern_list|_clause|_statement"
    r"|^(type|property_identifier|field_identifier|module|program|source_file|:|attribute_item)$"
)
_STATEMENTS = frozenset(
    {"expression_statement", "assert_statement", "raise_statement", "return_statement"}
)
_NAME = frozenset({"identifier", "type_identifier"})
_ALONE = re.compile(r"\$[A-Z]|\$[A-Z] = \$[A-Z]")
_MADE = re.compile(r"\b(?:let|const|var|function|class|func|fn|type|struct|void|int)\s+(\w+)")
_SMALL_WORDS = frozenset({"self", "cls", "this"})


class Found(msgspec.Struct, frozen=True):
    """A codemod, and the places it was read off."""

    codemod: Codemod
    language: str
    fixtures: tuple[Fixture, ...]
    count: int  # of places whose outcome it makes
    rewrites: int  # of places it rewrites in the files as they were


class _Case(msgspec.Struct, frozen=True):
    """One place at one level: what stood there, and what stands there now."""

    chain: tuple[str, int]
    level: int
    place: Place
    at: int  # where it begins
    before: str
    after: str
    terms: tuple[Term, Term]

    @property
    def spot(self) -> tuple[str, int, int, int]:
        """The same for cases that are about the same node."""
        return (self.place.path, self.place.line, self.at, len(self.before))


def codemods_of(commit: Commit) -> list[Found]:
    """Return the codemods that a commit teaches, those with most places first."""
    found: list[Found] = []
    by_language: dict[str, list[Changed]] = defaultdict(list)
    for file in commit.files[:FILES_MAX]:
        if max(len(file.before), len(file.after)) <= BYTES_MAX:
            by_language[language_of(file.path)].append(file)
    for language, files in by_language.items():
        if language:
            found += _taught(commit.id, language, files)
    return sorted(found, key=lambda each: (-each.count, each.codemod.before))


def _taught(commit: str, language: str, files: Sequence[Changed]) -> Iterator[Found]:
    known = {file.path: file for file in files}
    if language == "python":
        for codemod, places in moves(files):
            yield from _proven(codemod, language, _imports(commit, places), known)
    cases = [case for file in files for case in _cases(commit, language, file)]
    sides = {
        file.path: (_names_of(file.before, language), _names_of(file.after, language))
        for file in files
    }
    made = set[str]().union(*(before.all for before, _ in sides.values()))
    local = {path: before.local | after.local for path, (before, after) in sides.items()}
    done: set[tuple[str, int]] = set()
    for codemod, group in _rewrites(cases, local, done):
        is_narrow = len({each.place.path for each in group}) == 1
        if _is_own_name(codemod, made) or (is_narrow and _is_vague(codemod)):
            continue
        fixtures = [Fixture(each.place, each.before, each.after) for each in group]
        for found in _proven(codemod, language, fixtures, known):
            if language == "python":
                found = _with_needs(found, known)
            spots = {each.spot for each in group}
            done.update(each.chain for each in cases if each.spot in spots)
            yield found


def _imports(commit: str, places: Sequence[tuple[str, int, str, str]]) -> list[Fixture]:
    return [
        Fixture(Place(path, line, commit), before, after) for path, line, before, after in places
    ]


# Places, at every level at which they could be rewritten.


def _cases(commit: str, language: str, file: Changed) -> Iterator[_Case]:
    for number, chain in enumerate(chains(file.before, file.after, language)):
        for level, pair in enumerate(_levels(chain)):
            before, after = pair
            place = Place(file.path, before.line, commit)
            yield _Case(
                (file.path, number),
                level,
                place,
                before.begin,
                before.text,
                after.text,
                terms_of(pair),
            )


def _levels(chain: Chain) -> list[Pair]:
    """Return the pairs of a chain that could be places, the innermost first."""
    found: list[Pair] = []
    for depth in range(len(chain) - 1, -1, -1):
        pair, around = chain[depth], chain[:depth]
        if any(each.kind in BLOCKS for each in pair) or len(found) == LEVELS_MAX:
            break
        if all(_is_place(each) for each in pair) and not _is_part(pair, around):
            found.append(pair)
    return found


def _is_place(node: Node) -> bool:
    if not node.is_named or len(node.text) > TEXT_MAX or node.text.count("\n") >= LINES_MAX:
        return False
    if is_head(node.kind, node.text):
        return True
    if _NO_PLACE.search(node.kind) and node.kind not in _STATEMENTS:
        return False
    return not _holds_block(node)


def _holds_block(node: Node) -> bool:
    return any(each.kind in BLOCKS or _holds_block(each) for each in node.children)


def _is_part(pair: Pair, around: Chain) -> bool:
    """Whether a name is only a part of what is named, or the name of something made here."""
    if not around or pair[0].kind not in _NAME:
        return False
    holder = around[-1][0]
    if holder.kind in MEMBERS:
        return True
    if holder.kind == NAMED_ARGUMENT:
        return True
    return bool(
        re.search(r"parameter|definition|declar|import|dotted_name|assignment", holder.kind)
    )


# Groups of places, and the rewrite that each is a case of.


def _rewrites(
    cases: Sequence[_Case], local: Mapping[str, set[str]], done: set[tuple[str, int]]
) -> Iterator[tuple[Codemod, list[_Case]]]:
    """Yield rewrites with the places they are read off; the innermost and strictest first."""
    for is_loose in (False, True):
        groups: Mapping[tuple[str, str], list[_Case]] = defaultdict(list)
        for case in cases:
            groups[shape_of(*case.terms, is_loose=is_loose)].append(case)
        order = sorted(
            (each for each in groups.values() if len(each) >= PLACES_MIN),
            key=lambda each: (min(case.level for case in each), -len(each), each[0].before),
        )
        for group in order[:GROUPS_MAX]:
            left = _distinct(case for case in group if case.chain not in done)
            if len(left) < PLACES_MIN:
                continue
            names = set.intersection(*(local[case.place.path] for case in left))
            try:
                before, after = generalised([case.terms for case in left], names)
            except NoRewrite:
                continue
            if _is_specific(before, after):
                yield Codemod("syntax", before, after), left


def _distinct(cases: Iterable[_Case]) -> list[_Case]:
    """Return each place once: a place with two differing parts comes twice."""
    return list({each.spot: each for each in cases}.values())


def _is_specific(before: str, after: str) -> bool:
    """Whether a template names anything that is looked for."""
    words = set(re.findall(r"[^\W\d]\w*", _plain(before))) - _SMALL_WORDS
    dropped = {each[0] for each in VARIABLE.finditer(before)} - {
        each[0] for each in VARIABLE.finditer(after)
    }
    # What is dropped may be an argument; dropped as the thing itself, it could be anything.
    is_vague = any(re.search(rf"{re.escape(each)}(\.|\s*[:=])", before) for each in dropped)
    return bool(words) and not is_vague and _plain(before) != _plain(after)


def _plain(text: str) -> str:
    return re.sub(r"""(?<!\w)[rbufRBUF]{0,2}(["'`]).*?\1""", "''", VARIABLE.sub(" ", text))


def _is_vague(codemod: Codemod) -> bool:
    """Whether a rewrite is too short for what it does in a single file to mean anything."""
    return bool(_ALONE.fullmatch(codemod.after) or re.fullmatch(r"\w+", codemod.before))


def _is_own_name(codemod: Codemod, made: set[str]) -> bool:
    """Whether this gives another name to something that the changed files make themselves.

    Where the old name is gone, running the code shows that without a pattern.
    """
    if re.fullmatch(r"\w+", codemod.before):
        return codemod.before in made
    words = [re.findall(r"\w+", each) for each in (codemod.before, codemod.after)]
    marks = [re.sub(r"\w+", "x", flat(each)) for each in (codemod.before, codemod.after)]
    gone = set(words[0]) - set(words[1])
    return marks[0] == marks[1] and bool(gone) and gone <= made


class _Names(msgspec.Struct, frozen=True):
    """The names that a file makes itself."""

    all: set[str]
    local: set[str]  # those of its functions: they say nothing outside of them


def _names_of(text: str, language: str) -> _Names:
    if language != "python":
        return _Names(set(_MADE.findall(text)), set())
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return _Names(set(), set())
    found: set[str] = set()
    local: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.ClassDef(name=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
                local |= _local(node)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    top = {
        name.id for each in tree.body if not isinstance(each, functions) for name in _stored(each)
    }
    return _Names(found | local, local - top - _SMALL_WORDS)


def _local(function: ast.AST) -> set[str]:
    arguments = {each.arg for each in ast.walk(function) if isinstance(each, ast.arg)}
    return arguments | {each.id for each in _stored(function)}


def _stored(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names that a statement gives; of one at the top, none of what is inside."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    todo: list[ast.AST] = list(ast.iter_child_nodes(node)) if isinstance(node, inner) else [node]
    while todo:
        here = todo.pop()
        if isinstance(here, inner):
            continue
        if isinstance(here, ast.Name) and isinstance(here.ctx, ast.Store):
            yield here
        todo += ast.iter_child_nodes(here)


def _with_needs(found: Found, files: Mapping[str, Changed]) -> Found:
    texts = [files[path].after for path in {each.place.path for each in found.fixtures}]
    codemod = msgspec.structs.replace(found.codemod, needs=needs(found.codemod, texts))
    return msgspec.structs.replace(found, codemod=codemod)


# Proof by running.


def _proven(
    codemod: Codemod, language: str, fixtures: Sequence[Fixture], files: Mapping[str, Changed]
) -> Iterator[Found]:
    """Yield the codemod where history bears it out."""
    held = [each for each in fixtures if holds(codemod, language, each)]
    if len(held) < PLACES_MIN:
        return
    edits: list[Edit] = []
    paths = list(dict.fromkeys(each.place.path for each in held))
    for path in paths:
        try:
            once = rewritten(codemod, language, files[path].before)
            twice = rewritten(codemod, language, once.text) if path == paths[0] else None
        except Rejected:
            return
        edits += once.edits
        if (twice is not None and twice.edits) or len(edits) * HELD_MIN > len(held):
            return
    outcome = {flat(each.before): flat(each.after) for each in edits}
    held = [each for each in held if outcome.get(flat(each.before)) == flat(each.after)]
    if len(held) >= PLACES_MIN and len(held) >= HELD_MIN * len(edits):
        yield Found(codemod, language, tuple(held[:FIXTURES_MAX]), len(held), len(edits))


def holds(codemod: Codemod, language: str, fixture: Fixture) -> bool:
    """Whether a codemod turns a fixture into its outcome, and changes nothing when repeated."""
    try:
        once = rewritten_piece(codemod, language, fixture.before)
        twice = rewritten_piece(codemod, language, once.text)
    except Rejected:
        return False
    return flat(once.text) == flat(fixture.after) and not twice.edits
