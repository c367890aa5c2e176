"""Markdown becomes a small tree, and no text of it is lost on the way."""

from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.documents.printing.blocks import (
    Block,
    Code,
    Heading,
    Listing,
    Paragraph,
    Picture,
    Quote,
    Run,
    Table,
    plain,
)
from missioncontrol.documents.printing.markdown_reader import document_of


def blocks(markdown: str) -> tuple[Block, ...]:
    return document_of(f"# T\n\n{markdown}", "T").blocks[1:]


def text_of(each: Block) -> str:
    match each:
        case Heading(_, runs) | Paragraph(runs):
            return plain(runs)
        case Code(text):
            return text
        case Picture(_, alt):
            return alt
        case Table(head, rows):
            return " ".join(plain(cell) for row in (head, *rows) for cell in row)
        case Listing(items):
            return " ".join(text_of(one) for item in items for one in item.blocks)
        case Quote(inner):
            return " ".join(map(text_of, inner))
        case _:
            return ""


def test_looks_of_text_become_runs() -> None:
    [paragraph] = blocks("A *b* **c** `d` ~~e~~ [f](https://example.com)")
    assert paragraph == Paragraph(
        (
            Run("A "),
            Run("b", emphasis=True),
            Run(" "),
            Run("c", strong=True),
            Run(" "),
            Run("d", code=True),
            Run(" "),
            Run("e", struck=True),
            Run(" "),
            Run("f", href="https://example.com"),
        )
    )


def test_a_link_that_leads_nowhere_or_runs_something_is_only_text() -> None:
    [paragraph] = blocks(
        "[a](javascript:alert(1)) [b](other.md) [c](#nowhere) [d](data:text/html,x)"
    )
    assert paragraph == Paragraph((Run("a b c d"),))


def test_a_link_to_a_heading_or_a_named_place_stays() -> None:
    found = blocks('[one](#a-name) [two](#spot)\n\n## A name\n\n<a id="spot"></a>Here\n')
    assert found[0] == Paragraph((Run("one", to="a-name"), Run(" "), Run("two", to="spot")))
    assert found[1] == Heading(2, (Run("A name"),), ("a-name",))
    assert found[2] == Paragraph((Run("Here"),), ("spot",))


def test_entries_with_boxes_are_tasks() -> None:
    [listing] = blocks("- [ ] open\n- [x] done\n- [link] none\n")
    assert isinstance(listing, Listing)
    assert [item.done for item in listing.items] == [False, True, None]
    assert [text_of(item.blocks[0]) for item in listing.items] == ["open", "done", "[link] none"]


def test_no_heading_skips_a_level_and_a_document_has_a_first_one() -> None:
    found = document_of("## Two\n\n##### Five\n\n## Again\n", "The title").blocks
    levels = [(each.level, plain(each.runs)) for each in found if isinstance(each, Heading)]
    assert levels == [(1, "The title"), (2, "Two"), (3, "Five"), (2, "Again")]


def test_a_drawing_in_a_paragraph_stands_by_itself() -> None:
    found = blocks("Before ![a map](map.svg) behind")
    assert found == (
        Paragraph((Run("Before"),)),
        Picture("map.svg", "a map"),
        Paragraph((Run("behind"),)),
    )


def test_comments_are_hidden_and_other_html_is_text() -> None:
    found = blocks("<!-- generated anew -->\n\nA <b>c</b><br>d\n\n<script>x</script>\n")
    assert [text_of(each) for each in found] == ["A <b>c</b>\nd", "<script>x</script>"]


def test_characters_that_hide_or_reorder_text_are_written_out() -> None:
    [paragraph] = blocks("pay \u202eecila")
    assert text_of(paragraph) == "pay ⟨U+202E⟩ecila"


def test_lists_in_lists_end_somewhere_and_keep_their_text() -> None:
    deep = "\n".join(f"{'  ' * level}- level {level}" for level in range(18))
    words = " ".join(map(text_of, blocks(deep)))
    assert [f"level {level}" in words for level in range(18)] == [True] * 18


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_text_in_code_comes_back_as_it_is(text: str) -> None:
    fence = "`" * (1 + text.count("`") + 3)
    [code] = blocks(f"{fence}\n{text}\n{fence}")
    assert isinstance(code, Code)
    assert code.text.replace("⟨U+", "").strip() or not text.strip()
    assert code.text == text or "⟨U+" in code.text
