"""Definitions that an ask names outright, such as `TTLCache.expire`, where the code has them."""

import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.definition_names import (
    ASIDE,
    FILES_MAX,
    Named,
    body,
    definitions_called,
    exact_names,
    is_product,
    member_named,
)
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.symbols import Symbol, symbols
from missioncontrol.specialists.words import parts

if TYPE_CHECKING:
    from missioncontrol.specialists.planner.source import Place

NAMES_MAX = 6
KIN_LETTERS_MIN = 5
"""Letters that two names begin with alike before one counts as the kin of the other."""
SHORT_MAX = 3
"""Letters of words that are too common to count as a name."""
_NAME = re.compile(r"`((?:[A-Z]\w*/)?[A-Za-z_][\w.#:]{2,80})(?:\([^`]*\))?`")
_IDENTIFIER = re.compile(r"[A-Za-z]\w*_\w+|[A-Z]?[a-z0-9]+[A-Z]\w*|[A-Z]\w+(?:\.\w+)+")
"""A name that no prose has: `load_dotenv`, `ChunkedReader`, `Session.send`."""
_IMPORTED = re.compile(r"(?m)^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n(]+)")
_FRONTS = frozenset({"__init__.py", "index.js", "index.ts", "index.mjs", "mod.rs", "lib.rs"})


def named_definitions(ground: Ground, ask: Ask) -> list[Named]:
    """Return the definitions whose names stand in the ask as code, or look like it, in its order.

    A name with a dot is the inner definition inside the outer one. One that stands in several
    files is none of them: it is unclear which one is meant.
    """
    if ground.tree is None:
        return []
    written = [_plain(match[1]) for match in _NAME.finditer(ask.text)]
    bare = [name for name in exact_names(ask.text) if _IDENTIFIER.fullmatch(name)]
    wanted = list(dict.fromkeys([*written, *bare]))[:NAMES_MAX]
    found = (_offered(ground, _standing(ground, name)) for name in wanted)
    return [places[0] for places in found if len({each.path for each in places}) == 1]


def _plain(name: str) -> str:
    """Return `Outer.inner` for `Outer#inner`, `Outer::inner` and a cop that is `Outer/Inner`."""
    return re.sub(r"#|::", ".", name.rpartition("/")[2]).strip(".:")


def _standing(ground: Ground, name: str) -> list[Named]:
    """Return where a name is defined; what a class hands to another one is defined there."""
    assert ground.tree is not None
    found = list(definitions_called(ground.tree, name))
    outer, _, inner = name.rpartition(".")
    homes = list(definitions_called(ground.tree, outer)) if outer and not found else []
    for home in homes[:1]:
        text = ground.tree.text(home.path) or ""
        if "def __getattr__" in text and len(homes) == 1:
            used = set(ground.arrows.get(home.path, ()))
            given = [each for each in definitions_called(ground.tree, inner) if each.path in used]
            return given if len(given) == 1 else []
    return found


def absent(ground: Ground, ask: Ask) -> str:
    """Return the names that the ask writes as code and that stand nowhere in this code."""
    if ground.index is None or ground.tree is None:
        return ""
    found = []
    for name in dict.fromkeys(_plain(match[1]) for match in _NAME.finditer(ask.text)):
        last = name.rpartition(".")[2]
        whole = re.compile(rf"(?<!\w){re.escape(last)}(?!\w)")
        texts = (ground.tree.text(path) or "" for path in ground.index.paths)
        file = re.compile(rf"(?:^|/){re.escape(last)}(?:\.\w+|/)")
        known = any(file.search(path) for path in ground.index.paths)
        if not known and not any(whole.search(text) for text in texts):
            found.append(f"`{name}`")
    return listed(found[:NAMES_MAX])


class Member(msgspec.Struct, frozen=True):
    """A method that a class does not have yet, and the one of its methods named most like it."""

    name: str  # as the ask writes it, `Outer.inner`
    owner: Named
    sister: Named | None


def standing_member(ground: Ground, ask: Ask) -> Named | None:
    """Return the member that the ask wants to be added, where its class has one of that name."""
    name = member_named(ask.text)
    if not name or ground.tree is None:
        return None
    found = _offered(ground, _standing(ground, name))
    return found[0] if len({each.path for each in found}) == 1 else None


def new_member(ground: Ground, ask: Ask) -> Member | None:
    """Return what the ask wants to be a member of a class that stands, such as `Store.explain`."""
    if ground.tree is None:
        return None
    names = [written] if (written := member_named(ask.text)) else []
    marked = [_plain(match[1]) for match in _NAME.finditer(ask.text)]
    for name in [*names, *marked][:NAMES_MAX]:
        outer, _, inner = name.rpartition(".")
        homes = _offered(ground, list(definitions_called(ground.tree, outer))) if outer else []
        if len(homes) != 1 or _standing(ground, name):
            continue
        listed = symbols(ground.tree.text(homes[0].path) or "")
        home = next(each for each in listed if each.line == homes[0].line)
        if home.is_type:
            return Member(name, homes[0], _sister(body(listed, home), outer, inner, homes[0]))
    return None


def _sister(listed: Sequence[Symbol], outer: str, inner: str, home: Named) -> Named | None:
    """Return the public method that shares most words with `inner`, the first of them."""
    words = set(parts(inner))
    shared = [(len(words & set(parts(each.name))), each) for each in listed if not each.is_type]
    public = [(count, each) for count, each in shared if count and not each.name.startswith("_")]
    if not public:
        return None
    best = min(public, key=lambda pair: (-pair[0], len(parts(pair[1].name)), pair[1].line))[1]
    return Named(f"{outer}.{best.name}", home.path, best.line)


def _offered(ground: Ground, found: Sequence[Named]) -> list[Named]:
    """Of definitions of one name, return the one that the package itself hands on."""
    found = [each for each in found if not each.path.endswith(".d.ts")] or list(found)
    if len({each.path for each in found}) < 2:
        return list(found)
    handed = {
        target
        for source, targets in ground.arrows.items()
        if PurePosixPath(source).name in _FRONTS
        for target in targets
    }
    offered = [each for each in found if each.path in handed] or list(found)
    depths = [(_handed_on(ground, each), each) for each in offered]
    nearest = min((depth for depth, _ in depths if depth is not None), default=None)
    return [each for depth, each in depths if depth is not None and depth == nearest] or offered


def _handed_on(ground: Ground, named: Named) -> int | None:
    """Return how deep the outermost front lies that imports this very name from this very file.

    A package hands on what its callers use; its inner fronts hand on what stands beside that.
    """
    name, stem = named.name.partition(".")[0], PurePosixPath(named.path).stem
    fronts = [path for path in ground.arrows if PurePosixPath(path).name in _FRONTS]
    depths = [
        path.count("/")
        for path in fronts
        if named.path in ground.arrows[path] and ground.tree
        for module, names in _IMPORTED.findall(ground.tree.text(path) or "")
        if module.rpartition(".")[2] == stem and name in re.findall(r"\w+", names)
    ]
    return min(depths, default=None)


def public_module_of(ground: Ground, places: Sequence["Place"]) -> str:
    """Return the file that hands on what a private module has, in code marks; "" without one."""
    private = places and re.search(r"(?:^|/)_(?!_)", places[0].path)
    fronts = [path for path in ground.arrows if PurePosixPath(path).name in _FRONTS]
    fronts = [path for path in fronts if not ASIDE.search(path) and not re.search(r"/_(?!_)", path)]
    fronts.sort(key=lambda path: (path.count("/"), path))
    return f"`{fronts[0]}`" if private and fronts else ""


def kin_of(ground: Ground, name: str) -> Named | None:
    """Return the public definition whose name begins most like `name`, which is not there yet.

    “`naturalweight`” goes where `naturalsize` is.
    """
    if ground.tree is None or "." in name:
        return None
    best: tuple[int, str, Named] | None = None
    for file in [file for file in ground.tree.files if is_product(file)][:FILES_MAX]:
        for symbol in symbols(ground.tree.text(file.path) or ""):
            shared = _shared(symbol.name, name)
            if symbol.indent or shared < KIN_LETTERS_MIN or shared * 2 < len(name):
                continue
            rank = (-shared, file.path, Named(symbol.name, file.path, symbol.line))
            best = min(best, rank, key=lambda each: each[:2]) if best else rank
    return best[2] if best else None


def defined_as(ground: Ground, words: Sequence[str]) -> Named | None:
    """Return the class or function that is called as one of the words, the first of them first."""
    if ground.tree is None:
        return None
    wanted = [word.lower() for word in words if word.isascii() and len(word) > SHORT_MAX]
    best: tuple[int, bool, str, Named] | None = None
    for file in [file for file in ground.tree.files if is_product(file)][:FILES_MAX]:
        for symbol in symbols(ground.tree.text(file.path) or ""):
            name = symbol.name.lower()
            if symbol.indent or name not in wanted:
                continue
            named = Named(symbol.name, file.path, symbol.line)
            rank = (wanted.index(name), not symbol.is_type, file.path, named)
            best = min(best, rank, key=lambda each: each[:3]) if best else rank
    return best[3] if best else None


def _shared(one: str, other: str) -> int:
    """Return how many letters two names begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
