"""What goes wrong in a seeded product, and when: days are counted back from the last one."""

from datetime import date, timedelta
from typing import Literal

import msgspec

ONBOARDING_DAYS, ERROR_DAYS = 10, 3
COHORT_SINCE, COHORT_UNTIL = 28, 22  # days before the one on which it is asked, both in it
ONBOARDING_LOST, RETENTION_LOST, ERRORS_TIMES = 0.35, 0.20, 2.5

LEAVES_ON = 6
"""Days after their signup from which on those who are lost to retention do not come back."""


class Planted(msgspec.Struct, frozen=True):
    """A known anomaly: what has to be found."""

    metric: Literal["conversion.onboarding_complete", "events.error", "retention.day_7"]
    since: date
    until: date  # the last day of it
    effect: float


def planted(today: date) -> tuple[Planted, ...]:
    """Return what is wrong in a product that was seeded up to some moment of a day."""

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    return (
        Planted("conversion.onboarding_complete", ago(ONBOARDING_DAYS), ago(1), -ONBOARDING_LOST),
        Planted("events.error", ago(ERROR_DAYS), ago(1), ERRORS_TIMES - 1),
        Planted("retention.day_7", ago(COHORT_SINCE), ago(COHORT_UNTIL), -RETENTION_LOST),
    )


class Trouble(msgspec.Struct, frozen=True):
    """How likely things go wrong on a day; days are numbered, the last of all is `today`."""

    today: int
    platforms: dict[str, float]  # the part of people on each

    def lost_onboarding(self, day: int, platform: str) -> float:
        """Return the share of completions that fail: mostly those on the web."""
        if day < self.today - ONBOARDING_DAYS:
            return 0.0
        web = self.platforms["web"]
        elsewhere = ONBOARDING_LOST / 4
        return (ONBOARDING_LOST - elsewhere * (1 - web)) / web if platform == "web" else elsewhere

    def errors(self, day: int, platform: str) -> float:
        """Return how many times as many errors there are: all that are too many on Android."""
        if day < self.today - ERROR_DAYS or platform != "android":
            return 1.0
        return 1 + (ERRORS_TIMES - 1) / self.platforms["android"]

    def leaving(self, day: int) -> float:
        """Return the share of who signs up on a day that does not come back after some days."""
        is_hit = self.today - COHORT_SINCE <= day <= self.today - COHORT_UNTIL
        return RETENTION_LOST if is_hit else 0.0
