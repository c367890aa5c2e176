"""What a change is told: rules that hold without a current spec, with the reason and the remedy."""

from collections.abc import Sequence

import msgspec

from missioncontrol.guard.rules import Severity
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
    """All that is said of a change."""

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
    """Hold what was triggered against the specs there are."""
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
