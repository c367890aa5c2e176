"""Whether people are chosen by what they did lately: then a change may be that choice alone."""

from datetime import UTC, date, datetime, timedelta

import msgspec

from missioncontrol.analytics.detecting.asking import HISTORY_DAYS
from missioncontrol.analytics.questions import Segment
from missioncontrol.application.analytics.products import ProductShelf
from missioncontrol.domain.saved import Cohort


async def chosen_by_deeds(shelf: ProductShelf, product: str, segment: Segment, today: date) -> bool:
    """Whether a segment says what people did lately, itself or by a saved cohort.

    Raises:
        NotFound: `product.unknown`, `cohort.unknown`.
    """
    cohorts = [await shelf.cohort(product, each) for each in segment.cohorts]
    return bool(segment.did) or any(_is_of_deeds(each, today) for each in cohorts)


def _is_of_deeds(cohort: Cohort, today: date) -> bool:
    if not cohort.is_fixed:
        return bool(msgspec.convert(cohort.segment, Segment).did)
    # Whoever was behind a count did what it counts, up to that moment. Where that was before all
    # the days that are compared, they have been free to do more or less on each of these.
    chosen = datetime.fromisoformat(cohort.as_of).astimezone(UTC).date()
    return chosen >= today - timedelta(days=HISTORY_DAYS)
