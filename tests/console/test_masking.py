"""The word of a page under its mask."""

import asyncio
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.interfaces.sign_in.masking import masked, unmasked
from tests.console.doors import Door
from tests.console.houses import console_house
from tests.console.test_gate import signed_in, with_door

HTML = {"Accept": "text/html"}
CLOCK = re.compile('(?<=<time id="strip-clock">)[0-9:]{8}')

WORDS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(WORDS)
def test_a_masked_word_comes_back_and_never_looks_the_same(word: str) -> None:
    first, second = masked(word), masked(word)
    assert first != second
    assert word not in first
    assert unmasked(first) == unmasked(second) == word


@given(st.text(max_size=200))
def test_what_is_no_masked_word_comes_back_as_it_is(text: str) -> None:
    if not re.fullmatch("[0-9a-fA-F]{128}", text):
        assert unmasked(text) == text


def test_each_page_holds_a_word_of_its_own_and_each_is_taken(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        pages = [await client.get("/settings/workspace") for _ in range(2)]
        words = {re.findall('name="csrf" content="([^"]+)"', each.text)[0] for each in pages}
        assert len(words) == 2
        for word in words:
            named = await client.post("/settings/workspace", data={"csrf": word, "name": "P"})
            assert named.status_code == 303
        await client.aclose()

    with_door(tmp_path, story)


def test_a_large_page_is_packed_for_whoever_takes_it(tmp_path: Path) -> None:
    async def look() -> None:
        async with console_house(tmp_path) as house, house.client("viewer") as client:
            packed = await client.get("/api", headers=HTML)
            bare = await client.get("/api", headers={**HTML, "accept-encoding": "identity"})
            small = await client.get("/templates/nothing", headers=HTML)
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < len(bare.content) / 4
        assert "content-encoding" not in bare.headers
        assert "content-encoding" not in small.headers
        assert bare.headers["vary"] == "Accept-Encoding"
        # A second may have gone by between the two.
        assert CLOCK.sub("", packed.text) == CLOCK.sub("", bare.text)

    asyncio.run(look())
