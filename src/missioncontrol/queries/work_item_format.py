"""A work item in full, as lines of text for people."""

import textwrap
from collections.abc import Iterable
from typing import Any

from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.money import plain_dollars
from missioncontrol.domain.status import WORDS


def lines_of(page: Any, width: int) -> list[str]:
    """Return a `WorkItemPage`, in lines of at most `width` columns."""
    item, room = page.item, max(width - 16, 30)
    lines = [f"{item.id}  {item.title}", f"  {item.status}"]
    lines += _part("why", [item.reason], room)
    lines += _part("next", [item.action], room)
    lines += _part("assignee", [item.assignee.partition(":")[2] or "none"], room)
    lines += _part("belongs to", [f"{item.epic} {item.epic_title}".strip()], room)
    lines += _part("priority", [item.priority], room)
    lines += _part("labels", [", ".join(item.labels)], room)
    lines += _part("due", [item.due], room)
    lines += _part("cost", [plain_dollars(item.cost) if item.cost else ""], room)
    times = [f"{WORDS[each.stage]} {duration_in_words(each.seconds)}" for each in page.times]
    lines += _part("time", times, room)
    lines += _part("waits for", [f"{each.id} {each.title}" for each in page.needs], room)
    lines += _part("blocks", [f"{each.id} {each.title}" for each in page.blocks], room)
    moves = [f"{each.title}: {each.refusal}" if each.refusal else each.title for each in page.moves]
    return lines + _part("can be", moves, room)


def _part(name: str, texts: Iterable[str], width: int) -> list[str]:
    lines = [line for text in texts if text for line in textwrap.wrap(text, width)]
    return [f"  {name if number == 0 else '':<10} {line}" for number, line in enumerate(lines)]
