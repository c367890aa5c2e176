"""Links to reports: given what was made, when asked for another, then what becomes true."""

import pytest

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.share import (
    DAY,
    SHARES_MAX,
    ReportShared,
    RevokeShare,
    ShareReport,
    ShareRevoked,
    Shares,
    decide,
    evolve,
)

NOW = 1_000_000.0


def link(name: str = "a1", days: float = 7, note: str = "") -> ReportShared:
    return ReportShared(name, "mission-1", "run-1", "0" * 64, NOW + days * DAY, 12, note)


def made(*links: ReportShared, at: float = NOW) -> Shares | None:
    state: Shares | None = None
    for each in links:
        state = evolve(state, each, at)
    return state


def test_a_report_is_shared_and_the_link_revoked() -> None:
    share = link()
    assert decide(ShareReport(share), None, NOW) == [share]
    state = made(share)
    assert decide(RevokeShare("a1", "sent to the wrong one"), state, NOW) == [
        ShareRevoked("a1", "sent to the wrong one")
    ]
    assert evolve(state, ShareRevoked("a1"), NOW).links == {}


@pytest.mark.parametrize("days", [-1, 0, 0.0001, 90.01, float("inf"), float("nan")])
def test_a_link_has_to_end_and_within_ninety_days(days: float) -> None:
    with pytest.raises(Rejected, match="would hold"):
        decide(ShareReport(link(days=days)), None, NOW)


def test_ninety_days_are_taken() -> None:
    assert decide(ShareReport(link(days=90)), None, NOW)


@pytest.mark.parametrize("note", ["x" * 201, "two\nlines", "\u202e hidden"])
def test_a_note_is_one_short_line(note: str) -> None:
    with pytest.raises(Rejected, match="cannot be the note"):
        decide(ShareReport(link(note=note)), None, NOW)


def test_what_was_never_made_cannot_be_revoked() -> None:
    with pytest.raises(NotFound):
        decide(RevokeShare("b2"), made(link()), NOW)


def test_links_that_hold_are_bounded_and_those_that_ended_do_not_count() -> None:
    state = made(*(link(f"l{n}", days=1) for n in range(SHARES_MAX)))
    with pytest.raises(Rejected, match="already"):
        decide(ShareReport(link("more")), state, NOW)
    later = NOW + 2 * DAY
    assert decide(ShareReport(link("more")), state, later)
    assert list(evolve(state, link("more"), later).links) == ["more"]


def test_those_that_hold_are_told_the_newest_first() -> None:
    state = evolve(made(link("a")), link("b"), NOW + 5)
    assert [each.share.share for each in state.holding(NOW + 6)] == ["b", "a"]
    assert state.holding(NOW + 8 * DAY) == []
