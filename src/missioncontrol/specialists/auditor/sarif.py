"""Writes everything that was found as SARIF 2.1.0 (OASIS), for tools that read it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from missioncontrol.specialists.auditor.issue import Issue
from missioncontrol.specialists.auditor.rules import rules

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVEL = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
SCORE = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0", "info": "0.0"}


def sarif(
    issues: Sequence[Issue],
    *,
    counts: dict[str, int],
    obtained: Sequence[str],
    left_out: Sequence[str],
) -> dict[str, Any]:
    """Return the log: one run, its rules by name, its results in the order given."""
    names = sorted({each.rule for each in issues})
    seen: Counter[str] = Counter()
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Mission Control auditor",
                        "rules": [_rule(name, issues) for name in names],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {
                    "SRCROOT": {"description": {"text": "The root of the repository"}}
                },
                "results": [_result(each, names, seen) for each in issues],
                "properties": {
                    "counts": counts,
                    "obtained": list(obtained),
                    "leftOut": list(left_out),
                },
            }
        ],
    }


def _rule(name: str, issues: Sequence[Issue]) -> dict[str, Any]:
    first = next(each for each in issues if each.rule == name)
    known = rules().get(name)
    # Titles of rules that are not ours can hold the values of one place; the name says enough.
    words = known.title if known else name
    found: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": words},
        "defaultConfiguration": {"level": LEVEL[first.severity]},
        "properties": {"tags": [first.topic, first.tool]},
    }
    if known:
        found["fullDescription"] = {"text": known.why}
        found["help"] = {"text": known.remedy}
    if first.topic == "security":
        found["properties"]["security-severity"] = SCORE[first.severity]
    return found


def _result(issue: Issue, names: Sequence[str], seen: Counter[str]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(issue.path), "uriBaseId": "SRCROOT"}
    }
    if issue.line:
        location["region"] = {
            "startLine": issue.line,
            "endLine": max(issue.line, issue.end_line),
        }
    return {
        "ruleId": issue.rule,
        "ruleIndex": names.index(issue.rule),
        "level": LEVEL[issue.severity],
        "message": {"text": ". ".join(filter(None, (issue.title, issue.why)))},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"ruleAndPlace/v1": _fingerprint(issue, seen)},
        "properties": {
            "severity": issue.severity,
            "confidence": issue.confidence,
            "scope": issue.scope,
            "shown": issue.is_shown,
        },
    }


def _fingerprint(issue: Issue, seen: Counter[str]) -> str:
    """Identify a result over commits: by rule, file, words and its turn, not by its line."""
    words = "\n".join((issue.rule, issue.path, issue.title, issue.mark))
    seen[words] += 1
    return hashlib.sha256(f"{words}\n{seen[words]}".encode()).hexdigest()[:32]
