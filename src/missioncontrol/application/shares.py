"""Links to reports, as people make and revoke them, and as the console looks them up."""

import hashlib
import hmac
import secrets
from typing import Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold_run
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.share import (
    NO_SHARES,
    SECONDS_USUAL,
    ReportShared,
    RevokeShare,
    ShareCommand,
    ShareEvent,
    ShareReport,
    Shares,
    decide,
    evolve,
    unknown,
)

STREAM = "shares"
MARK = "mcs_"
TOKEN_MAX = 200

SHARES: Concept[Shares, ShareCommand, ShareEvent] = Concept(decide, evolve, unknown)


class ShareAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to create or revoke links to reports."""

    verb: Literal["new", "revoke"]
    run: str = ""  # with `new`
    share: str = ""  # its id, with `revoke`
    seconds: float = SECONDS_USUAL  # that it holds
    note: str = ""
    reason: str = ""  # with `revoke`


class ShareDesk:
    """The service to share a report with people outside."""

    def __init__(self, journal: Journal) -> None:
        """Links are read from the log when they are asked for."""
        self._journal = journal

    async def take(self, ask: ShareAsked, *, actor: str) -> dict[str, Any]:
        """Make a link, whose token is shown this once, or revoke one.

        Raises:
            Rejected, NotFound: see `domain.share.decide`; `run.unknown`, `run.no_mission`;
                `share.running`, where the run has not ended.
        """
        await self._journal.find(SHARES, STREAM)
        if ask.verb == "revoke":
            self._handle(RevokeShare(ask.share, ask.reason), actor)
            return {"id": ask.share}
        mission = await self._mission_of(ask.run)
        await self._journal.know_position()
        key, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        token = f"{MARK}{key}_{secret}"
        until, as_of = self._journal.clock.now() + ask.seconds, self._journal.position
        share = ReportShared(key, mission, ask.run, digest(token), until, as_of, ask.note)
        self._handle(ShareReport(share), actor)
        return {"id": key, "mission": mission, "run": ask.run, "token": token, "until": until}

    async def _mission_of(self, run: str) -> str:
        """Return the mission of a run that has ended: only then does its report stay as it is."""
        state, _ = await fold_run(self._journal.store, run)
        if not state.mission:
            raise Rejected(
                "run.no_mission",
                f"Run {run!r} of {state.workflow!r} belongs to no mission; "
                "reports are made of missions.",
            )
        if not state.is_settled:
            raise Rejected(
                "share.running",
                f"Run {run!r} has not ended, so its report would not stay as it is.",
                hint="Share it when it has ended.",
            )
        return state.mission

    def _handle(self, command: ShareCommand, actor: str) -> None:
        self._journal.tell(SHARES, STREAM, command, actor=actor)


def shown_by(shares: Shares | None, token: str, now: float) -> ReportShared | None:
    """Return what a token shows; None where it shows nothing, for whatever reason."""
    if not token.startswith(MARK) or len(token) > TOKEN_MAX:
        return None
    known = (shares or NO_SHARES).links.get(token.removeprefix(MARK).partition("_")[0])
    expected = known.share.digest if known else "0" * 64
    # Compared also where there is no such link, so that the time tells nothing.
    if not hmac.compare_digest(expected, digest(token)) or known is None:
        return None
    return known.share if now < known.share.until else None


def digest(token: str) -> str:
    """Return the only form in which a token is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
