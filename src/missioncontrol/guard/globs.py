"""Patterns of paths, as `.gitignore` writes them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

_WILD = re.compile(r"[*?\[\\]|/$")

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


def matching(patterns: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that one of `patterns` names; a later `!pattern` takes back."""
    if not patterns:
        return []
    spec = _compiled(tuple(patterns))
    return [path for path in paths if spec.match_file(path)]


def matches(patterns: Sequence[str], path: str) -> bool:
    """Tell whether one of `patterns` names `path`."""
    return bool(matching(patterns, (path,)))


def may_match(patterns: Sequence[str], path: str) -> bool:
    """Tell, at a glance, whether it is worth to look: never False where `matches` is True."""
    return any(
        not said.startswith("!")
        and ("/" not in said.rstrip("/") or path.startswith(_WILD.split(said.lstrip("/"), 1)[0]))
        for said in patterns
    )


def bad_pattern(pattern: str) -> bool:
    """Tell whether `pattern` can't be read, or names nothing."""
    try:
        read = _compiled((pattern,)).patterns
        return pattern.strip() != pattern or all(each.include is None for each in read)
    except ValueError:
        return True


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
