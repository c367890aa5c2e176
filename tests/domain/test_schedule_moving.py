"""A cron expression is moved where it says a time or a day once, and refused where it does not."""

from datetime import datetime

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.schedule.moving import moved

FRIDAY = datetime.fromisoformat("2026-11-27T22:00")
MONDAY = datetime.fromisoformat("2026-11-30T22:00")


@pytest.mark.parametrize(
    ("cron", "to", "after"),
    [
        ("0 22 * * 5", MONDAY, "0 22 * * 1"),
        ("0 22 * * FRI", MONDAY.replace(hour=6, minute=15), "15 6 * * 1"),
        ("0 22 27 * *", datetime.fromisoformat("2026-11-03T22:00"), "0 22 3 * *"),
        ("0 22 * * *", FRIDAY.replace(hour=23), "0 23 * * *"),
        ("@daily", datetime.fromisoformat("2026-11-27T03:30"), "30 3 * * *"),
        ("0 22 * * 5", datetime.fromisoformat("2026-11-29T22:00"), "0 22 * * 0"),
        ("0 22 * * 5", FRIDAY, "0 22 * * 5"),
    ],
)
def test_what_is_said_once_is_changed(cron: str, to: datetime, after: str) -> None:
    slot = FRIDAY.replace(hour=0) if cron == "@daily" else FRIDAY
    assert moved(cron, slot, to) == after


@pytest.mark.parametrize(
    ("cron", "to", "why"),
    [
        ("*/5 * * * *", FRIDAY.replace(minute=7), "several times a day"),
        ("0 22 * * 1-5", MONDAY, "one day of the week"),
        ("0 22 27 * *", datetime.fromisoformat("2026-11-30T22:00"), "not every month"),
        ("0 22 * * *", MONDAY, "one day of the week"),
    ],
)
def test_what_would_mean_something_else_is_refused(cron: str, to: datetime, why: str) -> None:
    with pytest.raises(Rejected, match="can't be moved") as caught:
        moved(cron, FRIDAY, to)
    assert caught.value.code == "schedule.not_movable"
    assert why in caught.value.reason
