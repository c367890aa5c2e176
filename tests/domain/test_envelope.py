"""What an event's hash is made of, computed a second time by other means."""

import hashlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.envelope import GENESIS, Recorded, chain, is_chained

Header = tuple[int, str, int, str, int, int, str, str, int, str]

FIELDS = (
    7,
    "run-1",
    3,
    "run_settled",
    1,
    1_790_000_000_000_001,
    "engine",
    "",
    6,
    "run-1",
    b'{"outcome":"failed"}',
)


def by_hand(previous: bytes, *fields: Any) -> bytes:
    header = json.dumps(list(fields[:-1]), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + header.encode() + b"\n" + fields[-1]).digest()


def test_the_hash_is_what_the_docstring_says() -> None:
    assert chain(GENESIS, *FIELDS) == by_hand(GENESIS, *FIELDS)


def test_the_hash_of_a_known_event_never_changes() -> None:
    known = "65ed7f5838a8732a"
    assert chain(GENESIS, *FIELDS).hex()[:16] == known


words = st.text(st.characters(codec="utf-8", exclude_characters="\x7f"), max_size=20)
numbers = st.integers(0, 2**53)


@given(
    st.binary(min_size=32, max_size=32),
    st.tuples(numbers, words, numbers, words, numbers, numbers, words, words, numbers, words),
    st.binary(max_size=50),
)
def test_the_hash_is_the_same_computed_by_hand(
    previous: bytes, header: Header, body: bytes
) -> None:
    assert chain(previous, *header, body) == by_hand(previous, *header, body)


@pytest.mark.parametrize("place", range(len(FIELDS)))
def test_no_field_can_change_without_the_hash(place: int) -> None:
    event = Recorded(*FIELDS, chain(GENESIS, *FIELDS))
    assert is_chained(event, GENESIS)
    name = Recorded.__struct_fields__[place]
    value = getattr(event, name)
    other = value + 1 if isinstance(value, int) else value + value[:1] + type(value)()
    if other == value:
        other = "x"
    assert not is_chained(msgspec.structs.replace(event, **{name: other}), GENESIS)


def test_an_event_fits_only_its_predecessor() -> None:
    event = Recorded(*FIELDS, chain(GENESIS, *FIELDS))
    assert not is_chained(event, event.hash)


def test_words_cannot_move_from_one_field_to_the_next() -> None:
    one = chain(GENESIS, 1, "a", 1, "b", 1, 1, "cd", "e", 1, "f", b"")
    other = chain(GENESIS, 1, "a", 1, "b", 1, 1, "c", "de", 1, "f", b"")
    assert one != other


def test_the_data_is_the_body_as_plain_values() -> None:
    assert Recorded(*FIELDS, b"").data == {"outcome": "failed"}
