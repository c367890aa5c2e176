"""Reads the label before a request: “fix(parser): …”, “[docs] …”, “middleware: …”, “#12 …”.

The label of a conventional commit says the kind of work; its scope, or the name of a part of the
code before a colon, says where the work lies.
"""

import re
from typing import NamedTuple

from missioncontrol.specialists.planner.imperatives import leading_verb, without_pictures

KINDS = {
    "fix": "bug-fix",
    "bugfix": "bug-fix",
    "hotfix": "bug-fix",
    "bug": "bug-fix",
    "feat": "feature",
    "feature": "feature",
    "feature request": "feature",
    "enhancement": "feature",
    "perf": "performance",
    "docs": "documentation",
    "doc": "documentation",
    "documentation": "documentation",
    "test": "tests",
    "tests": "tests",
    "refactor": "refactoring",
    "style": "refactoring",
    "ci": "release",
    "deps": "dependency",
    "chore": "",
    "build": "",
    "revert": "",
}
"""By label, the kind of work that it stands for; "" where it may be any."""
_LABELS = "|".join(sorted(KINDS, key=len, reverse=True))
_ISSUE = re.compile(
    r"(?i)^(?:\(?#\d+\)?[\s:,-]+|(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+#\d+[,:;]\s+"
    r"|\[(?:(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?)\s+)?#\d+\]:?\s+)(?=\S)"
)
"""“#4965 …”, “[Fix #14673] …”, “fixes #362, …”: the number of an issue says nothing of the work."""
_CLOSES = re.compile(
    r"(?i)(?<=[\w`\"'”])(?P<end>(?:[,;:.]\s+\(?(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)(?:\s+#?\d+)?"
    r"|\s+\(?(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+#\d+)\)?[.\s]*)$"
)
"""“…, fixes #362” and “…, fixes” at the end: which issue it closes is no part of the work."""
_LABEL = re.compile(
    rf"(?i)(?:(?P<label>{_LABELS})(?:\((?P<scope>[^)\n]*)\))?!?:|\[(?P<tag>{_LABELS})\]:?)\s+(?=\S)"
)
_PART = re.compile(
    r"(?:(?P<part>[A-Za-z][\w./-]*)(?:\([\w./-]*\))?:|\[(?P<tag>[\w./-]{2,})\]:?)\s+(?=\S)"
)
_DEPENDENCIES = frozenset({"deps", "deps-dev", "dependencies"})
_WITHOUT_SUBJECT = re.compile(r"(?i)(?:should|must|has to|needs to)\s")


class Label(NamedTuple):
    """A request without its label, and what the label says."""

    text: str
    kind: str = ""  # of work; "" where the label says none
    scope: str = ""  # the part of the code that it names


def labelled(text: str) -> Label:
    """Take the label off a request.

    A fault behind “fix:” keeps the bare word: “Fix: `send` sets no length” asks for its repair.
    """
    plain = _ISSUE.sub("", without_pictures(text))
    if (closes := _CLOSES.search(plain)) and leading_verb(plain[: closes.start("end")]):
        plain = plain[: closes.start("end")]
    match = _LABEL.match(plain)
    if match:
        label = (match["label"] or match["tag"]).lower()
        scope, rest = (match["scope"] or "").strip(), plain[match.end() :]
        kind = "dependency" if scope in _DEPENDENCIES else KINDS[label]
        if scope and _WITHOUT_SUBJECT.match(rest):
            rest = f"`{scope}` {rest}"
        elif kind == "bug-fix" and not leading_verb(rest):
            rest = f"Fix: {rest}"
        return Label(rest, kind, scope)
    part = _PART.match(plain)
    if part and leading_verb(plain[part.end() :]) and _is_part(part, plain):
        return Label(plain[part.end() :], "", part["part"] or part["tag"])
    return Label(plain)


def _is_part(part: re.Match[str], plain: str) -> bool:
    """Whether what stands before the colon names a part: “log: support …”, but not “Add: …”."""
    return bool(part["tag"]) or plain[0].islower() or not leading_verb(plain)
