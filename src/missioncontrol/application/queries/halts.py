"""What stands in the way of a halted run: the caps that are too small, and what each has to be."""

import re
import shlex
from collections.abc import Iterator

import msgspec

from missioncontrol.application.queries.costs import CapView, scope_view
from missioncontrol.application.queries.instruments import Instruments
from missioncontrol.application.read_model import Present
from missioncontrol.domain.budget.refusals import Unit
from missioncontrol.domain.budget.scopes import Kind, Period, Scope
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import micro_dollars
from missioncontrol.domain.run.states import Halt

_RAISES = re.compile(r"`mission budget set ([^`]+)`")


class Need(msgspec.Struct, frozen=True):
    """A cap that does not allow a run, and what it has to be for that."""

    scope: Kind
    name: str
    period: Period
    unit: Unit
    amount: int  # micro-dollars or tokens

    @property
    def key(self) -> str:
        """What tells it from the others of one halt."""
        return f"{self.scope}.{self.period}.{self.unit}.{self.name}"


class Obstacle(msgspec.Struct, frozen=True):
    """A cap in the way, as it stands now."""

    need: Need
    cap: int | None  # in the unit of the need, likewise below; None: it is gone by now
    spent: int
    reserved: int


def needs_of(halt: Halt | None) -> list[Need]:
    """Return which caps have to be what for a halted run to go on; none where no cap is why."""
    return [] if halt is None else needs_in(halt.reason)


def needs_in(reason: str) -> list[Need]:
    """Return which caps have to be what, by the reason of a halt."""
    return list(_needs(reason))


async def obstacles(
    present: Present, instruments: Instruments, halt: Halt | None, now: float
) -> list[Obstacle]:
    """Return the caps in the way of a halted run, with what is spent of them by now."""
    return [await _obstacle(present, instruments, need, now) for need in needs_of(halt)]


async def _obstacle(present: Present, instruments: Instruments, need: Need, now: float) -> Obstacle:
    found = await scope_view(present, instruments, Scope(need.scope, need.name), now)
    cap = next(each for each in found if each.period == need.period)
    return Obstacle(need, _capped(cap, need.unit), *_used(cap, need.unit))


def _capped(cap: CapView, unit: Unit) -> int | None:
    return getattr(cap.cap, unit) if cap.cap is not None else None


def _used(cap: CapView, unit: Unit) -> tuple[int, int]:
    return getattr(cap.spent, unit), getattr(cap.reserved, unit)


def _needs(reason: str) -> Iterator[Need]:
    """Read the command lines that `domain.budget.refusals.raising` writes."""
    for found in _RAISES.finditer(reason):
        try:
            need = _need(shlex.split(found[1]))
        except (ValueError, KeyError, Rejected, msgspec.ValidationError):
            continue  # The log may hold anything; then there is a page for caps all the same.
        yield need


def _need(words: list[str]) -> Need:
    first = next(place for place, word in enumerate(words) if word.startswith("--"))
    options = dict(zip(words[first::2], words[first + 1 :: 2], strict=False))
    unit = "cost" if "--cost" in options else "tokens"
    value = options[f"--{unit}"]
    amount = micro_dollars(value, "The cap") if unit == "cost" else int(value)
    name = words[1] if first > 1 else ""
    values = (words[0], name, options.get("--per", "total"), unit, amount)
    return Need(*msgspec.convert(values, tuple[Kind, str, Period, Unit, int]))
