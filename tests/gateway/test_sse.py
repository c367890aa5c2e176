"""Streams are split at blank lines, wherever their chunks end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.interfaces.gateway import sse
from missioncontrol.interfaces.gateway.sse import Splitter, data_of

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
LINES = st.lists(
    st.sampled_from(["data: é漢🙂", "data:x", "data", ": note", "event: a", 'data: {"a": 1}']),
    min_size=1,
    max_size=4,
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    end = draw(ENDS)
    events = draw(st.lists(LINES, max_size=5))
    text = "".join("".join(line + end for line in event) + end for event in events)
    return (text + draw(st.sampled_from(["", "data: unfinished"]))).encode()


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    stream = draw(streams())
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    places = [0, *cuts, len(stream)]
    return stream, [stream[a:b] for a, b in pairwise(places)]


def taken_apart(chunks: list[bytes]) -> tuple[bytes, list[bytes]]:
    splitter, raw, payloads = Splitter(), [], []
    for chunk in chunks:
        for event in splitter.feed(chunk):
            raw.append(event.raw)
            if event.data:
                payloads.append(event.data)
    return b"".join([*raw, splitter.rest()]), payloads


@given(chunked())
def test_nothing_is_lost_or_changed_and_chunks_do_not_matter(
    drawn: tuple[bytes, list[bytes]],
) -> None:
    stream, chunks = drawn
    assert taken_apart(chunks)[0] == stream
    assert taken_apart(chunks)[1] == taken_apart([stream])[1]


@given(chunked())
def test_an_event_has_its_whole_line_end_wherever_a_chunk_ends(
    drawn: tuple[bytes, list[bytes]],
) -> None:
    stream, chunks = drawn
    splitter, whole = Splitter(), Splitter()
    found = [event.raw for chunk in chunks for event in splitter.feed(chunk)]
    assert found == [event.raw for event in whole.feed(stream)]


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"data: a\n\n", b"a"),
        (b"data:a\r\ndata: b\r\n\r\n", b"a\nb"),
        (b"event: x\rdata:  a\r\r", b" a"),
        (b"\xef\xbb\xbfdata: a\n\n", b"a"),
        (b": note\n\n", b""),
        (b"data\ndata: b\n\n", b"\nb"),
        (b"database: a\n\n", b""),
    ],
)
def test_data_lines_are_read_as_the_standard_has_it(raw: bytes, data: bytes) -> None:
    assert data_of(raw) == data


def test_an_event_that_is_too_long_passes_unread_and_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sse, "EVENT_BYTES_MAX", 100)
    chunks = [b"data: " + b"x" * 60, b"x" * 60, b"x" * 200, b"\n", b"\ndata: b\n\n"]
    splitter, passed, payloads = Splitter(), b"", []
    for chunk in chunks:
        for event in splitter.feed(chunk):
            passed += event.raw
            payloads += [event.data] if event.data else []
        assert len(splitter._partial) <= 100
    assert passed == b"".join(chunks)
    assert payloads == [b"b"]


def test_a_long_event_in_small_chunks_is_looked_at_once() -> None:
    splitter = Splitter()
    looked = 0
    for _ in range(2_000):
        before = splitter._looked
        splitter.feed(b"x" * 100)
        looked += len(splitter._partial) - max(0, before - 3)
    assert looked < 2_000 * 104
