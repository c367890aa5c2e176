"""Which of the lines that a plan looks at ran in the nearest tests, and in which of them.

How each language reports it: `answered` for pytest, `lines_node.py` for Node,
`line_coverage.py` for Go.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.estimates import Spot
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.relevance import foreseen
from missioncontrol.specialists.symbols import symbols
from missioncontrol.specialists.words import parts, significant_words, stem

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

FILES_MAX = 3
SPOTS_MAX = 4
BLOCKS_MAX = 300
"""Definitions of one file that are reported separately."""
PLUGIN = "mission_lines"
LINES_VARIABLE = "MISSION_LINES"
ANSWER_BYTES_MAX = 64 * 1024 * 1024
_FUNCTIONS = frozenset({"def", "fn", "func", "function", "function*"})
_FUNCTION = re.compile(r"=>|\bfunc(?:tion)?\b")


class Block(msgspec.Struct, frozen=True):
    """Lines of a file: those of a spot of the plan, or of a definition beside it."""

    path: str
    name: str
    line: int
    last: int
    is_spot: bool
    in_functions: bool  # whether any of them lies in a function: others run on import alone

    @property
    def lines(self) -> str:
        """The first and the last line: `12-40`."""
        return Spot(self.name, self.line, self.last).lines

    @property
    def label(self) -> str:
        """The lines for a sentence: `lines 12-40`."""
        return Spot(self.name, self.line, self.last).label


class BlockRun(msgspec.Struct, frozen=True):
    """How many tests ran a block, and the one that says most of it."""

    block: Block
    tests: int
    test: str = ""


class LinesRan(msgspec.Struct, frozen=True):
    """What was seen of the plan's lines."""

    tests: int = 0  # that were watched
    runs: tuple[BlockRun, ...] = ()  # spots in the order of the plan, then other definitions
    unit: str = "test"  # what is counted: "test file" where its tests count together
    missing: str = ""  # one sentence on why nothing is known of the lines

    @property
    def spots(self) -> list[BlockRun]:
        """The spots of the plan."""
        return [each for each in self.runs if each.block.is_spot]


def watched(plan: Plan, tree: "Tree", endings: tuple[str, ...] = (".py",)) -> list[Block]:
    """Return the spots of the first files of a language that are no tests, then all they define."""
    files = [file for file in foreseen(plan) if _is_code(tree, file.path, endings)][:FILES_MAX]
    spots: list[Block] = []
    rest: list[Block] = []
    for file in files:
        text = tree.text(file.path) or ""
        find = _definitions if file.path.endswith(".py") else _definitions_by_form
        inside = list(find(file.path, text))
        spots += [_spot(file.path, spot, inside, text) for spot in file.spots[:SPOTS_MAX]]
        rest += inside[:BLOCKS_MAX]
    return [*spots, *rest]


def ask(blocks: Sequence[Block], copy: Path, place: Path) -> dict[str, str]:
    """Write what the plugin is to watch, and the plugin; return the variables that tell it."""
    place.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("lines_plugin.py")
    (place / f"{PLUGIN}.py").write_text(source.read_text())
    asked: dict[str, list[list[int]]] = {}
    for each in blocks:
        asked.setdefault(str(copy / each.path), []).append([each.line, each.last])
    (place / "asked.json").write_text(json.dumps(asked))
    return {LINES_VARIABLE: str(place / "asked.json")}


def answered(blocks: Sequence[Block], copy: Path, place: Path, goal: str) -> LinesRan:
    """Return what the plugin saw; nothing where it saw nothing or did not come to answer."""
    by_file: dict[str, list[Block]] = {}
    for each in blocks:
        by_file.setdefault(str((copy / each.path).resolve()), []).append(each)
    total = 0
    ran: dict[Block, dict[str, int]] = {}
    for path in sorted(place.glob("asked.json.ran.*")):
        tests, found = _read(path)
        total += len(tests)
        for name, at, counts in found:
            if name in by_file and at < len(by_file[name]):
                ran.setdefault(by_file[name][at], {}).update(
                    {tests[number]: count for number, count in counts if number < len(tests)}
                )
    return _count_tests(blocks, total, ran, goal, "test")


def of_lines(
    blocks: Sequence[Block],
    ran: Mapping[str, Mapping[str, set[int]]],
    goal: str,
    unit: str,
    lacks: int = 0,
) -> LinesRan:
    """Return what is known of blocks where each test, or test file, has lines by their file.

    Where `lacks` others were not seen, a block that none of the seen ones runs is not reported.
    """
    counts = {
        each: {
            test: count
            for test, lines in ran.items()
            if (count := sum(each.line <= line <= each.last for line in lines.get(each.path, ())))
        }
        for each in blocks
    }
    known = [each for each in blocks if counts[each] or not lacks]
    found = _count_tests(known, len(ran), counts, goal, unit)
    of = f"{len(ran)} of {counted(len(ran) + lacks, unit)}"
    missing = f"Lines are known of {of} only: of the others there is no coverage." if lacks else ""
    return msgspec.structs.replace(found, missing=missing)


def _count_tests(
    blocks: Sequence[Block],
    total: int,
    ran: Mapping[Block, Mapping[str, int]],
    goal: str,
    unit: str,
) -> LinesRan:
    """Count the tests of each block; nothing where none was watched."""
    breadth: dict[str, int] = {}
    for counts in ran.values():
        for test in counts:
            breadth[test] = breadth.get(test, 0) + 1
    words = _stems(goal)
    runs = [
        BlockRun(each, len(ran.get(each, {})), _best_test(ran.get(each, {}), breadth, words))
        for each in blocks
    ]
    return LinesRan(total, tuple(runs), unit) if total else LinesRan()


def sharpened(lines: LinesRan, goal: str) -> str:
    """Say which definition to look at first where no test runs the first spot.

    It has the goal's words and is run; "" where there is none, or the first spot is run.
    """
    first = next(iter(lines.spots), None)
    if first is None or first.tests or not first.block.in_functions:
        return ""
    words = _stems(goal)
    others = [
        (len(words & _stems(" ".join(parts(each.block.name)))), each)
        for each in lines.runs
        if each.tests and each.block.name and not _overlap(each.block, first.block)
    ]
    shared, best = max(others, key=lambda pair: pair[0], default=(0, first))
    if not shared:
        return ""
    return (
        f"No nearest test runs {first.block.label} of `{first.block.path}`; `{best.block.name}` "
        f"({best.block.label} of `{best.block.path}`) has the goal's words and is run by "
        f"{counted(best.tests, lines.unit)}: look there first"
    )


def _best_test(counts: Mapping[str, int], breadth: Mapping[str, int], words: set[str]) -> str:
    """Return the test with most words of the goal in its name.

    Of several, the one that runs most of the block and least beside it.
    """

    def rank(test: str) -> tuple[int, int, int, str]:
        name = re.sub(r"\[.*", "", test.rpartition("::")[2])
        shared = len(words & _stems(" ".join(parts(name))))
        return (-shared, -counts[test], breadth[test], test)

    return min(counts, key=rank, default="")


def _stems(text: str) -> set[str]:
    return {stem(word) for word in significant_words(text)} - {stem("test")}


def _overlap(one: Block, other: Block) -> bool:
    return one.path == other.path and one.line <= other.last and other.line <= one.last


def _is_code(tree: "Tree", path: str, endings: tuple[str, ...]) -> bool:
    file = tree.file(path)
    is_types = path.endswith((".d.ts", ".d.mts", ".d.cts"))  # Nothing of them ever runs.
    return file is not None and file.kind == "code" and path.endswith(endings) and not is_types


def _spot(path: str, spot: Spot, inside: Sequence[Block], text: str) -> Block:
    last = max(spot.last, spot.line)
    in_functions = any(
        each.in_functions and each.line < last and spot.line <= each.last for each in inside
    )
    if not path.endswith(".py"):  # Functions without a name are no definitions.
        code = "\n".join(text.split("\n")[spot.line - 1 : last])
        in_functions = in_functions or _FUNCTION.search(code) is not None
    return Block(path, spot.name, spot.line, last, True, in_functions)


def _definitions(path: str, text: str) -> Iterator[Block]:
    """Yield the functions and methods that a Python file defines, top to bottom."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    found = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for node in sorted(found, key=lambda node: node.lineno):
        yield Block(path, node.name, node.lineno, node.end_lineno or node.lineno, False, True)


def _definitions_by_form(path: str, text: str) -> Iterator[Block]:
    """Yield the functions of a file in a language with braces, by how its lines look.

    A function ends at the first closing brace that stands no deeper than its beginning.
    """
    lines = text.expandtabs(4).split("\n")
    for each in symbols(text):
        if each.word not in _FUNCTIONS:
            continue
        closing = (
            number
            for number, line in enumerate(lines[each.line :], each.line + 1)
            if line.lstrip()[:1] == "}" and len(line) - len(line.lstrip()) <= each.indent
        )
        yield Block(path, each.name, each.line, next(closing, each.line), False, True)


def _read(path: Path) -> tuple[list[str], list[Any]]:
    """Return one process's report; the project's own code may have written anything there."""
    try:
        if path.stat().st_size > ANSWER_BYTES_MAX:
            return [], []
        found = msgspec.json.decode(path.read_bytes(), type=_Answer)
    except (OSError, msgspec.DecodeError):
        return [], []
    return found.tests, found.blocks


class _Answer(msgspec.Struct):
    tests: list[str]
    blocks: list[tuple[str, int, list[tuple[int, int]]]]
