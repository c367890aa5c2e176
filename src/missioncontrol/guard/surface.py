"""What others can call of a Python module: its public names with their signatures."""

import ast
from collections.abc import Iterator, Mapping
from itertools import islice

from missioncontrol.guard.imports import parsed

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def is_public(path: str) -> bool:
    """Tell whether others import this file by its name."""
    parts = path.removesuffix(".py").split("/")
    return path.endswith(".py") and not any(
        part.startswith("_") and part not in ("__init__", "__main__") for part in parts
    )


def changes_of(before: str, after: str) -> list[tuple[str, int]]:
    """Return what callers of `before` lose in `after`: words for each, and its line after (or 0).

    A parameter that came in with a default takes nothing away; nor does what is new.
    """
    was, tree = parsed(before), parsed(after)
    if was is None or tree is None:
        return []
    new, bound = dict(_names(tree.body, "")), set(_bound(tree.body))
    return [
        (said, line)
        for name, signature in _names(was.body, "")
        if name in new or name.partition(".")[0] not in bound
        for said, line in islice(_lost(name, signature, new.get(name), new), 1)
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
        if arguments:
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                self.named.add(each.arg)
                if default is None:
                    self.needed.add(each.arg)
            self.takes_any = (arguments.vararg is not None, arguments.kwarg is not None)


def _bound(body: list[ast.stmt]) -> Iterator[str]:
    """Yield names that come from elsewhere, or are made: they can still be called."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (each.asname or each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (each.id for each in targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from _bound([*node.body, *node.orelse])


def _names(body: list[ast.stmt], owner: str) -> Iterator[tuple[str, _Signature]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from _names([*node.body, *node.orelse], owner)
        if not isinstance(node, Definition):
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
        if not owner or owner in all_:  # Else its class is gone, and that is said once.
            yield f"`{name}` is gone", 0
        return
    if isinstance(old.node, ast.ClassDef) is not isinstance(new.node, ast.ClassDef):
        yield f"`{name}` is another kind of thing", new.line
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
    kept = [each for each in old.positional if each in new.named]
    return new.positional[: len(kept)] != kept
