"""Unsafe patterns in Python code, found by bandit with its own defaults and no settings."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from missioncontrol.specialists.auditor.issue import Confidence, Issue, Scope, scope_of
from missioncontrol.specialists.auditor.rules import rules

if TYPE_CHECKING:
    from missioncontrol.domain.work import Severity
    from missioncontrol.specialists.tree import Tree

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
