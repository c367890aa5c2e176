"""Tells commits that one goal could have asked for from those of bots, routine and bulk."""

import re
from collections.abc import Sequence

from missioncontrol.specialists.ranking.roles import CHANGE_LOG

WORDS_MIN = 4
CODE_MAX, FILES_MAX = 8, 16
_BOT = re.compile(
    r"(?i)\[bot\]|(?:^|[\s_-])bot$|^(?:dependabot|renovate|github-actions|pre-commit)"
)
_LABEL = re.compile(r"^\w+(?:\([^)]*\))?!?: ")
_ROUTINE = re.compile(
    r"(?i)^(?:merge|revert|bump|release|version|v?\d+\.\d|\[?pre-commit|upgrade \S+ to\b"
    r"|prepare (?:for )?(?:the )?(?:next )?(?:release|version|development|v?\d)"
    r"|update (?:dependenc|deps\b|version|sponsors|\S+ (?:to|from) v?\d)|\w+\(deps[^)]*\)"
    r"|(?:chore|build|ci|fix)(?:\([^)]*\))?!?: ?(?:bump|release|version|upgrade|update dep))"
)
"""How subjects begin of what is routine: releases, versions, updates of dependencies."""
_LOCK = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*[-.]lock(?:\.json|\.yaml|b)?|go\.sum|package-lock\.json|pnpm-lock\.yaml"
    r"|npm-shrinkwrap\.json)$"
)
_BUILD_TEXT = re.compile(r"(?i)(?:^|/)(?:cmakelists|meson_options)\.txt$")
"""Files of the build that look like text for people."""
_DOCUMENT = re.compile(
    r"(?i)\.(?:md|mdx|rst|rdoc|adoc|txt|png|svg|jpe?g|gif|ico|webp)$|(?:^|/)(?:docs?|website|www)/"
    r"|(?:^|/)(?:licen[cs]e|authors|contributors|codeowners|funding)[^/]*$"
)


def is_one_change(subject: str, paths: Sequence[str]) -> bool:
    """Whether a commit says what it is for, is no routine, and changes one to eight files of code.

    Tests, build and settings count as code; `paths` are all that it touched, lock files left out.
    """
    code = [path for path in paths if not is_document(path)]
    fits = 1 <= len(code) <= CODE_MAX and len(paths) <= FILES_MAX
    words = _LABEL.sub("", subject).split()
    return fits and len(words) >= WORDS_MIN and _ROUTINE.match(subject) is None


def is_bot(author: str) -> bool:
    """Whether a program makes commits under this name."""
    return _BOT.search(author) is not None


def is_document(path: str) -> bool:
    """Whether a file is text for people, and not what a program reads."""
    if _BUILD_TEXT.search(path):
        return False
    return _DOCUMENT.search(path) is not None or CHANGE_LOG.search(path) is not None


def is_lock(path: str) -> bool:
    """Whether a tool writes a file to pin versions."""
    return _LOCK.search(path) is not None
