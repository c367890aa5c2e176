"""How a text is cut into passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.domain.passages import request_passages


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Add login. Add logout!", ("Add login.", "Add logout!")),
        ("- one\n- two\n  and more", ("one", "two and more")),
        ("# Title\nBody goes\non.", ("Title", "Body goes on.")),
        ("Use `a. b` e.g. here. Done.", ("Use `a. b` e.g. here.", "Done.")),
        ("搜索要快。不要新服务。", ("搜索要快。", "不要新服务。")),
        ("Same. Same. Other.", ("Same.", "Other.")),
        ("```\ncode\n```", ("``` code ```",)),
        ("Fix it.\n```\ncode. more.\n```", ("Fix it.",)),
        ("--- !!! ...", ()),
    ],
)
def test_a_text_is_cut_where_a_reader_would(text: str, cut: tuple[str, ...]) -> None:
    assert request_passages(text) == cut


@given(st.text(max_size=400))
def test_every_word_outside_of_code_stands_in_a_passage(text: str) -> None:
    cut = request_passages(text)
    assert bool(cut) == any(letter.isalnum() for letter in text)
    assert len(set(cut)) == len(cut)
