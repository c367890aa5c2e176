"""Queries of retention."""

from collections.abc import Awaitable
from operator import attrgetter
from pathlib import Path

from missioncontrol.application.queries.storage import RetentionView, retention_of
from missioncontrol.application.read_model import Present
from missioncontrol.declarations import SERVED, ItemQuery, Query, Target


def _view(source: tuple[Present, Path], _: str) -> Awaitable[RetentionView]:
    return retention_of(*source)


RETENTION = Target(noun="retention", path="/retention", help="there is one", is_single=True)

GET = ItemQuery(
    name="retention.get",
    title="What is stored",
    text="Return what is stored, with sizes and bounds, and what was removed so far.",
    surfaces=SERVED,
    target=RETENTION,
    source=attrgetter("present", "home"),
    find=_view,
    returns=RetentionView,
)

QUERIES: tuple[Query, ...] = (GET,)
