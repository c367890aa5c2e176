"""The questions of a review, what they found, and the verdict that follows by a stated rule."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from missioncontrol.domain.plan import Task
from missioncontrol.domain.work import Finding, Severity
from missioncontrol.specialists.reviewer.case import Case

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
Verdict = Literal["ready", "ready with gaps", "not ready"]
RULE = (
    "“not ready” where any check found something critical or high, “ready with gaps” where it "
    "found something medium or low, “ready” where no check found anything"
)
STEPS_MAX = 15


class Check(msgspec.Struct, frozen=True):
    """A question, how much was looked at, and what is missing or contradictory."""

    name: str
    asked: str  # what was compared with what
    looked_at: int
    missing: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.missing

    @property
    def detail(self) -> str:
        """Say how much was looked at and how much of it is wrong."""
        if not self.looked_at and not self.missing:
            return f"{self.asked}: there was nothing to look at"
        return f"{self.asked}: {self.looked_at} looked at, {len(self.missing)} wrong"


def check(name: str, asked: str, looked_at: int, missing: Iterable[Finding]) -> Check:
    """Return a check; every finding says that this question found it."""
    obtained = f"review: {asked}"
    found = (msgspec.structs.replace(each, obtained=obtained) for each in missing)
    return Check(name, asked, looked_at, tuple(found))


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, the gravest first, otherwise in the order they came."""
    return sorted(findings, key=lambda each: SEVERITIES.index(each.severity))


def verdict(checks: Sequence[Check]) -> Verdict:
    """Return the verdict by `RULE`."""
    found = {each.severity for check in checks for each in check.missing}
    if found & {"critical", "high"}:
        return "not ready"
    return "ready with gaps" if found else "ready"


def missing(checks: Sequence[Check]) -> list[Finding]:
    """Return all that was found, the gravest first."""
    return by_severity(each for check in checks for each in check.missing)


def next_steps(case: Case, checks: Sequence[Check]) -> list[str]:
    """Return what to do next: remedies in order of severity, then the hand-over."""
    remedies = dict.fromkeys(each.remedy for each in missing(checks) if each.remedy)
    steps = list(remedies)[:STEPS_MAX]
    if len(remedies) > STEPS_MAX:
        steps.append(f"Then {len(remedies) - STEPS_MAX} more remedies, named above.")
    handed = [task for task in case.handed_over if task.is_handover]
    free = [task for task in handed if not _handed_needs(task, case)]
    if free:
        steps.append(_hand_over(free, has_pack="execution-pack.md" in case.documents))
    return steps


def _hand_over(free: Sequence[Task], *, has_pack: bool) -> str:
    """Name the tasks that can be given away now; the title of one, the number of several."""
    pack = " with `execution-pack.md`" if has_pack else ""
    if len(free) == 1:
        return f"Hand over `{free[0].key}` ({free[0].title}){pack}."
    keys = [f"`{task.key}`" for task in free]
    return f"Hand over {len(free)} tasks{pack}: {', '.join(keys[:-1])} and {keys[-1]}."


def _handed_needs(task: Task, case: Case) -> list[str]:
    handed = {each.key for each in case.handed_over}
    return [need for need in task.needs if need in handed]
