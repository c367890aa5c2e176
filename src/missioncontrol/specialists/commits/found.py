"""The findings about a change that its developer receives."""

from typing import Any

import msgspec

from missioncontrol.domain.work import Finding, Severity


class Found(msgspec.Struct, frozen=True):
    """One thing about a change, where it is, and what to do about it."""

    rule: str
    message: str
    path: str = ""
    line: int = 0
    remedy: str = ""
    blocking: bool = True  # it has to be mended before the change is merged

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return msgspec.structs.asdict(self)

    def as_finding(self) -> Finding:
        """Return it as every specialist tells of a repository."""
        severity: Severity = "high" if self.blocking else "low"
        return Finding(self.rule, severity, self.message, self.path, self.line, remedy=self.remedy)
