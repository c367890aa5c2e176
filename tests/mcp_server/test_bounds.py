"""How much one answer holds."""

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.mcp.bounds import LIST_MAX, PART_MAX, TEXT_MAX, bounded, part_of
from missioncontrol.mcp.record import _text_of


def test_the_parts_of_a_text_are_the_text() -> None:
    text = "".join(chr(0x4E00 + number % 500) for number in range(2 * PART_MAX + 7))
    parts, place = [], 0
    while True:
        part = part_of(text, place)
        parts.append(part["text"])
        if part["next"] is None:
            break
        place = part["next"]
    assert ("".join(parts), len(parts)) == (text, 3)
    assert part_of(text, len(text) + 5) == {"text": "", "offset": len(text) + 5, "next": None}


def test_a_letter_that_is_half_there_is_left_for_the_next_part() -> None:
    whole = "né€😀"
    for end in range(len(whole.encode())):
        text, consumed = _text_of(whole.encode()[:end], "d")
        assert text == whole.encode()[:consumed].decode()
        assert end - consumed < 4
    with pytest.raises(Rejected, match="no text"):
        _text_of(b"\xff\xfe\x00\x01\x02\x03\x04\x05", "d")


def test_what_is_cut_says_so_and_what_is_too_much_is_refused() -> None:
    answer = bounded({"text": "x" * (TEXT_MAX + 5), "list": list(range(LIST_MAX + 3))})
    assert answer["text"].endswith("… (5 more characters)")
    assert answer["list"][-1] == "… (3 more)"
    with pytest.raises(Rejected, match="at most"):
        bounded({"rows": [["x" * TEXT_MAX] * 10] * LIST_MAX})
