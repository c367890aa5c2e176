"""The people behind a count or in a segment.

The `members` of a measure is a statement of rows `(person, happened)`, one for each that a cell
counts (a funnel of entries may count a person more than once). `page` adds profiles and paging to
it, and `members` reads the rows.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from missioncontrol.analytics.answers import Member, Members
from missioncontrol.analytics.calendar import Setting, day_of
from missioncontrol.analytics.filters import counted
from missioncontrol.analytics.questions import Active, Range, Segment
from missioncontrol.analytics.sql import Parameters
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.warehouse import Statement

LIMIT_MAX = 10_000
CURSOR_DIGITS_MAX = 12

PAGE = """\
WITH counted_rows(person, happened) AS MATERIALIZED ({sql}),
page AS (
    SELECT person, happened FROM counted_rows
    ORDER BY happened DESC, person LIMIT $page_limit::BIGINT OFFSET $page_offset::BIGINT
)
SELECT total.found, page.person, known.label,
    strftime(page.happened, '%Y-%m-%dT%H:%M:%S.%gZ'), CAST(known.properties AS VARCHAR)
FROM (SELECT count(*) AS found FROM counted_rows) total
LEFT JOIN page ON true
LEFT JOIN people known ON known.product = $page_product AND known.person = page.person
ORDER BY page.happened DESC, page.person"""


def page(counted: Statement, product: str, *, limit: int, cursor: str | None = None) -> Statement:
    """Return the statement of a page of the counted people, the latest first.

    Raises:
        Rejected: `analytics.bad_page`.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise Rejected(
            "analytics.bad_page",
            f"{limit} people can't be listed at once.",
            hint=f"Choose 1 to {LIMIT_MAX}.",
        )
    more = {"page_limit": limit, "page_offset": _offset(cursor), "page_product": product}
    return Statement(PAGE.format(sql=counted.sql), {**counted.parameters, **more})


def members(rows: Sequence[Sequence[Any]], *, cursor: str | None = None) -> Members:
    """Return the rows of a statement of `page` as members."""
    total = int(rows[0][0])
    found = tuple(_member(row) for row in rows if row[1] is not None)
    after = _offset(cursor) + len(found)
    return Members(total, found, str(after) if found and after < total else None)


def _member(row: Sequence[Any]) -> Member:
    _, person, label, happened, properties = row
    known = msgspec.json.decode(properties) if properties else {}
    return Member(person, label or "", happened, known if isinstance(known, dict) else {})


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS_MAX):
        raise Rejected(
            "analytics.bad_page",
            f"{cursor!r} is not a cursor.",
            hint="Use the cursor of the previous page.",
        )
    return int(cursor)


def people_of(segment: Segment, product: str, setting: Setting) -> Statement:
    """Return the statement of all people with an event that counts for a segment, each once.

    Conditions on the last days count back from the day of `as_of`.

    Raises:
        Rejected: as `filters.counted`.
    """
    today = day_of(setting.as_of, setting)
    question = Active(product=product, range=Range(today, today), segment=segment)
    parameters = Parameters(product)
    events = counted(question, setting, parameters)
    return parameters.statement(f"SELECT DISTINCT e.person FROM {events} AS e")


def each_once(members: Statement) -> Statement:
    """Return the statement of the people of a `members` statement, each once."""
    return Statement(f"SELECT DISTINCT m.person FROM ({members.sql}) AS m", members.parameters)
