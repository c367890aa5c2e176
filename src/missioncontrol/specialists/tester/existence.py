"""Tests of what a goal asks to be there: a member, a function, a parameter or an option.

They assert that it exists and no more: what it is to do is not guessed.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.definition_names import definitions_called, member_named

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

_LABEL = re.compile(r"^\w+(?:\([^)]*\))?!?:\s+")
_ADD = (
    r"(?i)^(?:please\s+)?(?:add|introduce|provide|offer|support|create|allow)\s+"
    r"(?:(?:an?|the)\s+)?(?:new\s+|optional\s+|public\s+)*"
)
_WHAT = r"(?:helper\s+|utility\s+)?(?:function|class|exception|constant|validator|error)"
_TO = r"\s+(?:to|on|for|in|of)\s+(?:the\s+)?(?:(?:module|class|function|method|command)\s+)?"
_PARAMETER = re.compile(
    rf"{_ADD}`?(?P<name>[a-z_]\w*)`?\s+(?:keyword[- ]?(?:only)?\s*)?"
    r"(?:parameter|argument|kwarg|keyword)\b"
    rf"{_TO}`?(?P<owner>[A-Za-z_][\w.]*)(?:\(\))?`?"
)
_DEFINITION = re.compile(
    rf"{_ADD}(?:{_WHAT}\s+)?`(?P<name>[A-Za-z_]\w*)(?:\(\))?`(?:\s+{_WHAT})?{_TO}`(?P<owner>[\w.]+)`"
)
_OPTION = re.compile(
    rf"{_ADD}`?(?P<name>--[a-z][\w-]+)(?:[= ][A-Z]+)?`?(?:\s+(?:option|flag|switch|argument))?"
    rf"{_TO}`(?P<command>[\w -]+)`"
)


class Existence(msgspec.Struct, frozen=True):
    """A test that a thing is there."""

    thing: str  # in words, such as `Store.explain`
    source: str


def existence_test(text: str, tree: "Tree") -> Existence | None:
    """Return the test that what `text` asks for is there; None where that is not plain."""
    stated = _LABEL.sub("", text.strip().partition("\n")[0])
    found = _option(stated, tree) or _parameter(stated, tree) or _member(stated, tree)
    return found or _definition(stated, tree)


def _member(stated: str, tree: "Tree") -> Existence | None:
    name = member_named(stated)
    outer, _, inner = name.rpartition(".")
    place = _only(tree, outer) if outer else None
    if place is None:
        return _definition_named(outer, inner, tree) if outer else None
    module, first, *rest = _imported(tree, place, outer)
    owner = ".".join([first, *rest])
    return _written(f"{owner}.{inner}", f"from {module} import {first}", owner, inner)


def _definition(stated: str, tree: "Tree") -> Existence | None:
    match = _DEFINITION.match(stated)
    if match is None:
        return None
    return _definition_named(match["owner"], match["name"], tree)


def _definition_named(owner: str, name: str, tree: "Tree") -> Existence | None:
    """Return the test of a name in a module, where `owner` is one."""
    modules = {_module(file.path): file.path for file in tree.files if file.path.endswith(".py")}
    if owner not in modules or not name.isidentifier():
        return None
    return _written(f"{owner}.{name}", f"import {owner}", owner, name)


def _written(thing: str, imports: str, owner: str, name: str) -> Existence:
    source = (
        f'"""Fails until `{thing}` is there."""\n\n{imports}\n\n\n'
        f"def test_{_slug(name)}_is_there() -> None:\n"
        f'    assert hasattr({owner}, "{name}"), "there is no {thing}"\n'
    )
    return Existence(f"`{thing}`", source)


def _parameter(stated: str, tree: "Tree") -> Existence | None:
    match = _PARAMETER.match(stated)
    if match is None:
        return None
    place = _only(tree, match["owner"])
    if place is None or _takes_any(tree, place, match["owner"]):
        return None
    module, first, *rest = _imported(tree, place, match["owner"])
    owner, name = ".".join([first, *rest]), match["name"]
    source = (
        f'"""Fails until `{owner}` has a parameter `{name}`."""\n\n'
        f"import inspect\n\nfrom {module} import {first}\n\n\n"
        f"def test_{_slug(name)}_is_a_parameter() -> None:\n"
        f"    parameters = inspect.signature({owner}).parameters\n"
        f'    assert "{name}" in parameters, "{owner} has no parameter {name}"\n'
    )
    return Existence(f"the parameter `{name}` of `{owner}`", source)


def _option(stated: str, tree: "Tree") -> Existence | None:
    from missioncontrol.specialists.manifests import read_manifests

    match = _OPTION.match(stated)
    if match is None:
        return None
    words = match["command"].split()
    points = {e.name: e.target for e in read_manifests(tree).entry_points if e.kind == "command"}
    module, _, function = points.get(words[0], "").partition(":")
    if not re.fullmatch(r"[\w.]+", module) or not re.fullmatch(r"\w+", function):
        return None
    name, shown = match["name"], " ".join([*words, "--help"])
    source = (
        f'"""Fails until `{shown}` names `{name}`."""\n\nimport subprocess\nimport sys\n\n'
        f'START = "import sys; from {module} import {function}; "\n'
        f'START += "sys.argv = {[*words, "--help"]}; sys.exit({function}())"\n\n\n'
        f"def test_{_slug(name)}_is_an_option() -> None:\n"
        '    command = [sys.executable, "-c", START]\n'
        "    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)\n"
        "    ended.check_returncode()\n"
        f'    assert "{name}" in ended.stdout.split(), "`{shown}` does not name {name}"\n'
    )
    return Existence(f"the option `{name}` of `{' '.join(words)}`", source)


def _only(tree: "Tree", name: str) -> str | None:
    """Return the Python file that defines `name`, where only one does."""
    found = {each.path for each in definitions_called(tree, name.rpartition(".")[2])}
    outer = name.rpartition(".")[0]
    paths = [path for path in found if not outer or _stands(tree, path, name)]
    return paths[0] if len(paths) == 1 and paths[0].endswith(".py") else None


def _stands(tree: "Tree", path: str, name: str) -> bool:
    module = _module(path)
    outer = name.rpartition(".")[0]
    is_module = module == outer or module.endswith(f".{outer}") or module.startswith(f"{outer}.")
    return is_module or any(each.path == path for each in definitions_called(tree, name))


def _imported(tree: "Tree", path: str, name: str) -> tuple[str, ...]:
    """Return the module, and the attributes that lead from it to what is called `name`."""
    module = _module(path)
    inner = name.removeprefix(f"{module}.")
    parts = inner.split(".")
    top = {node.name for node in _body(tree, path) if hasattr(node, "name")}
    while len(parts) > 1 and parts[0] not in top:
        parts = parts[1:]
    return (module, *parts)


def _body(tree: "Tree", path: str) -> Iterator[ast.stmt]:
    try:
        yield from ast.parse(tree.text(path) or "").body
    except (SyntaxError, ValueError, RecursionError):
        return


def _takes_any(tree: "Tree", path: str, name: str) -> bool:
    """Whether what is called `name` is a class or takes any keyword: its signature says nothing."""
    try:
        nodes = list(ast.walk(ast.parse(tree.text(path) or "")))
    except (SyntaxError, ValueError, RecursionError):
        return True
    last = name.rpartition(".")[2]
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == last:
            return node.args.kwarg is not None or bool(node.decorator_list)
    return True


def _module(path: str) -> str:
    parts = list(PurePosixPath(path).with_suffix("").parts)
    parts = parts[1:] if parts and parts[0] in {"src", "lib"} else parts
    parts = parts[:-1] if parts and parts[-1] == "__init__" else parts
    return ".".join(parts)


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower()
