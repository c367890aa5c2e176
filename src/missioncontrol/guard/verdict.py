"""The verdict on a change: rules without a current spec, with reason and remedy, also as SARIF."""

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from missioncontrol.guard.rules import Rules, Severity
from missioncontrol.guard.specs import Judged, State
from missioncontrol.guard.triggers import Trigger

ORDER: Sequence[State] = ("current", "old", "moved_on", "rewritten", "unsigned", "unaccepted")
"""From what is nearest to being right."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule holds for a file, and no current spec speaks of it."""

    rule: str
    title: str
    why: str
    severity: Severity
    path: str
    line: int
    reason: str
    remedy: str
    spec: str = ""  # that comes nearest
    state: State | None = None  # in which it is


class Verdict(msgspec.Struct, frozen=True):
    """The verdict on a change."""

    what: str
    files: int
    triggered: int  # pairs of a rule and a file
    findings: tuple[Finding, ...]
    covered: tuple[str, ...]  # specs that are current and speak of something here

    @property
    def is_refused(self) -> bool:
        """Whether an error is among the findings."""
        return any(each.severity == "error" for each in self.findings)


def verdict(what: str, files: int, all_: Sequence[Trigger], specs: Sequence[Judged]) -> Verdict:
    """Match the triggered rules with the specs."""
    findings: list[Finding] = []
    covered: dict[str, None] = {}
    for each in all_:
        best = _nearest(each, specs)
        if best is not None and best.state == "current":
            covered[best.spec.path] = None
        else:
            findings.append(_finding(each, best))
    return Verdict(what, files, len(all_), tuple(findings), tuple(covered))


def _nearest(trigger: Trigger, specs: Sequence[Judged]) -> Judged | None:
    found = [each for each in specs if each.spec.speaks_of(trigger.rule.key, trigger.path)]
    return min(found, key=lambda each: ORDER.index(each.state), default=None)


def _finding(trigger: Trigger, best: Judged | None) -> Finding:
    rule = trigger.rule
    about = f"{trigger.reason}; no spec covers this file"
    remedy = (
        f"Write what is to be built, and why, into a spec that has `{trigger.path}` under "
        "`covers:`, and accept it with `mission guard accept SPEC`."
    )
    if best is not None:
        about = f"{trigger.reason}; {best.spec.path} {best.words}"
        remedy = (
            f"Read {best.spec.path}, mend what is no longer so, and accept it with "
            f"`mission guard accept {best.spec.path}`."
        )
    return Finding(
        rule.key,
        rule.title,
        rule.why,
        rule.severity,
        trigger.path,
        trigger.line,
        about,
        remedy,
        best.spec.path if best else "",
        best.state if best else None,
    )


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_of(verdict: Verdict, rules: Rules, *, version: str) -> dict[str, Any]:
    """Return the log of one run; each rule once, each finding with its fingerprint."""
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
