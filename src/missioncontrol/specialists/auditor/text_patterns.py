"""Unsafe patterns in JavaScript and in Django settings, by a handful of well-known forms."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.architect.javascript_imports import without_comments
from missioncontrol.specialists.auditor.issue import Confidence, Issue, Scope, scope_of
from missioncontrol.specialists.auditor.rules import rules

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

OBTAINED = "patterns over lines of JavaScript and settings files, comments left aside"
SCRIPTS = frozenset({"JavaScript", "TypeScript", "Vue", "Svelte"})
LINE_MAX = 1_000  # A longer line was written by a bundler.

JAVASCRIPT: tuple[tuple[str, Confidence, re.Pattern[str]], ...] = (
    ("javascript.eval", "high", re.compile(r"(?<![\w.$])eval\s*\((?!\s*\))|\bnew\s+Function\s*\(")),
    (
        "javascript.shell",
        "medium",
        re.compile(r"\bexec(?:Sync)?\s*\(\s*(?:`[^`]*\$\{|(['\"])(?:(?!\1).)*\1\s*\+)"),
    ),
    (
        "javascript.html",
        "medium",
        re.compile(
            r"\.(?:inner|outer)HTML\s*\+?=(?!=)\s*(?!\s*(?:(['\"`])(?:(?!\1|\$\{).)*\1\s*;?\s*$))\S|"
            r"\bdangerouslySetInnerHTML\b|\bdocument\.write(?:ln)?\s*\("
        ),
    ),
    (
        "javascript.tls",
        "high",
        re.compile(
            r"\brejectUnauthorized\s*:\s*false\b|NODE_TLS_REJECT_UNAUTHORIZED\W{0,4}=\s*\W?0"
        ),
    ),
)
SETTINGS: tuple[tuple[str, Confidence, re.Pattern[str]], ...] = (
    ("settings.django-debug", "medium", re.compile(r"^DEBUG\s*(?::\s*bool\s*)?=\s*True\b")),
    ("settings.django-hosts", "medium", re.compile(r"^ALLOWED_HOSTS\s*=\s*\[\s*['\"]\*['\"]")),
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
FOR_DEVELOPERS = re.compile(r"(?i)dev|local|test|debug|ci\b")


def text_patterns(tree: "Tree") -> Iterator[Issue]:
    """Yield what the patterns find."""
    for file in tree.files:
        scope = scope_of(file)
        if scope == "vendored":
            continue
        if file.language in SCRIPTS:
            text = tree.text(file.path)
            if text is not None:
                yield from _matches(file.path, without_comments(text), JAVASCRIPT, scope)
        elif file.language == "Python" and _is_settings(file.path):
            text = tree.text(file.path)
            if text is not None and "INSTALLED_APPS" in text:
                yield from _matches(file.path, text, SETTINGS, scope)


def _is_settings(path: str) -> bool:
    name = PurePosixPath(path).name
    inside = "settings" in PurePosixPath(path).parts or name.startswith("settings")
    return inside and not FOR_DEVELOPERS.search(name)


def _matches(
    path: str,
    text: str,
    patterns: tuple[tuple[str, Confidence, re.Pattern[str]], ...],
    scope: Scope,
) -> Iterator[Issue]:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_MAX:
            continue
        for name, confidence, pattern in patterns:
            looked_at = _STRING.sub("''", line) if name == "javascript.eval" else line
            if pattern.search(looked_at):
                rule = rules()[name]
                yield Issue(
                    name,
                    "security",
                    rule.severity,
                    confidence,
                    rule.title,
                    path,
                    number,
                    scope=scope,
                    why=rule.why,
                    remedy=rule.remedy,
                    tool="pattern",
                )
