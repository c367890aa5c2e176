"""The anomalies of the demo data; days count back from the last one."""

from datetime import date, timedelta
from typing import Literal

import msgspec

ONBOARDING_DAYS, ERROR_DAYS = 10, 3
COHORT_SINCE, COHORT_UNTIL = 28, 22  # days before today, both inclusive
ONBOARDING_LOST, RETENTION_LOST, ERRORS_TIMES = 0.35, 0.20, 2.5

LEAVES_ON = 6
"""Days after signup from which lost people no longer return."""


class Planted(msgspec.Struct, frozen=True):
    """A known anomaly that the detection has to find."""

    metric: Literal["conversion.onboarding_complete", "events.error", "retention.day_7"]
    since: date
    until: date  # the last day of it
    effect: float


def planted(today: date) -> tuple[Planted, ...]:
    """Return the anomalies of demo data that ends on a day."""

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    return (
        Planted("conversion.onboarding_complete", ago(ONBOARDING_DAYS), ago(1), -ONBOARDING_LOST),
        Planted("events.error", ago(ERROR_DAYS), ago(1), ERRORS_TIMES - 1),
        Planted("retention.day_7", ago(COHORT_SINCE), ago(COHORT_UNTIL), -RETENTION_LOST),
    )


class Trouble(msgspec.Struct, frozen=True):
    """The probabilities of anomalies by the index of a day; the last day is `today`."""

    today: int
    platforms: dict[str, float]  # the part of people on each

    def lost_onboarding(self, day: int, platform: str) -> float:
        """Return the share of onboardings that fail, mostly on the web."""
        if day < self.today - ONBOARDING_DAYS:
            return 0.0
        web = self.platforms["web"]
        others = ONBOARDING_LOST / 4
        return (ONBOARDING_LOST - others * (1 - web)) / web if platform == "web" else others

    def errors(self, day: int, platform: str) -> float:
        """Return the factor of errors, which are excessive on Android only."""
        if day < self.today - ERROR_DAYS or platform != "android":
            return 1.0
        return 1 + (ERRORS_TIMES - 1) / self.platforms["android"]

    def leaving(self, day: int) -> float:
        """Return the share of a day's signups that do not return after `LEAVES_ON` days."""
        is_hit = self.today - COHORT_SINCE <= day <= self.today - COHORT_UNTIL
        return RETENTION_LOST if is_hit else 0.0
