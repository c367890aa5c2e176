"""Unsafe patterns: in Python by bandit's defaults, in JavaScript and Django settings by form."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from missioncontrol.specialists.architect.javascript_imports import without_comments
from missioncontrol.specialists.auditor.issue import Confidence, Issue, Scope, rules, scope_of

if TYPE_CHECKING:
    from missioncontrol.domain.work import Severity
    from missioncontrol.specialists.tree import Tree

WELL_KNOWN_FORMS = "patterns over lines of JavaScript and settings files, comments left aside"
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
FILE_BYTES_MAX = 1024 * 1024
BATCH = 50
OBTAINED = (
    "bandit with its own defaults, reading no configuration of the repository; lines marked "
    "# nosec are left to their authors"
)
LEVELS: "dict[str, Severity]" = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
SURE: dict[str, Confidence] = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low", "UNDEFINED": "low"}
ASSERT = "B101"
"""What a test consists of; recorded for other code only."""
QUOTING = frozenset({"B105", "B106", "B107"})
"""Their messages repeat the password they suspect; detect-secrets looks for the same."""


def python_patterns(
    tree: "Tree", root: Path, *, is_late: Callable[[], bool]
) -> tuple[list[Issue], list[str]]:
    """Return what bandit found, and what it could not read."""
    scopes = {
        file.path: scope_of(file)
        for file in tree.files
        if file.language == "Python" and file.size <= FILE_BYTES_MAX and file.kind != "vendored"
    }
    paths = sorted(scopes)
    found: list[Issue] = []
    left_out: list[str] = []
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # Bandit warns about every odd comment it meets.
    try:
        for start in range(0, len(paths), BATCH):
            if is_late():
                left_out.append(f"bandit did not read {len(paths) - start} files: no time was left")
                break
            issues, skipped = _batch(root, paths[start : start + BATCH], scopes)
            found.extend(issues)
            left_out.extend(skipped)
    finally:
        logging.disable(before)
    return found, left_out


def _batch(
    root: Path, paths: Sequence[str], scopes: dict[str, Scope]
) -> tuple[list[Issue], list[str]]:
    with warnings.catch_warnings():
        # Bandit's libraries warn each other, and ast warns of odd escapes in the code it parses.
        warnings.simplefilter("ignore")
        from bandit.core.config import BanditConfig
        from bandit.core.manager import BanditManager

        manager = BanditManager(BanditConfig(), "file", quiet=True)
        manager.files_list = [str(root / path) for path in paths]
        manager.run_tests()
    skipped = [
        f"bandit could not read {_relative(root, name)}: {reason}"
        for name, reason in manager.skipped
    ]
    return list(_issues(manager.get_issue_list(), root, scopes)), skipped


def _relative(root: Path, name: str) -> str:
    return Path(name).relative_to(root).as_posix()


def _issues(raw: Sequence[Any], root: Path, scopes: dict[str, Scope]) -> Iterator[Issue]:
    for each in raw:
        path = _relative(root, each.fname)
        if each.test_id in QUOTING or (each.test_id == ASSERT and scopes[path] == "test"):
            continue
        known = rules().get(f"bandit.{each.test_id}")
        text = re.sub(r"\s+", " ", str(each.text)).strip()
        yield Issue(
            f"bandit.{each.test_id}",
            "security",
            known.severity if known else LEVELS.get(each.severity, "low"),
            _confidence(each, known=known is not None),
            known.title if known else text,
            path,
            int(each.lineno),
            max(each.linerange or [each.lineno]),
            scopes[path],
            known.why if known else "",
            known.remedy if known else "",
            "bandit",
        )


def _confidence(each: Any, *, known: bool) -> Confidence:
    if not known:
        return "low"
    if each.test_id in {"B602", "B605"} and each.severity == "LOW":
        return "low"  # The whole command is a literal: nothing gets in from outside.
    return SURE.get(each.confidence, "low")


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
