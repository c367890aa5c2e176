"""Builds the value of a file from parser events, with the line of each part."""

import re
from typing import Any

import msgspec

from missioncontrol.domain.definition.fault import FAULTS_MAX, Fault, Place, quoted, thing_at

VALUES_MAX = 200_000
"""Values with aliases expanded: a few lines of nested aliases can mean billions."""

DEPTH_MAX = 64
DIGITS_MAX = 25
"""A longer integer is refused anyway, and parsing it takes quadratic time."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


class Stopped(Exception):
    """Raised to stop parsing."""


class _Frame(msgspec.Struct):
    """A list or an object that is still open."""

    value: Any
    place: Place | None  # None for what counts for nothing
    line: int
    anchor: str
    values_before: int
    is_key: bool = False  # it stands where a key should be, and counts for nothing
    key: str | None = None
    key_line: int = 0
    is_lost: bool = False  # the entry that follows counts for nothing


class ValueBuilder:
    """Handles parser events and builds a value.

    Numbers are those of JSON. Every other unquoted scalar that is not null, true or false is a
    string: `yes`, `10:30`, `007`, `0x1F` and `1_000` stay as written.
    """

    def __init__(self) -> None:
        self.value: Any = None
        self.marks: dict[Place, int] = {}
        self.faults: list[Fault] = []
        self.is_broken = False  # what was read is not worth a look
        self._frames: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    @property
    def opened_at(self) -> int:
        """The first line of the innermost open value; 0 if there is none."""
        return self._frames[-1].line if self._frames else 0

    def refuse(self, line: int, message: str, hint: str = "", place: Place = ()) -> None:
        """Record a fault."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(line, thing_at(place), message, hint))

    def refuse_next(self, line: int, message: str, hint: str = "") -> None:
        """Record a fault in the next value or key."""
        is_key = self._takes_a_key()
        place = self._frames[-1].place if is_key else self._next_place(line)
        self.refuse(line, message, hint, place or ())

    def stop(self, line: int, message: str, hint: str = "") -> Stopped:
        """Record a fault and stop parsing."""
        self.is_broken = True
        self.refuse(line, message, hint)
        return Stopped()

    def begin(self, value: dict[str, Any] | list[Any], line: int, anchor: str = "") -> None:
        """Open a list or an object."""
        if len(self._frames) >= DEPTH_MAX:
            raise self.stop(line, f"It is nested more than {DEPTH_MAX} deep.", "Make it flatter.")
        if self._takes_a_key():
            top = self._frames[-1]
            self.refuse(line, "A key must be a text, and this one is an object or a list.")
            top.key, top.is_lost = "", True
            self._frames.append(_Frame(value, None, line, "", self._values, is_key=True))
            return
        place = self._next_place(line)
        self._frames.append(_Frame(value, place, line, anchor, self._values))

    def end(self) -> None:
        """Close the innermost list or object."""
        frame = self._frames.pop()
        if frame.is_key:
            return  # The value of its entry follows.
        if frame.anchor:
            self._anchors[frame.anchor] = (frame.value, self._values - frame.values_before)
        self._put(frame.value, frame.line)

    def scalar(self, text: str, line: int, *, is_plain: bool, anchor: str = "") -> None:
        """Add a scalar, quoted or not."""
        if self._takes_a_key():
            self._take_key(text, line, is_plain=is_plain)
            return
        place = self._next_place(line)
        value = self._resolved(text, line, place) if is_plain else text
        if anchor:
            self._anchors[anchor] = (value, 1)
        self._put(value, line)

    def alias(self, name: str, line: int) -> None:
        """Add the value of an anchor again."""
        if self._takes_a_key():
            self.refuse(line, "A key must be a text, and this one is an alias.", "Write it out.")
            self._frames[-1].key, self._frames[-1].is_lost = "", True
            return
        self._next_place(line)
        value, count = self._anchors.get(name, (None, 1))
        if name not in self._anchors:
            self.refuse(line, f"The alias *{name} has no anchor &{name} before it.")
        self._values += count - 1
        self._put(value, line)

    def _takes_a_key(self) -> bool:
        top = self._frames[-1] if self._frames else None
        return top is not None and isinstance(top.value, dict) and top.key is None

    def _take_key(self, key: str, line: int, *, is_plain: bool) -> None:
        top = self._frames[-1]
        top.key, top.key_line, top.is_lost = key, line, False
        if top.place is None:
            return
        place = (*top.place, key)
        if key == "<<" and is_plain:
            hint = "Repeat the entries, or use an alias for the whole value."
            self.refuse(line, "`<<` merges nothing here.", hint, top.place)
            top.is_lost = True
        elif key in top.value:
            first = self.marks.get(place, line)
            what = f"The key {quoted(key)} stands here twice, first on line {first}."
            self.refuse(line, what, "Give one of them another name, or take it away.", place)
            top.is_lost = True
        else:
            self.marks[place] = line

    def _next_place(self, line: int) -> Place | None:
        """Return the path of the next value, and record the line of a list item."""
        if not self._frames:
            self.marks[()] = line
            return ()
        top = self._frames[-1]
        if top.place is None or top.is_lost:
            return None
        if isinstance(top.value, dict):
            return (*top.place, top.key or "")
        place = (*top.place, len(top.value))
        self.marks[place] = line
        return place

    def _put(self, value: Any, line: int) -> None:
        self._values += 1
        if self._values > VALUES_MAX:
            raise self.stop(
                line,
                f"It holds more than {VALUES_MAX:,} values, with what aliases stand for.",
                "Split it.",
            )
        if not self._frames:
            self.value = value
            return
        top = self._frames[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            return
        if not top.is_lost and top.key is not None:
            top.value[top.key] = value
        top.key, top.is_lost = None, False

    def _resolved(self, text: str, line: int, place: Place | None) -> Any:
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _WHOLE.fullmatch(text):
            if len(text) > DIGITS_MAX:
                what = f"The number has {len(text):,} digits."
                self.refuse(line, what, "Put it in quotes.", place or ())
                return text
            return int(text)
        return float(text) if _NUMBER.fullmatch(text) else text
