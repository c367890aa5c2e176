"""Queries of the board: its columns, how full they are, and what stands in the way."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec

from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader, opened
from missioncontrol.application.work_index import WorkItem
from missioncontrol.application.work_items import STREAM, WORK_ITEMS
from missioncontrol.declarations import ItemQuery, Query, Target, Terminal
from missioncontrol.domain.status import WORDS
from missioncontrol.domain.work_item.stages import STAGES, Stage
from missioncontrol.queries import board_views

DONE_DAYS = 7
DAY = 86_400.0
TITLES: dict[Stage, str] = {stage: WORDS[stage] for stage in STAGES}


class BoardColumn(msgspec.Struct, frozen=True):
    """A column of the board."""

    stage: Stage
    title: str
    items: int  # that are not over; of Done: those of the last seven days
    stuck: int  # of these: that are stuck or failed
    limit: int  # 0 for no limit

    @property
    def is_over_limit(self) -> bool:
        """Whether more items are in it than its limit allows."""
        return 0 < self.limit < self.items


class Board(msgspec.Struct, frozen=True):
    """The board as a whole."""

    columns: list[BoardColumn]
    verdict: str  # a sentence that is computed from the items
    key: str  # the part of the verdict that matters most


class Filled(msgspec.Struct, frozen=True):
    """Items by the column that they stand in, and how many of each are stuck or failed."""

    items: dict[Stage, list[WorkItem]]
    stuck: dict[Stage, int]

    def columns(self, limits: dict[Stage, int]) -> list[BoardColumn]:
        """Return the columns with their limits."""
        return [
            BoardColumn(stage, TITLES[stage], len(found), self.stuck[stage], limits.get(stage, 0))
            for stage, found in self.items.items()
        ]


def filled(items: Iterable[WorkItem]) -> Filled:
    """Return items by their columns; of what is done, the newest first."""
    by_stage: dict[Stage, list[WorkItem]] = {stage: [] for stage in STAGES}
    stuck = dict.fromkeys(STAGES, 0)
    for each in items:
        by_stage[each.stage].append(each)
        stuck[each.stage] += each.word in ("stuck", "failed")
    by_stage["done"].sort(key=lambda each: -each.entered)
    return Filled(by_stage, stuck)


def shown(present: Present, now: float) -> list[WorkItem]:
    """Return what the board shows: what is open, or was done in the last seven days."""
    items, is_new = present.work_items, now - DONE_DAYS * DAY
    open_ones = present.work.open_items
    over = islice(items, len(open_ones), None)
    done = (each for each in over if each.entered > is_new and each.word == "done")
    return [*open_ones, *done]


def verdict_of(items: Sequence[WorkItem], columns: Sequence[BoardColumn]) -> tuple[str, str]:
    """Return what matters most about the board, and the rest of the sentence."""
    over = next((each for each in columns if each.is_over_limit), None)
    words = Counter(each.word for each in items)
    stuck = next((each for each in items if each.word == "stuck"), None) if words["stuck"] else None
    if over is not None:
        why = f", and {_items(over.stuck)} stuck or failed" if over.stuck else ""
        return f"{over.title} is over its limit", f": {over.items} of {over.limit}{why}."
    if stuck is not None:
        cause = stuck.status.partition(": ")[2]
        return f"{_items(words['stuck'])} stuck", f": {cause}."
    if words["failed"]:
        return f"{_items(words['failed'])} failed", ": each can be tried again."
    return _at_rest(items, columns)


def _at_rest(items: Sequence[WorkItem], columns: Sequence[BoardColumn]) -> tuple[str, str]:
    by_stage = {each.stage: each.items for each in columns}
    if waiting := by_stage["waiting"]:
        first = next(each for each in items if each.stage == "waiting")
        return f"{_items(waiting)} {first.status[:1].lower()}{first.status[1:]}", "."
    if working := by_stage["building"] + by_stage["in_review"]:
        return f"{_items(working)} in work", ", and nothing waits for a person."
    if ready := by_stage["ready_to_build"]:
        return f"{_items(ready)} ready to build", ", and nobody has begun."
    if planned := by_stage["planned"]:
        return f"{_items(planned)} planned", "."
    return ("Nothing is open", ".") if items else ("No work items yet", ".")


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are".replace(",", "\u2009")


async def board(reader: Reader, _: str) -> Board:
    """Return the board as of now."""
    columns = filled(shown(reader.present, reader.now)).columns(await limits_of(reader))
    key, rest = verdict_of(reader.present.work.open_items, columns)
    return Board(columns, f"{key}{rest}", key)


async def limits_of(reader: Reader) -> dict[Stage, int]:
    """Return how many items people allow in a stage."""
    state = await reader.present.find(WORK_ITEMS, STREAM)
    return state.limits if state is not None else {}


def _lines(found: Board, _: int) -> list[str]:
    lines = [found.verdict, ""]
    for each in found.columns:
        limit = f" of {each.limit}" if each.limit else ""
        stuck = f"  {each.stuck} stuck or failed" if each.stuck else ""
        lines.append(f"  {each.title:<15} {each.items:>6}{limit}{stuck}")
    return lines


BOARD = Target(noun="board", path="/board", command="task board", help="the board", is_single=True)

GET = ItemQuery(
    name="board.get",
    title="Get the board",
    text="Return the columns of the board.\n\nEach has its number of items, its limit, and how "
    "many of them are stuck or failed. The items are in `work_item.list`.",
    target=BOARD,
    source=opened,
    find=board,
    returns=Board,
    terminal=Terminal(verb="show", lines=_lines),
)


QUERIES: tuple[Query, ...] = (GET, *board_views.QUERIES)
