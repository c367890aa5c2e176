"""How an artifact is shown: as what it is, where that is harmless, and never all of it at once."""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import urlencode

import msgspec
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename
from pygments.token import Token, _TokenType

from missioncontrol.documents.markup import visible
from missioncontrol.interfaces.api.artifacts import DRAWINGS, PICTURES

Kind = Literal["markdown", "json", "diff", "image", "drawing", "text", "binary"]

WINDOW_BYTES = 64_000
"""Of a text that is shown at once."""

PROSE_BYTES, DIFF_BYTES, JSON_BYTES = 64_000, 1_000_000, 8_000_000
"""Larger ones are shown as text, window by window."""

PICTURE_BYTES = 20_000_000
LINE_MAX = 2_000
"""Characters of a line that are shown."""

NODES_MAX, CHILDREN_MAX = 400, 100
"""Parts of a JSON document that are shown at once, and those of one object or list."""

OPEN_DEPTH = 2
STRING_MAX = 2_000
HEAD_BYTES = 256

READ_QUICKLY = frozenset(
    {"python", "javascript", "typescript", "jsx", "html", "css", "scss", "sql", "markdown", "diff"}
    | {"yaml", "xml", "json", "toml", "ini", "bash", "make", "docker", "lua", "perl", "ruby", "php"}
    | {"c", "cpp", "csharp", "go", "rust", "kotlin", "swift", "scala", "haskell", "r", "graphql"}
)
"""Languages whose readers take time in proportion to a text, whatever stands in it. That of Java,
for one, takes minutes over plain words, and nothing else runs in the process meanwhile."""

_JSON = re.compile(r"application/([a-z0-9.+-]*\+)?json$")
_TEXTS = frozenset(
    f"application/{name}" for name in ("xml", "javascript", "toml", "yaml", "x-yaml", "x-sh", "sql")
)
_DIFFS = (".patch", ".diff")


class Named(Protocol):
    """Anything that has the name and the type of an artifact."""

    @property
    def name(self) -> str:
        """A relative path."""
        ...

    @property
    def media_type(self) -> str:
        """As its step declared it."""
        ...


class Line(NamedTuple):
    """A line of a text: its number, and pieces of it with the class of each."""

    number: int
    pieces: list[tuple[str, str]]
    left_out: int  # characters at its end


class Window(NamedTuple):
    """A part of a text."""

    lines: list[Line]
    start: int  # in bytes, likewise below
    end: int
    next_line: int
    is_last: bool


class Node(NamedTuple):
    """A part of a JSON document."""

    key: str | None  # in its object; None in a list and for the whole
    kind: Literal["object", "list", "s", "n"]
    text: str  # of what has no parts
    size: int  # its parts
    children: "list[Node] | None"  # None where they are not shown yet
    pointer: str  # RFC 6901
    left_out: int  # parts after the last one shown


def kind_of(one: Named) -> Kind:
    """Return what an artifact is, by its type first and by its name second."""
    media_type = one.media_type.partition(";")[0].strip().lower()
    name = one.name.lower()
    if media_type in PICTURES:
        return "image"
    if media_type in DRAWINGS:
        return "drawing"
    if media_type in {"text/x-diff", "text/x-patch"} or name.endswith(_DIFFS):
        return "diff"
    if media_type == "text/markdown" or name.endswith(".md"):
        return "markdown"
    if _JSON.fullmatch(media_type):
        return "json"
    return "text" if media_type.startswith("text/") or media_type in _TEXTS else "binary"


def glyph_of(one: Named) -> str:
    """Return the icon of an artifact."""
    icons: dict[Kind, str] = {"json": "json", "diff": "diff", "image": "eye", "drawing": "eye"}
    return icons.get(kind_of(one), "doc")


def viewer_url(run: str, digest: str, step: str, name: str) -> str:
    """Return where an artifact is shown."""
    return f"/artifacts/{digest}?{urlencode({'run': run, 'step': step, 'name': name})}"


def file_url(run: str, digest: str, step: str, name: str) -> str:
    """Return where the bytes of an artifact are."""
    return f"/api/v1{viewer_url(run, digest, step, name)}"


def is_binary(content: bytes) -> bool:
    """Whether the beginning of a file is no text."""
    return b"\0" in content[:8_000]


def window(content: bytes, name: str, *, start: int, first: int, size: int) -> Window:
    """Return the lines of `content`, which begins at byte `start` of `size` with line `first`."""
    end = start + len(content)
    is_last = end >= size
    if not is_last:
        cut = content.rfind(b"\n") + 1
        cut = cut or len(content) - _broken(content)
        content, end = content[:cut], start + cut
    text = visible(content.decode("utf-8", "replace"))
    rows = list(_highlighted(text, name))
    if text.endswith("\n"):
        rows.pop()
    lines = [_line(first + place, pieces) for place, pieces in enumerate(rows)]
    return Window(lines, start, end, first + len(lines), is_last)


def _broken(content: bytes) -> int:
    """Return how many bytes at the end begin a character that is not whole."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return back if length > back else 0
    return 0


def _line(number: int, pieces: list[tuple[str, str]]) -> Line:
    shown: list[tuple[str, str]] = []
    room = LINE_MAX
    for kind, text in pieces:
        if room > 0:
            shown.append((kind, text[:room]))
        room -= len(text)
    return Line(number, shown, max(-room, 0))


def _highlighted(text: str, name: str) -> Iterator[list[tuple[str, str]]]:
    """Yield each line as pieces with classes; text that no reader knows is one piece a line."""
    reader = _reader(text, name)
    if reader is None:
        yield from ([("", line)] for line in text.split("\n"))
        return
    row: list[tuple[str, str]] = []
    for kind, value in reader.get_tokens(text):
        first, *rest = value.split("\n")
        row.append((_class_of(kind), first))
        for each in rest:
            yield row
            row = [(_class_of(kind), each)]
    yield row


def _reader(text: str, name: str) -> Lexer | None:
    # Patterns of readers are slow on the long lines of generated files.
    if any(len(line) > LINE_MAX for line in text.split("\n")):
        return None
    found = find_lexer_class_for_filename(name.rpartition("/")[2])
    is_quick = found is not None and not READ_QUICKLY.isdisjoint(found.aliases)
    return found(stripnl=False, ensurenl=False) if found is not None and is_quick else None


_CLASSES: tuple[tuple[Any, str], ...] = (
    (Token.Comment, "c"),
    (Token.Keyword, "k"),
    (Token.Name.Tag, "k"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "d"),
    (Token.Name.Decorator, "d"),
    (Token.Operator, "o"),
    (Token.Punctuation, "o"),
)


def _class_of(kind: _TokenType) -> str:
    return next((name for wanted, name in _CLASSES if kind in wanted), "")


def hexdump(content: bytes) -> list[str]:
    """Return bytes as lines of 16, with their place and as text."""
    found = []
    for place in range(0, len(content), 16):
        part = content[place : place + 16]
        plain = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        found.append(f"{place:08x}  {part.hex(' '):<47}  {plain}")
    return found


def read_json(content: bytes) -> Any:
    """Return a JSON document.

    Raises:
        ValueError: it is none, or nested too deeply.
    """
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise ValueError("The data is nested too deeply.") from None


def tree(value: Any, pointer: str = "", *, after: int = 0) -> Node:
    """Return a document, or the part of it at a pointer, as far as it is shown at once.

    Raises:
        LookupError: the document has no such part.
    """
    first, *names = pointer.split("/")
    if first:
        raise LookupError(pointer)
    for name in names:
        value = _part(value, name.replace("~1", "/").replace("~0", "~"))
    return _Growing(NODES_MAX).node(None, value, pointer, 0, after)


def _part(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value[name]
    if isinstance(value, list) and name.isascii() and name.isdecimal():
        return value[int(name)]
    raise LookupError(name)


class _Growing:
    """Counts what is shown, so that no document fills a page."""

    def __init__(self, room: int) -> None:
        self._room = room

    def node(self, key: str | None, value: Any, pointer: str, depth: int, after: int = 0) -> Node:
        self._room -= 1
        if not isinstance(value, dict | list):
            return Node(key, *_leaf(value), 0, None, pointer, 0)
        kind: Literal["object", "list"] = "object" if isinstance(value, dict) else "list"
        total = len(value)
        if depth > OPEN_DEPTH or self._room <= 0:
            return Node(key, kind, "", total, None if total else [], pointer, 0)
        children: list[Node] = []
        for place, (name, inner) in enumerate(_parts(value)):
            if place < after:
                continue
            if len(children) == CHILDREN_MAX or (self._room <= 0 and children):
                break
            under = f"{pointer}/{_escaped(name)}"
            shown = str(name) if isinstance(value, dict) else None
            children.append(self.node(shown, inner, under, depth + 1))
        left_out = max(total - after - len(children), 0)
        return Node(key, kind, "", total, children, pointer, left_out)


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(enumerate(value))


def _escaped(name: Any) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")


def _leaf(value: Any) -> tuple[Literal["s", "n"], str]:
    if isinstance(value, str):
        cut = visible(value[:STRING_MAX])
        more = f" … {len(value) - STRING_MAX:,} more characters" if len(value) > STRING_MAX else ""
        return "s", f"{msgspec.json.encode(cut).decode()}{more}"
    return "n", msgspec.json.encode(value).decode()
