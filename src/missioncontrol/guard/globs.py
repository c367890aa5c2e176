"""Patterns of paths, as `.gitignore` writes them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

COMPILED_MAX = 4_096
"""Sets of patterns in the cache: thousands of specs are matched path after path."""

_WILD = re.compile(r"[*?\[\\]")
_PLAIN = re.compile(r"/?[\w@+.-]+(?:/[\w@+.-]+)*/?", re.ASCII)

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def matching(patterns: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that one of `patterns` names; a later `!pattern` excludes."""
    if not patterns:
        return []
    spec, begun = _compiled(tuple(patterns)), _beginnings(patterns)
    return [path for path in paths if path.startswith(begun) and spec.match_file(_as_text(path))]


def _as_text(path: str) -> str:
    """Return a path that may not be UTF-8 as text that patterns can match."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def matches(patterns: Sequence[str], path: str) -> bool:
    """Tell whether one of `patterns` names `path`."""
    return bool(matching(patterns, (path,)))


class Prefilter:
    """Selects the patterns that are worth matching against some paths.

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
        return any(self._may(pattern) for pattern in patterns if not pattern.startswith("!"))

    def _may(self, pattern: str) -> bool:
        if not _PLAIN.fullmatch(pattern):
            begun = _beginning(pattern)
            return any(path.startswith(begun) for path in self._paths)
        inner = pattern.rstrip("/")
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
    return tuple(_beginning(pattern) for pattern in patterns if not pattern.startswith("!"))


def _beginning(pattern: str) -> str:
    """Return what every path begins with that a pattern names; "" where that can be anything."""
    if "/" not in pattern.rstrip("/") or pattern != pattern.strip():
        return ""
    return _WILD.split(pattern.strip("/"), maxsplit=1)[0]


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
