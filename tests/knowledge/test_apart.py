"""Items of memory with the same title, distinguished by their texts."""

from typing import NamedTuple

from missioncontrol.knowledge.text import LENGTH_MAX, distinguishing_texts


class Remembered(NamedTuple):
    """An item, as lists have it."""

    id: str
    title: str
    text: str


def test_items_of_one_title_are_told_apart_by_the_sentence_that_differs() -> None:
    found = distinguishing_texts(
        [
            Remembered("a", "Where it stands", "In a file. Because: `app.py` has 40 lines."),
            Remembered("b", "Where it stands", "In a file. Because: `app.py` has 900 lines."),
            Remembered("c", "Something else", "In a file."),
        ]
    )
    assert found == {"a": "…`app.py` has 40 lines.", "b": "…`app.py` has 900 lines."}


def test_what_is_added_to_a_title_is_bounded_and_holds_the_difference() -> None:
    same = "word " * 200
    found = distinguishing_texts(
        [Remembered("a", "T", f"{same}here it ends"), Remembered("b", "T", same)]
    )
    assert found == {"a": "…here it ends", "b": ""}
    found = distinguishing_texts(
        [Remembered("a", "T", "x " * 500), Remembered("b", "T", "y " * 500)]
    )
    assert all(0 < len(words) <= LENGTH_MAX + 1 for words in found.values())


def test_nothing_is_added_where_the_texts_are_the_same_too() -> None:
    assert distinguishing_texts([Remembered("a", "T", "same"), Remembered("b", "T", "same")]) == {}
    assert distinguishing_texts([Remembered("a", "T", "one"), Remembered("a", "T", "one")]) == {}
