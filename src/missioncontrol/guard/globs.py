"""Patterns of paths, as `.gitignore` writes them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

COMPILED_MAX = 4_096
"""Sets of patterns that are kept ready: thousands of specs are asked about path after path."""

_WILD = re.compile(r"[*?\[\\]")
_PLAIN = re.compile(r"/?[\w@+.-]+(?:/[\w@+.-]+)*/?", re.ASCII)

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def matching(patterns: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that one of `patterns` names; a later `!pattern` takes back."""
    if not patterns:
        return []
    spec, begun = _compiled(tuple(patterns)), _beginnings(patterns)
    return [path for path in paths if path.startswith(begun) and spec.match_file(_as_text(path))]


def _as_text(path: str) -> str:
    """Return a name that may be no text as what patterns can be held against."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def matches(patterns: Sequence[str], path: str) -> bool:
    """Tell whether one of `patterns` names `path`."""
    return bool(matching(patterns, (path,)))


class Glance:
    """Tells which patterns are worth to be held against some paths.

    Most patterns of specs have no sign in them, so they name a path where it, or a directory
    above it, is written just so: one look into a set, and nothing to compile.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        """Look at `paths`."""
        self._paths = tuple(paths)
        self._above: set[str] = set()  # each path and the directories that it is in
        self._parts: set[str] = set()
        for path in self._paths:
            parts = path.split("/")
            self._parts.update(parts)
            self._above.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))

    def may_match(self, patterns: Sequence[str]) -> bool:
        """Tell whether one of `patterns` may name one of them: never False where it does."""
        return any(self._may(said) for said in patterns if not said.startswith("!"))

    def _may(self, said: str) -> bool:
        if not _PLAIN.fullmatch(said):
            begun = _beginning(said)
            return any(path.startswith(begun) for path in self._paths)
        inner = said.rstrip("/")
        return inner.lstrip("/") in (self._above if "/" in inner else self._parts)


def bad_pattern(pattern: str) -> bool:
    """Tell whether `pattern` can't be read, or names nothing."""
    if _PLAIN.fullmatch(pattern):
        return False  # Nearly all are, and thousands of them are read before a commit.
    try:
        read = _compiled((pattern,)).patterns
        return pattern.strip() != pattern or all(each.include is None for each in read)
    except (ValueError, re.error):  # What stands in brackets becomes a regular expression.
        return True


def _beginnings(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return what a path has to begin with, one of them, to be named."""
    return tuple(_beginning(said) for said in patterns if not said.startswith("!"))


def _beginning(said: str) -> str:
    """Return what every path begins with that a pattern names; "" where that can be anything."""
    if "/" not in said.rstrip("/") or said != said.strip():
        return ""
    return _WILD.split(said.strip("/"), maxsplit=1)[0]


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
