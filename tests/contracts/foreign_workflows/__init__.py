"""Workflow files of other systems, and what the tests of the import know about them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from missioncontrol.adapters.workflow_files.importer import Imported, NotUnderstood

FOLDER = Path(__file__).parent
FILES = sorted(path for path in FOLDER.glob("*/*") if path.suffix in (".yml", ".json"))
NAMES = [f"{path.parent.name}/{path.name}" for path in FILES]


@dataclass(frozen=True)
class Leaf:
    """A value of a file that holds no others: where it stands, and on which line its key is."""

    path: str
    line: int
    start: int
    end: int
    value: Any


def leaves(text: str) -> Iterator[Leaf]:
    """Walk the first document of a file with PyYAML's own tree, each aliased value once."""
    seen: set[int] = set()

    def walk(node: yaml.Node, path: str, line: int) -> Iterator[Leaf]:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and node.value:
            for key, value in node.value:
                name = f"{path}.{key.value}" if path else key.value
                yield from walk(value, name, key.start_mark.line + 1)
        elif isinstance(node, yaml.SequenceNode) and node.value:
            for index, item in enumerate(node.value):
                yield from walk(item, f"{path}[{index}]", item.start_mark.line + 1)
        else:
            value = node.value if isinstance(node, yaml.ScalarNode) else None
            yield Leaf(path, line, node.start_mark.index, node.end_mark.index, value)

    root = next(iter(yaml.compose_all(text)))
    assert root is not None
    yield from walk(root, "", 1)


@cache
def mappings(text: str) -> list[tuple[str, yaml.MappingNode]]:
    """Return every mapping of the first document that has an entry, with its path."""
    found: list[tuple[str, yaml.MappingNode]] = []
    seen: set[int] = set()

    def walk(node: yaml.Node, path: str) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            if node.value:
                found.append((path, node))
            for key, value in node.value:
                walk(value, f"{path}.{key.value}" if path else key.value)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, f"{path}[{index}]")

    root = next(iter(yaml.compose_all(text)))
    assert root is not None
    walk(root, "")
    return found


def lists(entry: NotUnderstood, path: str, line: int) -> bool:
    """Whether an entry of the list says that the value at `path` is left out, with its line."""
    if entry.thing == path:
        return entry.line == line
    if not path.startswith((f"{entry.thing}.", f"{entry.thing}[")):
        return False
    inner = path[len(entry.thing) :].lstrip(".")
    return f"`{inner}` (line {line})" in entry.reason


def is_listed(imported: Imported, path: str, line: int) -> bool:
    """Whether the value at `path` is listed as left out."""
    return any(lists(entry, path, line) for entry in imported.left_out)


def changed(text: str, leaf: Leaf) -> str:
    """Return the file with another value in the place of `leaf`."""
    if leaf.value is None:
        value = "[changed]"
    elif leaf.value in ("true", "false"):
        value = "false" if leaf.value == "true" else "true"
    elif leaf.value.isdigit():
        value = str(int(leaf.value) + 1)
    else:
        value = json.dumps(f"{leaf.value}z")
    ending = "\n" if text[leaf.start : leaf.end].endswith("\n") else ""
    gap = " " if text[leaf.start - 1 : leaf.start] not in (" ", "\n", "[", "{", "(") else ""
    return f"{text[: leaf.start]}{gap}{value}{ending}{text[leaf.end :]}"
