"""The public interface of a Python module: its public names with their signatures."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from missioncontrol.guard.imports import last_name, parsed

BESIDE_MAX = 100
"""Texts in which classes above are looked for."""


class Bases:
    """The classes of a file, and of others that changed with it."""

    def __init__(self, tree: ast.Module, beside: Iterable[str]) -> None:
        """Read `beside` lazily: only for a base class that the file does not define."""
        self._classes: dict[str, list[ast.ClassDef]] = {}
        self._called: dict[str, str] = {}  # imported names by their local names
        self._take(tree)
        self._beside = iter(beside)

    def has(self, owner: str, member: str) -> bool:
        """Tell whether a class above `owner` has this member."""
        if not owner or "." in owner or owner not in self._classes:
            return False
        self._read()
        return member in self._above(owner)

    def _above(self, owner: str) -> set[str]:
        found: set[str] = set()
        ahead, seen = list(self._classes[owner]), set[int]()
        while ahead:
            node = ahead.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            found.update(_members(node))
            for base in node.bases:
                name = last_name(base)
                ahead += self._classes.get(self._called.get(name, name), [])
        return found

    def _read(self) -> None:
        for text, _ in zip(self._beside, range(BESIDE_MAX), strict=False):
            tree = parsed(text)
            if tree is not None:
                self._take(tree)
        self._beside = iter(())

    def _take(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._classes.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ImportFrom):
                self._called.update((each.asname, each.name) for each in node.names if each.asname)


def made_in(node: ast.ClassDef) -> Iterator[str]:
    """Yield what methods of a class make of `self`: it is reached as a property was."""
    for inner in ast.walk(node):
        if not (isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store)):
            continue
        if isinstance(inner.value, ast.Name) and inner.value.id == "self":
            yield inner.attr


def _members(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Assign):
            yield from (target.id for target in each.targets if isinstance(target, ast.Name))
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id
    yield from made_in(node)


ALL = "*"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

_PARTS = frozenset({"setter", "deleter", "getter", "overload"})
"""What makes a definition a part of another one of its name."""

_FRAMEWORKS = frozenset({"command", "group", "option", "argument", "hookspec", "hookimpl"})
"""What makes a function one that a command line (click, typer) or plug-ins (pluggy) call by its
names: a new parameter there breaks no caller.
"""


def is_public(path: str) -> bool:
    """Tell whether others import this file by its name."""
    parts = path.removesuffix(".py").split("/")
    return path.endswith(".py") and not any(
        part.startswith("_") and part not in ("__init__", "__main__") for part in parts
    )


def module_of(path: str) -> str:
    """Return by what a file is imported, with the project's own folder left out."""
    return path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/")


def changes_of(
    before: str,
    after: str,
    beside: Iterable[str] = (),
    *,
    only: frozenset[str] | None = None,
) -> list[tuple[str, int]]:
    """Return what callers of `before` lose in `after`: words for each, and its line after (or 0).

    A parameter that came in with a default takes nothing away; nor does what is new, or what a
    class has from one above it. `beside` are texts in which the classes above may be. With `only`,
    only these names and their methods count: `*` stands for all.
    """
    was, tree = parsed(before), parsed(after)
    if was is None or tree is None:
        return []
    new, bound = dict(_names(tree.body, "")), set(_bound(tree.body))
    bases = Bases(tree, beside)
    return [
        (words, line)
        for name, signature in dict(_names(was.body, "")).items()
        if only is None or ALL in only or name.partition(".")[0] in only
        if name in new or not {name, name.partition(".")[0]} & bound
        if name in new or not bases.has(*name.rpartition(".")[::2])
        for words, line in islice(_lost(name, signature, new.get(name), new), 1)
    ]


class _Signature:
    """What a call of one name has to say."""

    def __init__(self, node: Definition) -> None:
        self.node = node
        self.line = node.lineno
        arguments = None if isinstance(node, ast.ClassDef) else node.args
        positional = [*arguments.posonlyargs, *arguments.args] if arguments else []
        bare = len(positional) - len(arguments.defaults) if arguments else 0
        self.positional = [each.arg for each in positional]
        self.needed = {each.arg for each in positional[:bare]}
        self.named: set[str] = set(self.positional)
        self.takes_any = (False, False)
        marks = _marks(node)
        self.is_value = any(mark.endswith("property") for mark in marks)
        self.is_called_by_names = bool(marks & _FRAMEWORKS)
        if arguments:
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                self.named.add(each.arg)
                if default is None:
                    self.needed.add(each.arg)
            self.takes_any = (arguments.vararg is not None, arguments.kwarg is not None)


def _marks(node: Definition) -> set[str]:
    """Return the last parts of the names of decorators."""
    return {last_name(each) for each in node.decorator_list}


def _bound(body: list[ast.stmt], owner: str = "") -> Iterator[str]:
    """Yield names that come from elsewhere, or are made: they can still be reached."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (owner + (each.asname or each.name.partition(".")[0]) for each in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (owner + each.id for each in targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from _bound([*node.body, *node.orelse], owner)
        elif isinstance(node, ast.ClassDef):
            inner = f"{owner}{node.name}."
            yield from _bound(node.body, inner)
            yield from (inner + name for name in made_in(node))


def _names(body: list[ast.stmt], owner: str) -> Iterator[tuple[str, _Signature]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _names([*node.body, *node.orelse], owner)
        if not isinstance(node, Definition) or _marks(node) & _PARTS:
            continue
        if node.name.startswith("_") and not (owner and node.name in ("__init__", "__call__")):
            continue
        yield f"{owner}{node.name}", _Signature(node)
        if isinstance(node, ast.ClassDef):
            yield from _names(node.body, f"{owner}{node.name}.")


def _lost(
    name: str, old: _Signature, new: _Signature | None, all_: Mapping[str, _Signature]
) -> Iterator[tuple[str, int]]:
    if new is None:
        owner = name.rpartition(".")[0]
        if not owner or owner in all_:  # Else its class is gone, which is reported once.
            yield f"`{name}` is gone", 0
        return
    is_class = isinstance(old.node, ast.ClassDef), isinstance(new.node, ast.ClassDef)
    if is_class[0] is not is_class[1] or old.is_value is not new.is_value:
        yield f"`{name}` is another kind of thing", new.line
        return
    if old.is_value or old.is_called_by_names:
        return
    if isinstance(old.node, ast.AsyncFunctionDef) is not isinstance(new.node, ast.AsyncFunctionDef):
        yield f"`{name}` has to be awaited now, or no more", new.line
    needs = sorted(new.needed - old.named)
    if needs:
        yield f"`{name}` needs {', '.join(f'`{each}`' for each in needs)}", new.line
    stays = sorted((new.needed & old.named) - old.needed)
    if stays:
        yield f"`{name}` has no default for {', '.join(f'`{each}`' for each in stays)}", new.line
    gone = sorted(old.named - new.named)
    if gone and not new.takes_any[1]:
        yield f"`{name}` takes no {', '.join(f'`{each}`' for each in gone)}", new.line
    elif _is_moved(old, new):
        yield f"`{name}` takes its arguments in another order", new.line


def _is_moved(old: _Signature, new: _Signature) -> bool:
    if new.takes_any[0]:
        return False
    common = [each for each in old.positional if each in new.named]
    return new.positional[: len(common)] != common
