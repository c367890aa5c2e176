"""Source maps, version 3: the original file and line that generated code comes from."""

import base64
import binascii
import os.path
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import msgspec

MAP_BYTES_MAX = 32 * 1024 * 1024
_DIGITS = {
    char: value
    for value, char in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_DATA = re.compile(r"data:application/json[^,]*?(?P<is_base64>;base64)?,")

Segment = tuple[int, str, int]
"""Column of the generated line from 0, path of the original file, its line from 1."""


class _Map(msgspec.Struct):
    """The keys of a source map that are read."""

    mappings: str
    sources: list[str | None]
    source_root: str | None = msgspec.field(default=None, name="sourceRoot")


def read_map(url: str, script: Path, top: Path) -> list[list[Segment]] | None:
    """Return the segments of each generated line of `script`; None where no map can be read.

    `url` is what the script names as its map: the map itself, or a file, which is read below `top`
    alone.
    """
    data, place = _data(url, script, top)
    if not data:
        return None
    try:
        found = msgspec.json.decode(data, type=_Map)
        return list(_lines(found, _sources(found, place)))
    except (msgspec.DecodeError, KeyError, IndexError):
        return None


def _data(url: str, script: Path, top: Path) -> tuple[bytes, Path]:
    """Return the bytes of a map, and the directory that its sources are relative to."""
    inline = _DATA.match(url)
    if inline:
        rest = url[inline.end() :]
        try:
            data = base64.b64decode(rest) if inline["is_base64"] else unquote(rest).encode()
        except (binascii.Error, ValueError):
            data = b""
        return data, script.parent
    path = _file(url, script.parent)
    try:
        is_inside = path is not None and path.resolve().is_relative_to(top.resolve())
        if path is None or not is_inside or path.stat().st_size > MAP_BYTES_MAX:
            return b"", script.parent
        return path.read_bytes(), path.parent
    except (OSError, ValueError):
        return b"", script.parent


def _sources(found: _Map, place: Path) -> list[str]:
    root = found.source_root or ""
    root = f"{root}/" if root and not root.endswith("/") else root
    paths = (_file(root + each, place) if each else None for each in found.sources)
    return [os.path.normpath(path) if path is not None else "" for path in paths]


def _file(url: str, place: Path) -> Path | None:
    """Return the file that a URL or a path names; None for one that is no file, as of webpack."""
    if url.startswith("file:"):
        return Path(unquote(urlparse(url).path))
    return None if re.match(r"[a-z][\w+.-]+:", url) else place / unquote(url)


def _lines(found: _Map, sources: list[str]) -> Iterator[list[Segment]]:
    source = line = 0
    for group in found.mappings.split(";"):
        column = 0
        segments: list[Segment] = []
        for text in filter(None, group.split(",")):
            values = list(_values(text))
            column += values[0]
            if len(values) >= 4:  # A segment of one value has no original.
                source += values[1]
                line += values[2]
                segments.append((column, sources[source] if source >= 0 else "", line + 1))
        yield segments


def _values(text: str) -> Iterator[int]:
    """Yield the numbers of base 64 and variable length in `text`.

    Raises:
        KeyError: there is another character in it.
    """
    value = shift = 0
    for char in text:
        digit = _DIGITS[char]
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            yield -(value >> 1) if value & 1 else value >> 1
            value = shift = 0
