"""Events given out as they came in."""

from typing import Any

from missioncontrol.adapters.queries import queries
from missioncontrol.ports.warehouse import Captured, Kept, Statement

SQL = queries("missioncontrol.adapters.warehouses.duckdb", "exporting.sql")


def statement(product: str, after: int, span: int, limit: int) -> Statement:
    """Return the question for at most `limit` of the `span` events of all products after one."""
    values = {"product": product, "after": after, "until": after + span, "limit": limit}
    return Statement(SQL["exported"], values)


def kept(row: tuple[Any, ...]) -> Kept:
    """Return a row of that question as an event."""
    seq, id_, name, happened, received, source, user, anonymous, session, alias, group = row[:11]
    properties, person, once, is_bot = row[11:]
    return Kept(
        seq,
        Captured(
            id_,
            name,
            happened,
            received,
            source,
            user=user,
            anonymous=anonymous,
            session=session,
            alias=alias,
            group=group,
            properties=properties.encode(),
            person=person.encode(),
            once=once.encode(),
            is_bot=is_bot,
        ),
    )
