"""Links to reports, as people make and revoke them, and as the console looks them up."""

import hashlib
import hmac
import secrets
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal, fold_run
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.share import (
    NO_SHARES,
    NOTE_MAX,
    SECONDS_MAX,
    SECONDS_MIN,
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


class ShareRun(msgspec.Struct, frozen=True):
    """Make a link to the report of a run."""

    run: Annotated[str, Meta(min_length=1, max_length=100)]
    seconds: Annotated[float, Meta(ge=SECONDS_MIN, le=SECONDS_MAX)] = SECONDS_USUAL  # that it holds
    note: Annotated[str, Meta(max_length=NOTE_MAX)] = ""  # for whom or what


class ShareShown(msgspec.Struct, frozen=True):
    """A new link. Its path is shown this once."""

    id: str
    mission: str
    run: str
    path: str | None  # on this server; None where the same request was answered before
    until: float  # seconds since the epoch


class ShareService:
    """Makes and revokes links to reports."""

    def __init__(self, journal: Journal) -> None:
        """Links are read from the log when a command arrives."""
        self._journal = journal

    async def make(self, command: ShareRun, *, actor: str) -> ShareShown:
        """Make a link to the report of a run that has ended.

        Raises:
            Rejected, NotFound: see `domain.share.decide`; `run.unknown`, `run.no_mission`;
                `share.running`, where the run has not ended.
        """
        mission = await self._mission_of(command.run)
        await self._journal.know_position()
        key, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        token = f"{MARK}{key}_{secret}"
        until, as_of = self._journal.clock.now() + command.seconds, self._journal.position
        share = ReportShared(key, mission, command.run, digest(token), until, as_of, command.note)
        await self._change(ShareReport(share), actor)
        return ShareShown(key, mission, command.run, f"/shared/{token}", until)

    async def revoke(self, command: RevokeShare, *, actor: str) -> None:
        """Make a link show nothing any more.

        Raises:
            NotFound: `share.unknown`.
        """
        await self._change(command, actor)

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

    async def _change(self, command: ShareCommand, actor: str) -> None:
        await self._journal.find(SHARES, STREAM)
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
