"""What is known of people and groups from what is told of them, in the order received."""

from typing import Any

import msgspec

from missioncontrol.adapters.warehouses.duckdb.identities import IdentifiedPerson

NAMES_MAX = 500
"""Properties of one person; more are not taken."""

BYTES_MAX = 64 * 1024
"""What is known of one person, as JSON; of more the largest properties are left out."""

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
    """What one event tells of somebody: JSON objects, or nothing."""

    person: int
    always: bytes
    once: bytes


def known(text: str | bytes) -> dict[str, Any]:
    """Return properties as they are kept.

    Raises:
        ValueError: it is no JSON object.
    """
    return _object(text) if text else {}


def kept(properties: dict[str, Any]) -> bytes:
    """Return properties in the shape in which they are kept, the largest left out of too many."""
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


def tell(properties: dict[str, Any], always: bytes, once: bytes) -> None:
    """Take in what is told: null takes a property away.

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
    """Take in what was known of somebody who is this person: it fills the gaps."""
    for name, value in other.items():
        if len(mine) < NAMES_MAX:
            mine.setdefault(name, value)


def become(rows: dict[int, Person], person: int, somebody: IdentifiedPerson, seq: int) -> None:
    """Let somebody be known as they are called now; `seq` is the first event of who is new."""
    if person in rows:
        rows[person].label, rows[person].is_named = somebody.label, somebody.is_named
    else:
        rows[person] = Person(
            somebody.product, somebody.label, somebody.is_named, {}, False, False, seq
        )


def join(rows: dict[int, Person], old: int, new: int) -> None:
    """Let what was known of `old` be known of `new`."""
    gone, mine = rows.pop(old), rows[new]
    joined(mine.properties, gone.properties)
    mine.is_counted = mine.is_counted or gone.is_counted
    mine.first_seq = min(mine.first_seq, gone.first_seq)
