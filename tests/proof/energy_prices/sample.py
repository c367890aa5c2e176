"""Files of prices, made up: five countries around a change of clocks, a gap, and a correction."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONES = {
    "AT": ZoneInfo("Europe/Vienna"),
    "CH": ZoneInfo("Europe/Zurich"),
    "DE": ZoneInfo("Europe/Berlin"),
    "FR": ZoneInfo("Europe/Paris"),
    "IT": ZoneInfo("Europe/Rome"),
}
DAY = timedelta(days=1)
CHANGE = date(2026, 3, 29)
DAYS = (date(2026, 3, 28), CHANGE, date(2026, 3, 30))


def write_days(folder: Path, *, is_corrected: bool) -> None:
    """Write a file for each country and day.

    On the day of the change AT lacks the hour of 10:00 UTC. A corrected file has it, and another
    price for the hour of 12:00 UTC of DE.
    """
    for country in ZONES:
        (folder / country).mkdir(parents=True, exist_ok=True)
        for day in DAYS:
            rows = "\n".join(["starts_at,price", *_rows(country, day, is_corrected), ""])
            (folder / country / f"{day}.csv").write_text(rows, "utf-8")


def _rows(country: str, day: date, is_corrected: bool) -> Iterator[str]:
    zone = ZONES[country]
    start = datetime.combine(day, time.min, zone).astimezone(UTC)
    end = datetime.combine(day + DAY, time.min, zone).astimezone(UTC)
    while start < end:
        local = start.astimezone(zone)
        cents = 4_000 + list(ZONES).index(country) * 500 + abs(13 - local.hour) * 250
        place = (day, start.hour, country)
        if is_corrected and place == (CHANGE, 12, "DE"):
            cents += 1_234
        if is_corrected or place != (CHANGE, 10, "AT"):
            yield f"{local.isoformat()},{cents / 100:.2f}"
        start += timedelta(hours=1)
