"""Holds what an agent built against the rules of its repository, as `mission guard` does."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from missioncontrol.adapters.changes import GitChanges
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.signing import is_attested
from missioncontrol.application.change_guard import guard
from missioncontrol.domain.errors import Unavailable
from missioncontrol.guard.verdict import Finding
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.spec_guard import Objection


class CommitPolicyCheck:
    """Keeps the promise of `SpecGuard` by rules and specs as they are with the commit."""

    def objections(
        self, repository: Path, base: str, commit: str, *, seconds: float
    ) -> Sequence[Objection]:
        """See `SpecGuard.objections`."""
        try:
            return asyncio.run(_objections(repository, f"{base}..{commit}", seconds))
        except TimeoutError:
            reason = f"Rules and specs were not held against the change in {seconds:g} s."
            raise Unavailable("guard.too_slow", reason, hint="Make it in parts.") from None
        except AttemptFailed as error:
            raise Unavailable("guard.unreadable", error.reason, hint=error.hint) from None


async def _objections(repository: Path, commits: str, seconds: float) -> list[Objection]:
    async with asyncio.timeout(seconds):
        change = await GitChanges.between(repository, commits)
        found = await guard(change, is_attested, now=SystemClock().now())
    return [_objection(each) for each in found.verdict.findings]


def _objection(found: Finding) -> Objection:
    return Objection(
        found.rule,
        _text(f"{found.title}: {found.reason}"),
        _text(found.path),
        found.line,
        _text(found.remedy),
        found.severity == "error",
    )


def _text(message: str) -> str:
    """Return words in which a name of a file may stand that is no text."""
    return message.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
