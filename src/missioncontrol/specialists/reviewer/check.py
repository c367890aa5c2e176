"""One question that the review asks, and what it found."""

from collections.abc import Iterable

import msgspec

from missioncontrol.domain.work import Finding, Severity

SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")


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
