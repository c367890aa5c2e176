"""The auditor: secrets, unsafe patterns, moving dependencies and likely defects, in SARIF."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.domain.work import FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.auditor import (
    defects,
    python_patterns,
    report,
    secrets,
    supply,
    text_patterns,
)
from missioncontrol.specialists.auditor.issue import Issue, rank
from missioncontrol.specialists.auditor.sarif import sarif
from missioncontrol.specialists.specialist import Brief, Desk

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

SECONDS_MAX = 30.0
"""For all checks together, even where the attempt would have more."""
SECONDS_KEPT = 5.0
SARIF_MAX = 20_000
RELEVANT_MAX = 12


class Auditor:
    """Looks for what should not be there, and tells what is sure from what is not."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Run the checks and hand in SARIF and a report.

        Raises:
            AttemptFailed: there is no repository to audit.
        """
        if brief.repository is None:
            raise AttemptFailed(
                "auditor.no_repository",
                "There is no repository to audit.",
                hint="Name one when the mission is started.",
                retryable=False,
            )
        from missioncontrol.specialists.relevance import relevant_files
        from missioncontrol.specialists.tree import read_tree

        root = brief.repository.resolve()
        tree = read_tree(root)
        audit = _Audit(tree, root, desk)
        audit.run()
        issues = sorted(set(audit.issues), key=rank)
        relevant = [each.path for each in relevant_files(brief.goal, tree, limit=RELEVANT_MAX)]
        desk.log("success", report.summary(issues))
        obtained = "; ".join(audit.obtained)
        return Work(
            summary=report.summary(issues),
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
                    report.markdown(issues, relevant, audit.obtained, audit.left_out),
                    media_type="text/markdown",
                    title="Audit",
                    obtained=obtained,
                ),
            ),
            evidence=(FilesRead(len(tree.files), tree.left_out_count, tree.commit),),
        )


class _Audit:
    """One pass of all checks, within the time there is."""

    def __init__(self, tree: "Tree", root: Path, desk: Desk) -> None:
        self.tree = tree
        self.root = root
        self.desk = desk
        self.issues: list[Issue] = []
        self.obtained: list[str] = []
        self.left_out: list[str] = []
        self._ends_with_left = max(desk.seconds_left() - SECONDS_MAX, SECONDS_KEPT)
        self._seconds = max(desk.seconds_left() - self._ends_with_left, 1.0)

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
        from missioncontrol.specialists.manifests import read_manifests

        self.issues += supply.supply(self.tree, read_manifests(self.tree))
        self.obtained.append(supply.OBTAINED)

    def _python(self) -> None:
        if not any(file.language == "Python" for file in self.tree.files):
            return
        found, left = python_patterns.python_patterns(self.tree, self.root, is_late=self._is_late)
        self.issues += found
        self.left_out += left
        self.obtained.append(python_patterns.OBTAINED)

    def _text(self) -> None:
        self.issues += text_patterns.text_patterns(self.tree)
        if any(file.language in text_patterns.SCRIPTS for file in self.tree.files):
            self.obtained.append(text_patterns.OBTAINED)

    def _defects(self) -> None:
        if not any(file.language == "Python" for file in self.tree.files):
            return
        seconds = self.desk.seconds_left() - self._ends_with_left
        found, left = defects.defects(self.tree, self.root, seconds=seconds)
        self.issues += found
        self.left_out += left
        self.obtained.append(defects.OBTAINED)

    def _secrets(self) -> None:
        found, left = secrets.secrets(self.tree, self.root, is_late=self._is_half_over)
        self.issues += found
        self.obtained.append(secrets.OBTAINED)
        if left:
            self.left_out.append(f"{left} files were not searched for secrets: no time was left")


def _output(issues: list[Issue], audit: _Audit) -> dict[str, Any]:
    return {
        "counts": report.counts(issues),
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
