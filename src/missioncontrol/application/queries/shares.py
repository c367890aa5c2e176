"""Links to reports in the shape that people and programs receive."""

import msgspec

from missioncontrol.domain.share import NO_SHARES, Shares


class ShareView(msgspec.Struct, frozen=True):
    """A valid link, without the secret that is needed to use it."""

    id: str
    mission: str
    run: str
    made: float  # seconds since the epoch
    until: float
    note: str


def shares(known: Shares | None, now: float, *, run: str = "") -> list[ShareView]:
    """Return the links that hold, the newest first; of one run where it is named."""
    return [
        ShareView(
            each.share.share,
            each.share.mission,
            each.share.run,
            each.at,
            each.share.until,
            each.share.note,
        )
        for each in (known or NO_SHARES).holding(now)
        if not run or each.share.run == run
    ]
