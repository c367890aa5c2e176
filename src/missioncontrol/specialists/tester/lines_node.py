"""Which lines of JavaScript and TypeScript ran, from the coverage that Node itself writes.

`NODE_V8_COVERAGE` works for every runner, as it works below all of them. A file of it is one
process or thread; the test file it loaded, or its parent did, is the one whose lines it reports.
What only the import of a module runs is left out.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from missioncontrol.specialists.tester.source_maps import Segment, read_map

LINES_VARIABLE = "MISSION_LINES"
PRELOAD = "lines_preload.cjs"
BYTES_MAX = 256 * 1024 * 1024
"""Of the files that one run may write; those beyond are left out."""
PARENTS_MAX = 10
_WRAPPERS = frozenset({"", "Object.<anonymous>"})
"""Names of functions that runners put around a module."""
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_COMMENT = re.compile(r"(?m)^//[#@] source\w+=.*$")
_DUMP = re.compile(r"coverage-(\d+)-\d+-(\d+)\.json")

Ran = dict[str, set[int]]
"""Lines that ran, by the path of their file."""


class Range(msgspec.Struct, frozen=True, rename="camel"):
    """Code units of a script, and how often they ran."""

    start_offset: int
    end_offset: int
    count: int


class Function(msgspec.Struct, frozen=True, rename="camel"):
    """The ranges of a function, its own first."""

    function_name: str
    ranges: list[Range]


class _Covered(msgspec.Struct, rename="camel"):
    script_id: str
    functions: list[Function]


class _Dump(msgspec.Struct):
    result: list[_Covered]


class _Parent(msgspec.Struct):
    parent: int


class _Script(msgspec.Struct):
    id: str
    path: str
    map: str
    shift: int
    text: str


class _Process(msgspec.Struct):
    """What one thread of a process loaded."""

    parent: int
    scripts: dict[str, tuple[_Script, list[list[Segment]] | None]]  # in the order of loading
    tests: dict[str, str]  # test files by the script that is theirs

    def is_isolated(self, wanted: Mapping[str, str]) -> bool:
        """Whether test files each load their own copies of the watched modules, as in jest."""
        paths = [script.path for script, _ in self.scripts.values() if script.path in wanted]
        return len(self.tests) > 1 and len(paths) > len(set(paths))

    def test_of(self, script: str) -> str:
        """Return the last test file that was loaded before a script, where they are isolated."""
        found = ""
        for each in self.scripts:
            found = self.tests.get(each, found)
            if each == script:
                return found
        return ""


class Seen(msgspec.Struct):
    """What a run showed."""

    ran: dict[str, Ran]  # by test file
    is_shared: bool = False  # whether one process ran several of the test files


def ask(watched: Sequence[str], tests: Sequence[str], copy: Path, place: Path) -> dict[str, str]:
    """Write what is watched below `place`; return the variables that have Node tell of it."""
    top = copy.resolve()
    for name in ("v8", "scripts"):
        (place / name).mkdir(parents=True, exist_ok=True)
    preload = place / PRELOAD
    preload.write_text(Path(__file__).with_name(PRELOAD).read_text())
    files = [str(top / path) for path in (*watched, *tests)]
    asked = {"answers": str(place / "scripts"), "top": str(top), "files": files}
    (place / "asked.json").write_text(json.dumps(asked))
    return {
        LINES_VARIABLE: str(place / "asked.json"),
        "NODE_V8_COVERAGE": str(place / "v8"),
        "NODE_OPTIONS": f"--require={json.dumps(str(preload))}",
    }


def answered(watched: Sequence[str], tests: Sequence[str], copy: Path, place: Path) -> Seen:
    """Return which lines of the watched files ran for each test file.

    The project's own code may have written anything there: what cannot be read is left out.
    """
    top = copy.resolve()
    wanted = {str(top / path): path for path in watched}
    named = {str(top / path): path for path in tests}
    processes = dict(_processes(place / "scripts", top, named))
    seen = Seen({})
    left = BYTES_MAX
    for path in sorted((place / "v8").glob("coverage-*.json")):
        match = _DUMP.fullmatch(path.name)
        key = (int(match[1]), int(match[2])) if match else (0, 0)
        process = processes.get(key)
        if process is None or path.stat().st_size > left:
            continue
        left -= path.stat().st_size
        owners = _owners(key, processes)
        is_isolated = process.is_isolated(wanted)
        seen.is_shared = seen.is_shared or (len(owners) > 1 and not is_isolated)
        for test in owners if len(owners) == 1 or is_isolated else ():
            seen.ran.setdefault(test, {})
        for script, name, line in _lines_of(path, process):
            test = process.test_of(script) if is_isolated else next(iter(owners), "")
            if name in wanted and test in seen.ran:
                seen.ran[test].setdefault(wanted[name], set()).add(line)
    return seen


def _processes(
    place: Path, top: Path, named: Mapping[str, str]
) -> Iterator[tuple[tuple[int, int], _Process]]:
    left = BYTES_MAX
    for path in sorted(place.glob("*.jsonl")):
        pid, _, thread = path.stem.partition("-")
        left -= path.stat().st_size
        if left < 0 or not (pid.isdecimal() and thread.isdecimal()):
            continue
        lines = path.read_bytes().splitlines()
        try:
            parent = msgspec.json.decode(lines[0], type=_Parent).parent if lines else 0
            found = [msgspec.json.decode(line, type=_Script) for line in lines[1:]]
        except msgspec.DecodeError:
            continue
        scripts = {each.id: (each, _map(each, top)) for each in found}
        tests = {
            key: named[name]
            for key, pair in scripts.items()
            for name in _originals(*pair)
            if name in named
        }
        yield (int(pid), int(thread)), _Process(parent, scripts, tests)


def _map(script: _Script, top: Path) -> list[list[Segment]] | None:
    return read_map(script.map, Path(script.path), top) if script.map else None


def _originals(script: _Script, lines: list[list[Segment]] | None) -> set[str]:
    if lines is None:
        return {script.path}
    return {source for segments in lines for _, source, _ in segments}


def _owners(key: tuple[int, int], processes: Mapping[tuple[int, int], _Process]) -> frozenset[str]:
    """Return the test files that a process ran, or that had it started."""
    for _ in range(PARENTS_MAX):
        process = processes.get(key)
        if process is None or process.tests:
            break
        key = (process.parent, 0) if key[1] == 0 else (key[0], 0)
    return frozenset(process.tests.values()) if process is not None else frozenset()


def _lines_of(path: Path, process: _Process) -> Iterator[tuple[str, str, int]]:
    """Yield script, path and line of all original code that ran inside of functions."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Dump)
    except (OSError, msgspec.DecodeError):
        return
    for each in found.result:
        if each.script_id in process.scripts:
            script, lines = process.scripts[each.script_id]
            text = _ASTRAL.sub("??", script.text)  # Offsets count two units for each of them.
            if lines is None:
                for line in _plain(text, each.functions):
                    yield script.id, script.path, line
            else:
                for name, line in _mapped(text, each.functions, lines, script.shift):
                    yield script.id, name, line


def _plain(text: str, functions: Sequence[Function]) -> Iterator[int]:
    starts = _starts(text)
    for start, end in executed(text, functions):
        for number in range(bisect_right(starts, start), bisect_right(starts, end - 1) + 1):
            first = max(start, starts[number - 1])
            last = min(end, starts[number] if number < len(starts) else len(text))
            if text[first:last].strip():
                yield number


def _mapped(
    text: str, functions: Sequence[Function], lines: Sequence[list[Segment]], shift: int
) -> Iterator[tuple[str, int]]:
    """Yield what the segments in executed code come from; `shift` is a wrapper's first line."""
    starts = _starts(text)
    for start, end in executed(text, functions):
        for number in range(bisect_right(starts, start), bisect_right(starts, end - 1) + 1):
            begins = starts[number - 1] + (shift if number == 1 else 0)
            for column, source, line in lines[number - 1] if number <= len(lines) else ():
                if start <= begins + column < end:
                    yield source, line


def executed(text: str, functions: Sequence[Function]) -> Iterator[tuple[int, int]]:
    """Yield the offsets, from and to, of code in functions that ran; imports are none.

    Ranges lie within each other: the count of an inner one holds there.
    """
    code = len(_COMMENT.sub("", text).rstrip(" \t\r\n;})"))
    first = text.find("\n") if "\n" in text else len(text)
    ranges = sorted(
        (
            (each.start_offset, -each.end_offset, each.count, _is_module(function, first, code))
            for function in functions
            for each in function.ranges
        ),
        key=lambda each: each[:2],
    )
    at = 0
    open_: list[tuple[int, bool]] = []  # ends, and whether what is there counts
    ends = max([len(text), *(-each[1] for each in ranges)])
    for start, minus_end, count, is_module in [*ranges, (ends, -ends, 0, True)]:
        while open_ and open_[-1][0] <= start:
            end, is_counted = open_.pop()
            if is_counted and at < end:
                yield at, end
            at = max(at, end)
        if open_ and open_[-1][1] and at < start:
            yield at, start
        at = max(at, start)
        open_.append((-minus_end, count > 0 and not is_module))


def _is_module(function: Function, first: int, code: int) -> bool:
    """Whether a function is a whole module: the script itself, or what a runner wraps it in."""
    whole = function.ranges[0] if function.ranges else None
    if whole is None or whole.end_offset < code or function.function_name not in _WRAPPERS:
        return False
    return whole.start_offset <= first


def _starts(text: str) -> list[int]:
    """Return the offset at which each line begins."""
    return [0, *(match.end() for match in re.finditer("\n", text))]
