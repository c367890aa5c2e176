"""Profiles of people and groups: the properties that events set, in the order received."""

from typing import Any

import msgspec

from missioncontrol.adapters.warehouses.duckdb.identities import IdentifiedPerson

NAMES_MAX = 500
"""Properties of one person; further ones are ignored."""

BYTES_MAX = 64 * 1024
"""Size of one profile as JSON; beyond it the largest properties are dropped."""

_object = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Person(msgspec.Struct, gc=False):
    """A row of `people_known`."""

    product: str
    label: str
    is_named: bool
    properties: dict[str, Any]
    is_counted: bool
    is_test: bool
    first_seq: int


class ProfileUpdate(msgspec.Struct, frozen=True, gc=False):
    """The profile changes of one event: JSON objects, or empty."""

    person: int
    always: bytes
    once: bytes


def decoded(text: str | bytes) -> dict[str, Any]:
    """Return stored properties as a dictionary.

    Raises:
        ValueError: it is no JSON object.
    """
    return _object(text) if text else {}


def encoded(properties: dict[str, Any]) -> bytes:
    """Return properties as stored, without the largest where they exceed `BYTES_MAX`."""
    text = _encode(properties)
    if len(text) > BYTES_MAX:
        sizes = {name: len(_encode({name: value})) for name, value in properties.items()}
        size = sum(sizes.values())
        for name in sorted(sizes, key=lambda each: (-sizes[each], each)):
            if size <= BYTES_MAX:
                break
            size -= sizes[name]
            del properties[name]
        text = _encode(properties)
    return text


def update(properties: dict[str, Any], always: bytes, once: bytes) -> None:
    """Apply the changes of one event to properties; null removes a property.

    Raises:
        ValueError: it is no JSON object.
    """
    if once:
        for name, value in _object(once).items():
            if value is not None and name not in properties and len(properties) < NAMES_MAX:
                properties[name] = value
    if not always:
        return
    for name, value in _object(always).items():
        if value is None:
            properties.pop(name, None)
        elif name in properties or len(properties) < NAMES_MAX:
            properties[name] = value


def joined(mine: dict[str, Any], other: dict[str, Any]) -> None:
    """Add the properties of a merged profile where this one has none."""
    for name, value in other.items():
        if len(mine) < NAMES_MAX:
            mine.setdefault(name, value)


def identify(rows: dict[int, Person], person: int, identity: IdentifiedPerson, seq: int) -> None:
    """Set the label of a person, creating a new profile from event `seq` on."""
    if person in rows:
        rows[person].label, rows[person].is_named = identity.label, identity.is_named
    else:
        rows[person] = Person(
            identity.product, identity.label, identity.is_named, {}, False, False, seq
        )


def join(rows: dict[int, Person], old: int, new: int) -> None:
    """Merge the profile of `old` into that of `new`."""
    gone, mine = rows.pop(old), rows[new]
    joined(mine.properties, gone.properties)
    mine.is_counted = mine.is_counted or gone.is_counted
    mine.first_seq = min(mine.first_seq, gone.first_seq)
