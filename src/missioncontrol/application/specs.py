"""The service to accept specs; accepted ones are signed for readers without the log."""

from collections.abc import Callable
from typing import Any

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound, Unavailable
from missioncontrol.domain.spec import AcceptSpec, SpecAccepted, SpecEvent, Specs, decide, evolve
from missioncontrol.guard.specs import Acceptance, signed_part

STREAM = "specs"

SPECS: Concept[Specs, AcceptSpec, SpecEvent] = Concept(
    decide, evolve, lambda _: NotFound("spec.unknown", "No spec was accepted here.")
)


class SpecAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A spec is to be accepted as it is."""

    repository: str
    spec: str
    digest: str
    covered: str
    near: str
    files: int
    commit: str = ""
    reason: str = ""


class SpecDesk:
    """Takes acceptances in."""

    def __init__(self, journal: Journal) -> None:
        """`sign` is set where the home's key can be used: content in, key and signature out."""
        self._journal = journal
        self.sign: Callable[[bytes], tuple[str, str]] | None = None

    async def take(self, ask: SpecAsked, *, actor: str) -> dict[str, Any]:
        """Accept it; return when, by whom, and the signature over it.

        Raises:
            Rejected: see `domain.spec.decide`.
            Unavailable: `spec.closed`; `heads.bad_key`.
        """
        if self.sign is None:
            raise Unavailable("spec.closed", "This engine has no key to sign with.")
        await self._journal.find(SPECS, STREAM)
        command = AcceptSpec(**msgspec.structs.asdict(ask))
        [event] = self._journal.tell(SPECS, STREAM, command, actor=actor)
        assert isinstance(event, SpecAccepted)
        acceptance = Acceptance(
            ask.spec, ask.digest, ask.covered, ask.near, None, event.at, actor, ask.reason
        )
        key, signature = self.sign(signed_part(acceptance))
        return {"spec": ask.spec, "at": event.at, "by": actor, "key": key, "signature": signature}
