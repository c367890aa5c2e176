"""A YAML or JSON text as a tree: every value has its line, its path and its import status."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import yaml

from missioncontrol.domain.errors import Rejected

TEXT_MAX = 1_048_576
"""Most characters of an imported file."""

NODES_MAX = 50_000
"""Most values of a file, with aliases expanded."""

DEPTH_MAX = 50

Fate = Literal["unread", "carried", "listed"]
Scalar = str | int | float | bool | None

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float")}
_KNOWN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")} | _PLAIN_TAGS | {"!"}


class Node:
    """A mapping, a sequence or a scalar of a file, with its import status."""

    __slots__ = ("fate", "line", "name", "parent", "style", "text_line", "value")

    def __init__(self, value: Any, line: int, *, text_line: int = 0, style: str = "") -> None:
        """`line` is that of the key, from 1; `text_line` the first line of a scalar."""
        self.value: dict[str, Node] | list[Node] | Scalar = value
        self.line = line
        self.text_line = text_line or line
        self.style = style  # of a scalar: '' plain, ' or " quoted, | or > a block
        self.fate: Fate = "unread"
        self.parent: Node | None = None
        self.name: str | int = ""

    @property
    def path(self) -> str:
        """The path, as `jobs.build.steps[0].run`."""
        names: list[str | int] = []
        node = self
        while node.parent is not None:
            names.append(node.name)
            node = node.parent
        text = ""
        for name in reversed(names):
            text += f"[{name}]" if isinstance(name, int) else f".{name}" if text else name
        return text

    @property
    def entries(self) -> dict[str, "Node"]:
        """The entries of a mapping; empty for other nodes."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list["Node"]:
        """The items of a sequence; empty for other nodes."""
        return self.value if isinstance(self.value, list) else []

    @property
    def is_scalar(self) -> bool:
        """Whether it has no children."""
        return not isinstance(self.value, dict | list)

    @property
    def is_text(self) -> bool:
        """Whether it is a text that is not empty."""
        return isinstance(self.value, str) and self.value != ""

    @property
    def text(self) -> str:
        """A scalar as a text, as JSON would write it; '' for null and for what is no scalar."""
        return as_text(self.value) if self.is_scalar else ""

    @property
    def whole(self) -> int | None:
        """A whole number, or None where it is something else."""
        value = self.value
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def plain(self) -> Any:
        """Everything below as plain values."""
        if isinstance(self.value, dict):
            return {name: node.plain for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    def get(self, *names: str) -> "Node | None":
        """Return the node at the end of `names`, or None where there is none."""
        node: Node | None = self
        for name in names:
            node = node.entries.get(name) if node is not None else None
        return node

    def below(self) -> Iterator["Node"]:
        """Yield it and everything in it, in the order of the file."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed([*node.entries.values(), *node.items]))

    def leaves(self) -> Iterator["Node"]:
        """Yield the scalars and the empty mappings and sequences in it."""
        return (node for node in self.below() if not node.value or node.is_scalar)

    def carry(self) -> "Node":
        """Mark all of it as carried over; entries in the list stay."""
        for node in self.below():
            if node.fate == "unread":
                node.fate = "carried"
        return self


def as_text(value: Any) -> str:
    """Return a scalar as a text: null is '', numbers have at most 15 digits and no idle zero."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)


def documents(text: str, filename: str) -> list[Node]:
    """Read every document of a text, event by event, which allows to limit the depth.

    Raises:
        Rejected: `import.too_large`; `import.malformed`, naming file, line and what is wrong.
    """
    if len(text) > TEXT_MAX:
        raise Rejected(
            "import.too_large",
            f"{filename} has {len(text):,} characters; at most {TEXT_MAX:,} can be imported.",
            hint="Import the workflows of it one by one.",
        )
    try:
        return _Reader(filename).read(yaml.parse(text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise malformed(filename, line, problem) from error
    except (yaml.YAMLError, UnicodeError) as error:
        problem = str(error).splitlines()[0]
        raise malformed(filename, 1, f"the text can't be read: {problem}") from error


def malformed(filename: str, line: int, reason: str) -> Rejected:
    """Return an error about `line` of a file."""
    return Rejected(
        "import.malformed",
        f"{filename}, line {line}: {reason}.",
        hint="Correct the file; its own system would refuse it as well.",
    )


class _Reader:
    """Builds trees from parser events with an explicit stack."""

    def __init__(self, filename: str) -> None:
        self._filename = filename
        self._anchors: dict[str, Node | None] = {}  # None while what it names is not complete
        self._open: list[tuple[Node, str | None, Node | None]] = []  # container, anchor, its key
        self._count = 0
        self._done: list[Node] = []

    def read(self, events: Iterator[Any]) -> list[Node]:
        for event in events:
            line = event.start_mark.line + 1
            match event:
                case yaml.DocumentStartEvent():
                    self._anchors = {}
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin(event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case yaml.ScalarEvent():
                    self._put(self._scalar(event, line), event.anchor)
                case yaml.AliasEvent():
                    self._put(self._repeated(event.anchor, line), None)
        return self._done

    def _begin(self, event: Any, line: int) -> None:
        self._refuse_tag(event.tag, line)
        self._refuse_depth(len(self._open) + 1, line)
        if event.anchor:
            self._anchors[event.anchor] = None
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append((Node({} if is_mapping else [], line), event.anchor, None))

    def _end(self) -> None:
        node, anchor, _ = self._open.pop()
        merged = node.entries.pop("<<", None)
        if merged is not None:
            self._merge(node, merged)
        self._put(node, anchor)

    def _merge(self, node: Node, merged: Node) -> None:
        sources = merged.items or [merged]
        if not all(isinstance(source.value, dict) for source in sources):
            raise malformed(self._filename, merged.line, "`<<` takes mappings only")
        for source in sources:
            for name, value in source.entries.items():
                if name not in node.entries:
                    self._attach(node, name, self._copied(value, len(self._open) + 1))

    def _put(self, node: Node, anchor: str | None) -> None:
        self._counted(node.line)
        if anchor:
            self._anchors[anchor] = node
        if not self._open:
            self._done.append(node)
            return
        container, own, key = self._open[-1]
        if isinstance(container.value, list):
            self._attach(container, len(container.value), node)
        elif key is None:
            self._open[-1] = (container, own, self._as_key(container, node))
        else:
            node.line = key.line
            self._attach(container, str(key.value), node)
            self._open[-1] = (container, own, None)

    def _as_key(self, container: Node, node: Node) -> Node:
        if not node.is_scalar:
            raise malformed(self._filename, node.line, "a key must be a text")
        if node.value in container.entries:
            first = container.entries[str(node.value)].line
            raise malformed(
                self._filename, node.line, f"{node.value!r} stood on line {first} already"
            )
        return node

    def _attach(self, container: Node, name: str | int, node: Node) -> None:
        node.parent = container
        node.name = name
        if isinstance(container.value, list):
            container.value.append(node)
        else:
            container.entries[str(name)] = node

    def _scalar(self, event: Any, line: int) -> Node:
        self._refuse_tag(event.tag, line)
        style = event.style if event.style in ("'", '"', "|", ">") else ""
        plain = event.tag in _PLAIN_TAGS or (event.tag is None and not style)
        value = _resolved(event.value) if plain and not self._expects_key else event.value
        # The text of a block begins on the line after its indicator.
        return Node(value, line, text_line=line + 1 if style in ("|", ">") else line, style=style)

    @property
    def _expects_key(self) -> bool:
        return bool(self._open) and self._open[-1][2] is None and self._in_mapping

    @property
    def _in_mapping(self) -> bool:
        return isinstance(self._open[-1][0].value, dict)

    def _repeated(self, anchor: str | None, line: int) -> Node:
        node = self._anchors.get(anchor or "")
        if node is None:
            known = "stands for itself" if anchor in self._anchors else "is not known"
            raise malformed(self._filename, line, f"the alias *{anchor} {known}")
        return self._copied(node, len(self._open))

    def _copied(self, node: Node, depth: int) -> Node:
        self._counted(node.line)
        self._refuse_depth(depth, node.line)
        fresh = Node(node.value, node.line, text_line=node.text_line, style=node.style)
        if isinstance(node.value, dict):
            fresh.value = {}
            for name, value in node.value.items():
                self._attach(fresh, name, self._copied(value, depth + 1))
        elif isinstance(node.value, list):
            fresh.value = []
            for index, value in enumerate(node.value):
                self._attach(fresh, index, self._copied(value, depth + 1))
        return fresh

    def _counted(self, line: int) -> None:
        self._count += 1
        if self._count > NODES_MAX:
            raise malformed(
                self._filename, line, f"there are more than {NODES_MAX:,} values, aliases repeated"
            )

    def _refuse_depth(self, depth: int, line: int) -> None:
        if depth > DEPTH_MAX:
            raise malformed(self._filename, line, f"values are nested more than {DEPTH_MAX} deep")

    def _refuse_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag not in _KNOWN_TAGS:
            raise malformed(self._filename, line, f"the tag {tag!r} is not known")


def _resolved(text: str) -> Scalar:
    """Return what a plain scalar means in the core schema of YAML 1.2, where `on` is a text."""
    if text in _WORDS:
        return _WORDS[text]
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _INT.fullmatch(text) and len(text) <= 18:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and len(text) <= 30 else text
