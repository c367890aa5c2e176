"""Public links that show the report of one run: created, revoked, expired."""

from typing import Annotated, assert_never

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Corrupt, NotFound, Rejected

DAY = 86_400.0
SECONDS_USUAL, SECONDS_MAX, SECONDS_MIN = 7 * DAY, 90 * DAY, 60.0
"""How long a link holds: by default, at most and at least."""

SHARES_MAX = 1_000
"""Links that hold at once."""
NOTE_MAX = 200
REASON_MAX = 2_000


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class ReportShared(Event, frozen=True):
    """Anyone with the link may see one report; only the digest of its secret is stored."""

    share: str  # its id, the open part of the link
    mission: str
    run: str
    digest: str  # SHA-256 of the whole token, in hexadecimal
    until: float  # seconds since the epoch
    as_of: int  # position in the log: the report shows what was recorded up to there
    note: str = ""  # for whom or what


class ShareRevoked(Event, frozen=True):
    """The link shows nothing any more."""

    share: str
    reason: str = ""


ShareEvent = ReportShared | ShareRevoked

EVENTS: dict[type, tuple[str, int]] = {
    ReportShared: ("report_shared", 1),
    ShareRevoked: ("share_revoked", 1),
}
"""The lasting name and version of every event."""


class ShareReport(msgspec.Struct, frozen=True):
    """Create a link that shows a report."""

    share: ReportShared


class RevokeShare(msgspec.Struct, frozen=True):
    """Make a link show nothing any more."""

    id: str
    reason: Annotated[str, Meta(max_length=REASON_MAX, description="Why, for the record.")] = ""


ShareCommand = ShareReport | RevokeShare


class Shared(msgspec.Struct, frozen=True):
    """A link and when it was made."""

    share: ReportShared
    at: float


class Shares(msgspec.Struct, frozen=True):
    """The links that were not revoked, by id; those whose time is over stay until there is need."""

    links: dict[str, Shared] = {}

    def holding(self, now: float) -> list[Shared]:
        """Return the links that hold, the newest first."""
        found = [each for each in self.links.values() if now < each.share.until]
        return sorted(found, key=lambda each: (-each.at, each.share.share))


NO_SHARES = Shares()


def decide(command: ShareCommand, shares: Shares | None, now: float) -> list[ShareEvent]:
    """Answer `command` with the events it makes true.

    Raises:
        Rejected: `share.bad_time`, `share.bad_note` or `share.too_many`.
        NotFound: `share.unknown`.
    """
    known = shares or NO_SHARES
    match command:
        case ShareReport(share=share):
            _refuse_bad(share, known, now)
            return [share]
        case RevokeShare():
            if command.id not in known.links:
                raise unknown(command.id)
            return [ShareRevoked(command.id, command.reason)]
        case _:
            assert_never(command)


def evolve(shares: Shares | None, event: ShareEvent, at: float) -> Shares:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    links = dict((shares or NO_SHARES).links)
    match event:
        case ReportShared():
            links = {key: each for key, each in links.items() if at < each.share.until}
            links[event.share] = Shared(event, at)
        case ShareRevoked():
            if links.pop(event.share, None) is None:
                raise Corrupt("share.not_made", f"The link {event.share!r} was never made.")
        case _:
            assert_never(event)
    return Shares(links)


def unknown(share: str) -> NotFound:
    """Say that no such link holds."""
    return NotFound(
        "share.unknown",
        f"No link {share[:80]!r} is known here.",
        hint="`mission document share list` names those that hold.",
    )


def refuse_bad_time(seconds: float) -> None:
    """Refuse a link that would hold too short or too long.

    Raises:
        Rejected: `share.bad_time`.
    """
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise Rejected(
            "share.bad_time",
            f"The link would hold {seconds / DAY:.3g} days.",
            hint=f"It holds from one minute to {SECONDS_MAX / DAY:.0f} days.",
        )


def _refuse_bad(share: ReportShared, known: Shares, now: float) -> None:
    refuse_bad_time(share.until - now)
    if len(share.note) > NOTE_MAX or not (share.note.isprintable() or not share.note):
        raise Rejected(
            "share.bad_note",
            f"{share.note[:80]!r} cannot be the note of a link.",
            hint=f"A note has at most {NOTE_MAX} characters on one line.",
        )
    if len(known.holding(now)) >= SHARES_MAX:
        raise Rejected(
            "share.too_many", f"There are {SHARES_MAX:,} links already.", hint="Revoke some."
        )
