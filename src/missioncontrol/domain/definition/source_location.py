"""A value of a workflow file at its place: read as it should be, or reported as a fault."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from missioncontrol.domain.definition.fault import Faults, Place, nearest, quoted

T = TypeVar("T")


class Missing:
    """Stands for what could not be read; the reason has been recorded."""


MISSING: Final = Missing()


class Spot:
    """A value and where it stands."""

    def __init__(self, value: Any, place: Place, faults: Faults) -> None:
        """`value` is plain: None, bool, int, float, str, list or dict."""
        self.value = value
        self.place = place
        self.faults = faults

    def refuse(self, message: str, hint: str = "") -> Missing:
        """Take down what is wrong here."""
        self.faults.add(self.place, message, hint)
        return MISSING

    def not_a(self, wanted: str, hint: str = "") -> Missing:
        """Take down that this is something else than `wanted`."""
        return self.refuse(f"It is {describe_value(self.value)} and must be {wanted}.", hint)

    def not_a_text(self, wanted: str) -> Missing:
        """Take down that this is no text; a number or a truth value may be meant as one."""
        is_bare = isinstance(self.value, bool | int | float)
        return self.not_a(wanted, "Put it in quotes." if is_bare else "")

    def under(self, part: str | int) -> "Spot":
        """Return the part of an object or a list."""
        return Spot(self.value[part], (*self.place, part), self.faults)

    def parts(self, what: str) -> "dict[str, Spot]":
        """Return the entries of an object by key; none where it is no object."""
        if isinstance(self.value, dict):
            return {key: self.under(key) for key in self.value}
        self.not_a(f"an object, such as {what}")
        return {}

    def known_parts(
        self, keys: Mapping[str, str], example: str, elsewhere: Mapping[str, str] | None = None
    ) -> "dict[str, Spot]":
        """Return the entries of an object that may only have these keys.

        `external_heads` holds hints for words that other tools have for the same things.
        """
        parts = self.parts(example)
        meant: dict[str, Spot] = {}
        for key in parts:
            if key not in keys and not self.faults.is_full:
                hint = _hint(key, keys, elsewhere or {})
                parts[key].refuse(f"The key {quoted(key)} is not known here.", hint)
                near = nearest(key, keys)
                if near and near not in parts and hint.startswith("Did you mean"):
                    meant[near] = parts[key]  # So that nothing is reported as missing.
        return meant | {key: part for key, part in parts.items() if key in keys}

    def items(self, what: str) -> "list[Spot]":
        """Return the items of a list; none where it is no list."""
        if isinstance(self.value, list):
            return [self.under(index) for index in range(len(self.value))]
        self.not_a(what)
        return []


def _hint(key: str, keys: Mapping[str, str], elsewhere: Mapping[str, str]) -> str:
    near = nearest(key, keys)
    is_same = near.lower() == key.lower().replace("-", "_")
    if key in elsewhere and not is_same:
        return elsewhere[key]
    return f"Did you mean {near!r}?" if near else f"Known: {', '.join(keys)}."


def describe_value(value: Any) -> str:
    """Name a plain value with its type, short enough for one line."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {quoted(value)}"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "an object"


Reader = Callable[[Spot], T | Missing]


def text(most: int) -> Reader[str]:
    """Read a text for people that is not empty."""

    def read(spot: Spot) -> str | Missing:
        value = spot.value
        if not isinstance(value, str):
            return spot.not_a_text("a text")
        if not value.strip():
            return spot.refuse("It is empty.", "Say it in words, or leave the key out.")
        if len(value) > most:
            return spot.refuse(f"It has {len(value):,} characters; at most {most:,} fit.")
        odd = next((each for each in value if each < " " and each not in "\n\t\r"), "")
        if odd:
            return spot.refuse(f"It holds the control character U+{ord(odd):04X}.", "Take it out.")
        return value

    return read


def word(pattern: str, meaning: str) -> Reader[str]:
    """Read a text that matches `pattern`, which people call `meaning`."""

    def read(spot: Spot) -> str | Missing:
        if not isinstance(spot.value, str):
            return spot.not_a_text(meaning)
        if not re.fullmatch(pattern, spot.value, re.ASCII):
            return spot.refuse(f"{quoted(spot.value)} can't stand here: it must be {meaning}.")
        return spot.value

    return read


def choice(*words: str) -> Reader[Any]:
    """Read one of these words."""

    def read(spot: Spot) -> str | Missing:
        if isinstance(spot.value, str) and spot.value in words:
            return spot.value
        near = nearest(spot.value, words) if isinstance(spot.value, str) else ""
        hint = f"Did you mean {near!r}?" if near else ""
        return spot.not_a(f"{', '.join(words[:-1])} or {words[-1]}", hint)

    return read


def whole(least: int, most: int) -> Reader[int]:
    """Read a whole number within bounds."""

    def read(spot: Spot) -> int | Missing:
        value = spot.value
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return spot.not_a(f"a whole number from {least:,} to {most:,}")
        return value

    return read


def flag(spot: Spot) -> bool | Missing:
    """Read true or false."""
    return spot.value if isinstance(spot.value, bool) else spot.not_a("true or false")


def measured(measure: Callable[[Any], T | str]) -> Reader[T]:
    """Read what `measure` makes of the value; it answers with words where that is nothing."""

    def read(spot: Spot) -> T | Missing:
        found = measure(spot.value)
        if isinstance(found, str):
            return spot.refuse(f"It is {describe_value(spot.value)}. {found}")
        return found

    return read


def several(one: Reader[str], what: str, most: int = 10_000) -> Reader[tuple[str, ...]]:
    """Read a list of different words, or a single one without the list."""

    def read(spot: Spot) -> tuple[str, ...] | Missing:
        if isinstance(spot.value, str):
            names = [part.strip() for part in spot.value.split(",")]
            if len(names) > 1 and all(names):  # One that has a comma can stand in a list.
                shown = ", ".join(names)
                return spot.refuse("It is one text and no list.", f"Write [{shown[:200]}].")
            single = one(spot)
            return single if isinstance(single, Missing) else (single,)
        spots = spot.items(f"{what}, one or a list")
        if len(spots) > most:
            return spot.refuse(f"It has {len(spots):,} items; at most {most:,} fit.")
        found: dict[str, None] = {}
        for item in spots:
            value = one(item)
            if isinstance(value, Missing):
                continue
            if value in found:
                item.refuse(f"{quoted(value)} stands here twice.", "Take one of them away.")
            found[value] = None
        return tuple(found)

    return read


def fields(
    parts: Mapping[str, Spot], readers: Mapping[str, tuple[str, Reader[Any]]]
) -> dict[str, Any]:
    """Read each part that is there; return by attribute what could be read."""
    found: dict[str, Any] = {}
    for key, (attribute, read) in readers.items():
        if key in parts:
            value = read(parts[key])
            if not isinstance(value, Missing):
                found[attribute] = value
    return found
