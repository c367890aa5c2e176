"""Writes values with comments as YAML that is readable and unambiguous for every parser."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

WIDTH = 96
_PLAIN = re.compile(
    r"([0-9]+(ms|[smhd]))+"
    r"|-{0,2}[A-Za-z_/][A-Za-z0-9_./@%+=-]*( [A-Za-z0-9_./@%+=(-][A-Za-z0-9_./@%+=()-]*)*"
)
_SIMPLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))
# Control characters, line ends that only some parsers know, and invisible characters.
_HIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\xac\xae-\u200a\u2010-\u2027\u202f-\u205f\u2070-\ud7ff"
    "\ue000-\ufefe\uff00-\ufffd\U00010000-\U000dffff]"
)


class Commented(msgspec.Struct, frozen=True):
    """A value of a mapping, with comment lines above its key."""

    value: Any
    comments: tuple[str, ...] = ()
    apart: bool = False  # an empty line stands above it


def to_yaml(mapping: dict[str, Any]) -> str:
    """Return `mapping` as YAML; values may be `Commented`, and short ones share a line."""
    return "".join(f"{line}\n" for line in _mapping(mapping, ""))


def _mapping(mapping: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        if isinstance(value, Commented):
            yield from [""] * value.apart
            yield from _comments(value.comments, indent)
            value = value.value
        yield from _entry(f"{indent}{_key(key)}:", value, indent)


def _comments(comments: tuple[str, ...], indent: str) -> Iterator[str]:
    for comment in comments:
        yield from (f"{indent}# {line}".rstrip() for line in _wrapped(comment, WIDTH - len(indent)))


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    # A line break would end the comment, and the rest would be read as YAML.
    for word in re.sub(r"[\t\n]", " ", _HIDDEN.sub(" ", text)).split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    flow = _flow(value)
    fits = flow is not None and len(head) + 1 + len(flow) <= WIDTH
    if fits or not value or not isinstance(value, dict | list | tuple | str):
        yield f"{head} {flow}"
    elif isinstance(value, dict):
        yield head
        yield from _mapping(value, f"{indent}  ")
    elif isinstance(value, list | tuple):
        yield head
        for item in value:
            yield from _item(item, f"{indent}  ")
    else:
        yield from _text(head, value, indent)


def _item(value: Any, indent: str) -> Iterator[str]:
    flow = _flow(value)
    if flow is not None and (len(indent) + 2 + len(flow) <= WIDTH or not value):
        yield f"{indent}- {flow}"
    elif isinstance(value, dict):
        lines = list(_mapping(value, f"{indent}  "))
        # A comment on the first key has to stand above the dash.
        first = next(n for n, line in enumerate(lines) if not line.lstrip().startswith("#"))
        yield from (line[2:] for line in lines[:first])
        yield f"{indent}- {lines[first][len(indent) + 2 :]}"
        yield from lines[first + 1 :]
    else:
        yield from _entry(f"{indent}-", value, indent)


def _flow(value: Any) -> str | None:
    """Return `value` on one line, or None where it is better laid out on several."""
    if isinstance(value, dict):
        return _flow_mapping(value)
    if isinstance(value, list | tuple):
        parts = [_flow(item) for item in value]
        return None if None in parts else f"[{', '.join(map(str, parts))}]"
    if isinstance(value, Commented) or (isinstance(value, str) and "\n" in value.rstrip("\n")):
        return None
    return _scalar(value)


def _flow_mapping(mapping: dict[str, Any]) -> str | None:
    if any(isinstance(value, dict | Commented) for value in mapping.values()):
        return None if mapping else "{}"
    parts = {_key(key): _flow(value) for key, value in mapping.items()}
    if None in parts.values():
        return None
    return f"{{{', '.join(f'{key}: {value}' for key, value in parts.items())}}}"


def _key(key: str) -> str:
    is_plain = _SIMPLE_KEY.fullmatch(key) and key.lower() not in _WORDS
    return key if is_plain else _quoted(key)


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        # YAML 1.1 takes a number for a text where its fraction is missing.
        return re.sub(r"^(-?[0-9]+)(e|$)", r"\1.0\2", repr(value))
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if _HIDDEN.search(value) or "\n" in value or "\t" in value:
        return _quoted(value)
    if "'" in value and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _quoted(text: str) -> str:
    """Return a double-quoted scalar; YAML has no surrogate pairs, JSON has nothing else."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda found: f"\\U{ord(found[0]):08x}", quoted)


def _text(head: str, text: str, indent: str) -> Iterator[str]:
    """Lay `text` out as a block where it has lines, so that a script looks like one."""
    if "\n" not in text or _HIDDEN.search(text) or not text.strip():
        yield f"{head} {_scalar(text)}"
        return
    lines = text.split("\n")
    keep = "-" if lines[-1] else "+" if not lines[-2] else ""
    if keep != "-":
        lines.pop()
    # A parser would take the depth of the first line for that of the block.
    depth = "2" if text[0] in " \t\n" else ""
    yield f"{head} |{depth}{keep}"
    yield from (f"{indent}  {line}" if line else "" for line in lines)
