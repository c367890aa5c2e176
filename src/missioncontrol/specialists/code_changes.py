"""Commits as goals: which of them one goal could have asked for, and the text of that goal."""

import re
from collections.abc import Sequence

from missioncontrol.specialists.ranking.roles import CHANGE_LOG

BODY_MAX = 600
"""Characters of what a message says below its subject that are part of the goal."""
READ_MAX, SUBJECT_MAX = 4_000, 300
LISTED_MIN = 2
"""Passages of the form `* subject` from which on they are the list that a squash leaves."""
_NUMBER = re.compile(
    r"(?i)(?:\s*(?:\((?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see)[:\s]+#\d+\)|\(?#\d+\)?))+\s*$"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_CHECK = re.compile(r"(?m)^[*-] \[[ xX]\] .*(?:\n(?![*#-])[ \t]+\S.*)*$")
_HEADING = re.compile(r"(?im)^#+ \W*(?:checklist|changes|description|type of change|summary)\W*$")
"""Headings of the forms that people fill in; other headings say something."""
_TRAILER = re.compile(
    r"(?i)^[a-z]+(?:-[a-z]+)*-(?:by|to|id|from): .*$"
    r"|^(?:cc|change-id|git-svn-id|differential revision|pull-request|pr|bug|issue): .*$"
    r"|^[*-]? ?(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|refs?|see(?: also)?|related to|part of)\b"
    r":? *(?:[\w./-]*#\d+|GH-\d+|https?://\S+)[\s.,;&#\d]*$"
    r"|^this reverts commit [0-9a-f]{7,64}\.?$|^-{3,}$"
)
_ADDRESS = re.compile(r"<?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+>?")
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


def goal_of_message(message: str) -> str:
    """Return a message without trailers, numbers of requests, check lists and mail addresses.

    What a squash lists of the commits that it was made of is left out as well, and the part below
    the subject is cut after `BODY_MAX` characters.
    """
    message = message[:READ_MAX]  # What follows would be cut anyhow, and takes long to look at.
    text = _HEADING.sub("", _CHECK.sub("", _COMMENT.sub("", message.replace("\r\n", "\n"))))
    first, _, rest = text.strip().partition("\n")
    first = first[:SUBJECT_MAX]
    subject = _ADDRESS.sub("(address)", _NUMBER.sub("", first).strip(" ;"))
    lines = [line.rstrip() for line in rest.split("\n")]
    body = "\n".join(line for line in lines if not _TRAILER.match(line.strip()))
    body = _ADDRESS.sub("(address)", "\n\n".join(_passages(body)))
    if len(body) > BODY_MAX:
        body = body[:BODY_MAX].rpartition(" ")[0] + "…"
    return f"{subject}\n\n{body}".strip()


def _passages(body: str) -> list[str]:
    found = [each.strip("\n") for each in re.split(r"\n\s*\n", body) if each.strip()]
    listed = [each for each in found if each.startswith("* ") and "\n" not in each]
    return [each for each in found if each not in listed] if len(listed) >= LISTED_MIN else found
