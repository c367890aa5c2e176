"""Operations on memory."""

import time
from pathlib import Path
from typing import Any

from missioncontrol.application.memory import STAYS, CorrectItem, Forgotten, ItemNow
from missioncontrol.application.search_query import moment
from missioncontrol.declarations import BY_PEOPLE, Body, Operation, Terminal
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.memory import AddMemory, ExpireMemory, ForgetMemory
from missioncontrol.queries.memory import GET, MEMORY


def checkout(text: str) -> str:
    """Return the absolute path that a mission on this checkout has."""
    return str(Path(text).resolve()) if text else ""


def until_of(text: str) -> float:
    """Return the end of an item's time, in seconds since the epoch; 0 for never.

    Raises:
        Rejected: `memory.bad_time`.
    """
    text = text.strip()
    now = time.time()  # noqa: TID251 - a person types it at this moment
    if text in ("", "never"):
        return 0.0
    if text == "now":
        return now
    seconds = seconds_of(text)
    if isinstance(seconds, float):
        return now + seconds
    try:
        return moment(text, now)[1] / 1_000_000
    except Rejected:
        raise Rejected(
            "memory.bad_time",
            f"{text[:60]!r} is no time.",
            hint="Enter now, never, a time from now such as 90d, or a date such as 2026-12-31.",
        ) from None


OPTIONS = {"repository": "repo", "files": "file", "tags": "tag", "expires": "until"}
METAVARS = {"repository": "PATH", "files": "PATH", "tags": "TAG", "expires": "WHEN"}

ADD = Operation(
    name="memory.add",
    operation_id="add_item",
    title="Remember something",
    text="Remember something, so that planners receive it from now on.",
    command=AddMemory,
    fixed={"item": ""},
    returns=ItemNow,
    permission="operate",
    handle=lambda office, command, actor: office.memory.add(command, actor=actor),
    creates=MEMORY,
    shows=GET,
    body=Body("NewItem", "Something that is to be remembered."),
    former="MemoryAsked",
    terminal=Terminal(
        positional=("title",),
        names=OPTIONS,
        metavars=METAVARS,
        parse={"repository": checkout, "expires": until_of},
        defaults={"expires": "never"},
        done=lambda found: f"It is remembered as {found.item.id}.",
        json=lambda found: {"item": found.item.id},
    ),
)

CORRECT = Operation(
    name="memory.correct",
    title="Correct an item",
    text="Say what an item says from now on, whatever is harvested; what is left out stays.",
    command=CorrectItem,
    returns=ItemNow,
    permission="operate",
    surfaces=frozenset({"cli"}),  # One route corrects, and sets when an item expires.
    handle=lambda office, command, actor: office.memory.correct(command, actor=actor),
    target=MEMORY,
    former="MemoryAsked",
    terminal=Terminal(
        names=OPTIONS,
        metavars=METAVARS,
        done="{item} says this from now on, whatever is harvested.",
    ),
)

EXPIRE = Operation(
    name="memory.expire",
    title="Set when an item expires",
    text="Tell planners of an item until then.",
    command=ExpireMemory,
    returns=ItemNow,
    permission="operate",
    surfaces=frozenset({"cli"}),
    handle=lambda office, command, actor: office.memory.change(command, actor=actor),
    target=MEMORY,
    former="MemoryAsked",
    terminal=Terminal(
        names=OPTIONS,
        metavars=METAVARS,
        parse={"expires": until_of},
        defaults={"expires": "now"},
        done="{item} is given to planners until then.",
    ),
)


async def _forget(office: Any, command: ForgetMemory, actor: str) -> Forgotten:
    return Forgotten((await office.memory.change(command, actor=actor)).item)


FORGET = Operation(
    name="memory.forget",
    operation_id="forget_item",
    title="Forget an item",
    text="Delete an item from the index, from what planners receive, and from the harvest.\n\n"
    "The record keeps the events that it came from, and that it was forgotten.",
    command=ForgetMemory,
    returns=Forgotten,
    permission="operate",
    surfaces=BY_PEOPLE,
    risk="end",
    handle=_forget,
    target=MEMORY,
    method="DELETE",
    in_address=True,
    unless_changed=GET,
    former="MemoryAsked",
    terminal=Terminal(done="{item} is forgotten. " + STAYS),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (ADD, CORRECT, EXPIRE, FORGET)
