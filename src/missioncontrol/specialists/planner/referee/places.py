"""Looks up the paths, lines and symbols that a plan names."""

import builtins
import keyword
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import Fault
from missioncontrol.specialists.planner.referee.codebase import Codebase
from missioncontrol.specialists.planner.referee.mentions import Mention

SYMBOLS_MAX = 500
PATHS_MAX = 500
LINED_FILES_MAX = 100
"""What one plan may name beside what the local plan names: each is looked up."""

_WORDS = """
null nil undefined true false void this self cls const let var func fn struct string number boolean
bool i32 u8 usize Some Ok Err Result Option Vec HashMap git pytest make npm pnpm yarn npx node
python python3 pip uv cargo go docker ruff mypy tox nox hatch poetry jest vitest mocha eslint tsc
bash sh curl main
"""
KNOWN_WORDS = frozenset(
    {*keyword.kwlist, *dir(builtins), *sys.stdlib_module_names, *_WORDS.split()}
)
"""Words of languages and programs that are the repository's own in no repository."""

Placed = tuple[str, Mention]
"""Where in the plan something is named, and what."""


def unfounded(
    named: Sequence[Placed], code: Codebase, trusted: Collection[tuple[str, str, int, str]]
) -> Iterator[Fault]:
    """Yield a fault for each place that is not there; `trusted` needs no look."""
    new_paths = {m.name.rstrip("/") for _, m in named if m.kind == "path" and m.is_new}
    new_symbols = {m.name for _, m in named if m.kind == "symbol" and m.is_new}
    doubted = [(place, m) for place, m in named if m.is_new or m.key not in trusted]
    try:
        lookup = _Lookup(code)
        yield from _paths(doubted, lookup, new_paths)
        yield from _symbols(doubted, lookup, new_symbols, new_paths)
    except MissionControlError as error:
        yield Fault("/", f"the places that it names can't be looked up: {error.reason}")


class _Lookup:
    """Answers by the ends of paths: “cart.py” is found where `shop/cart.py` stands."""

    def __init__(self, code: Codebase) -> None:
        self.code = code
        self.directories = {
            path[:cut] for path in code.paths for cut, sign in enumerate(path) if sign == "/"
        }
        self._by_tail: dict[str, list[str]] = {}
        for path in code.paths | self.directories:
            self._by_tail.setdefault(path.rpartition("/")[2], []).append(path)

    def resolve(self, name: str) -> list[str]:
        """Return the files and directories that a name may mean."""
        plain = name.strip("/")
        if plain in self.code.paths or plain in self.directories:
            return [plain]
        tail = plain.rpartition("/")[2]
        return [path for path in self._by_tail.get(tail, ()) if path.endswith(f"/{plain}")]

    def top_exists(self, name: str) -> bool:
        """Whether the first folder of a name stands anywhere."""
        return name.strip("/").split("/", 1)[0] in self._by_tail


def _paths(doubted: Iterable[Placed], lookup: _Lookup, new: Collection[str]) -> Iterator[Fault]:
    looked_at: set[str] = set()
    counted: dict[str, int] = {}
    for place, mention in doubted:
        if mention.kind == "line":
            yield Fault(place, "names a line, but no file that has it")
        if mention.kind != "path":
            continue
        name = mention.name
        if not mention.is_certain and not lookup.top_exists(name):
            continue
        looked_at.add(name)
        if len(looked_at) > PATHS_MAX:
            yield Fault(place, f"the plan names more than {PATHS_MAX} paths")
            return
        found = lookup.resolve(name)
        if mention.is_new and name.strip("/") in found:
            yield Fault(place, f"{name!r} is called new, but it exists")
        elif not found and name.rstrip("/") not in new:
            yield Fault(
                place, f"{name!r} is not in the repository; call it “new file” if it is to be made"
            )
        elif mention.last_line:
            yield from _line(place, mention, found, lookup, counted)


def _line(
    place: str, mention: Mention, found: Sequence[str], lookup: _Lookup, counted: dict[str, int]
) -> Iterator[Fault]:
    files = [path for path in found if path in lookup.code.paths]
    if not files:
        yield Fault(place, f"{mention.name!r} is no file that has lines yet")
        return
    if len(files) > 1:
        yield Fault(place, f"{mention.name!r} is the name of {len(files)} files; give its path")
        return
    if files[0] not in counted:
        if len(counted) >= LINED_FILES_MAX:
            yield Fault(place, f"the plan names lines of more than {LINED_FILES_MAX} files")
            return
        counted[files[0]] = lookup.code.line_count(files[0])
    length = counted[files[0]]
    if not 0 < mention.last_line <= length:
        yield Fault(place, f"{files[0]!r} has {length:,} lines")


def _symbols(
    doubted: Iterable[Placed],
    lookup: _Lookup,
    new: Collection[str],
    new_paths: Collection[str],
) -> Iterator[Fault]:
    asked = [
        (place, mention)
        for place, mention in doubted
        if mention.kind == "symbol"
        and not mention.is_new
        and mention.name not in new
        and not (mention.inside and mention.inside.strip("/") in new_paths)
        and (mention.inside or not _is_common(mention.name))
    ]
    names = {mention.name for _, mention in asked}
    if len(names) > SYMBOLS_MAX:
        yield Fault(asked[0][0], f"the plan names {len(names):,} symbols; {SYMBOLS_MAX} at most")
        return
    standing = lookup.code.files_with({part for name in names for part in name.split(".")})
    for place, mention in asked:
        parts = mention.name.split(".")
        files = set.intersection(*(standing[part] | _called(part, lookup) for part in parts))
        # A part may also be the name of a module: one part at least is written in a file.
        files = {
            path for path in files if len(parts) == 1 or any(path in standing[p] for p in parts)
        }
        if mention.inside:
            inside = set(lookup.resolve(mention.inside))
            within = {path for path in files if path in inside or _is_below(path, inside)}
            if not within and inside:
                yield Fault(place, f"{mention.name!r} does not stand in {mention.inside!r}")
        elif not files:
            yield Fault(
                place,
                f"{mention.name!r} does not stand in the repository; say “add” before it or call "
                "it new if it is to be made",
            )


def _called(part: str, lookup: _Lookup) -> set[str]:
    """Return the files below, or of, a module of that name."""
    return {
        path
        for path in lookup.code.paths
        if part in path.split("/") or path.rpartition("/")[2].partition(".")[0] == part
    }


def _is_below(path: str, directories: Collection[str]) -> bool:
    return any(path.startswith(f"{directory}/") for directory in directories)


def _is_common(name: str) -> bool:
    return name.partition(".")[0] in KNOWN_WORDS
