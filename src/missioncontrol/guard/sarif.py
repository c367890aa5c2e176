"""A verdict as SARIF 2.1.0, as code hosts take it in."""

import hashlib
from typing import Any
from urllib.parse import quote

from missioncontrol.guard.judging import Finding, Verdict
from missioncontrol.guard.rules import Rules

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_of(verdict: Verdict, rules: Rules, *, version: str) -> dict[str, Any]:
    """Return the log of one run; each rule is told once, each finding with its fingerprint."""
    known = {rule.key: at for at, rule in enumerate(rules.rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mission guard",
                        "semanticVersion": version,
                        "rules": [
                            {
                                "id": rule.key,
                                "name": rule.key.title().replace("-", ""),
                                "shortDescription": {"text": rule.title},
                                "fullDescription": {"text": rule.why},
                                "defaultConfiguration": {"level": rule.severity},
                            }
                            for rule in rules.rules
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, known[each.rule]) for each in verdict.findings],
            }
        ],
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "artifactLocation": {"uri": quote(finding.path), "uriBaseId": "%SRCROOT%"}
    }
    place["region"] = {"startLine": max(1, finding.line)}
    print_ = hashlib.sha256(f"{finding.rule}\0{finding.path}".encode("utf-8", "surrogateescape"))
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.title}: {finding.reason}. {finding.remedy}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ruleAndFile/v1": print_.hexdigest()},
    }
