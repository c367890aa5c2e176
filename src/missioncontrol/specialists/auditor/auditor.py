"""The auditor: secrets, unsafe patterns, moving dependencies and likely defects, in SARIF."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import FilesRead, Work
from missioncontrol.extras import require_extra
from missioncontrol.specialists.auditor import defects, patterns, report, secrets, supply
from missioncontrol.specialists.auditor.issue import Issue, rank, rules
from missioncontrol.specialists.packages import chosen, part_of
from missioncontrol.specialists.specialist import Brief, Desk, repository_of

# Writes everything that was found as SARIF 2.1.0 (OASIS), for tools that read it.

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


if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Stack
    from missioncontrol.specialists.tree import Tree

SECONDS_MAX = 30.0
"""For all checks together in a mission, even where the attempt would have more."""
SECONDS_RESERVED = 5.0
SARIF_MAX = 20_000
RELEVANT_MAX = 12


class Auditor:
    """Looks for what should not be there, and tells what is sure from what is not."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Run the checks and hand in SARIF and a report.

        Raises:
            AttemptFailed: there is no repository to audit, or no such package in it.
        """
        root = repository_of(brief, "auditor", "audit").resolve()
        from missioncontrol.specialists.indexing import index_of
        from missioncontrol.specialists.relevance import relevant_files
        from missioncontrol.specialists.tree import read_tree

        audit = _Audit(read_tree(root), brief, desk)
        audit.run()
        tree = audit.tree
        issues = sorted(set(audit.issues), key=rank)
        near = relevant_files(
            brief.goal, brief.plan, lambda: index_of(audit.whole), limit=RELEVANT_MAX
        )
        relevant = [each.path for each in near]
        summary = report.summary(issues, audit.package, audit.not_made)
        desk.log("success", summary)
        obtained = "; ".join(audit.obtained)
        return Work(
            summary=summary,
            output=_output(issues, audit),
            facts=report.facts(issues, obtained),
            findings=report.findings(issues),
            artifacts=(
                desk.keep(
                    "audit.sarif",
                    _log(issues, audit),
                    media_type="application/sarif+json",
                    title="Everything the audit found",
                    obtained=obtained,
                ),
                desk.keep(
                    "audit.md",
                    report.markdown(
                        issues,
                        relevant,
                        audit.obtained,
                        audit.left_out,
                        sentence=summary,
                        package=audit.package,
                    ),
                    media_type="text/markdown",
                    title="Audit",
                    obtained=obtained,
                ),
            ),
            evidence=(FilesRead(len(tree.files), tree.left_out_count, tree.commit),),
        )


class _Audit:
    """One pass of all checks, within the time there is."""

    def __init__(self, whole: "Tree", brief: Brief, desk: Desk) -> None:
        self.whole = whole
        self.package = chosen(brief.package, whole, self.stack) if brief.package else ""
        self.tree = part_of(whole, self.package, self.stack) if self.package else whole
        self.root: Path = whole.root
        self.desk = desk
        self.issues: list[Issue] = []
        self.obtained: list[str] = []
        self.left_out: list[str] = []
        self.not_made = 0  # checks, for want of a library
        # The author of a workflow bounds the time of a step; a mission has to end soon.
        wanted = SECONDS_MAX if brief.plan is not None else math.inf
        self._ends_with_left = max(desk.seconds_left() - wanted, SECONDS_RESERVED)
        self._seconds = max(desk.seconds_left() - self._ends_with_left, 1.0)

    @cached_property
    def stack(self) -> "Stack":
        """What the manifests of the whole repository say."""
        from missioncontrol.specialists.manifests import read_manifests

        return read_manifests(self.whole)

    def run(self) -> None:
        """Run the quick checks first, then what weighs most, and the slowest last."""
        checks: tuple[tuple[str, Callable[[], None]], ...] = (
            ("dependencies, images and workflows", self._supply),
            ("unsafe patterns in scripts and settings", self._text),
            ("likely defects", self._defects),
            ("secrets", self._secrets),
            ("unsafe patterns in Python", self._python),
        )
        for number, (words, check) in enumerate(checks):
            self.desk.progress(number, len(checks), words)
            check()
        self.desk.progress(len(checks), len(checks), "checks done")

    def _is_late(self) -> bool:
        return self.desk.seconds_left() < self._ends_with_left

    def _is_half_over(self) -> bool:
        return self.desk.seconds_left() < self._ends_with_left + self._seconds / 2

    def _supply(self) -> None:
        # Lock files may lie above a package: all are known here, only its own issues stay.
        found = supply.supply(self.whole, self.stack)
        self.issues += [issue for issue in found if issue.path in self.tree.by_path]
        self.obtained.append(supply.OBTAINED)

    def _python(self) -> None:
        if not self._can_check_python("The search for unsafe patterns in Python", "bandit"):
            return
        found, left = patterns.python_patterns(self.tree, self.root, is_late=self._is_late)
        self.issues += found
        self.left_out += left
        self.obtained.append(patterns.OBTAINED)

    def _text(self) -> None:
        self.issues += patterns.text_patterns(self.tree)
        if any(file.language in patterns.SCRIPTS for file in self.tree.files):
            self.obtained.append(patterns.WELL_KNOWN_FORMS)

    def _defects(self) -> None:
        if not self._can_check_python("The search for likely defects in Python", "ruff"):
            return
        seconds = self.desk.seconds_left() - self._ends_with_left
        found, left = defects.defects(self.tree, self.root, seconds=seconds)
        self.issues += found
        self.left_out += left
        self.obtained.append(defects.OBTAINED)

    def _can_check_python(self, check: str, library: str) -> bool:
        """Whether there is Python to check and a library to do it; what is missing is reported."""
        if not any(file.language == "Python" for file in self.tree.files):
            return False
        try:
            require_extra("audit", check, library)
        except Unavailable as refused:
            self.desk.log("warning", str(refused))
            self.left_out.append(str(refused))
            self.not_made += 1
            return False
        return True

    def _secrets(self) -> None:
        found, left = secrets.secrets(self.tree, self.root, is_late=self._is_half_over)
        self.issues += found
        self.obtained.append(secrets.OBTAINED)
        if left:
            self.left_out.append(f"{left} files were not searched for secrets: no time was left")


def _output(issues: list[Issue], audit: _Audit) -> dict[str, Any]:
    counts = report.counts(issues)
    shown = {name: counts[name] for name in ("critical", "high", "medium", "low")}
    return {
        "package": audit.package,
        "files": len(audit.tree.files),
        "findings": sum(shown.values()),
        **shown,
        "counts": counts,
        "obtained": audit.obtained,
        "left_out": audit.left_out,
    }


def _log(issues: list[Issue], audit: _Audit) -> bytes:
    left_out = list(audit.left_out)
    if len(issues) > SARIF_MAX:
        left_out.append(f"{len(issues) - SARIF_MAX} of the least severe findings")
    log = sarif(
        issues[:SARIF_MAX],
        counts=report.counts(issues),
        obtained=audit.obtained,
        left_out=left_out,
    )
    return msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n"
