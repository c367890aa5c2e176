"""Nothing that a person wrote into a generated document is lost when it is generated again."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.documents.merge import merged
from missioncontrol.documents.sections import joined, sections

BASE = """# Design

An introduction.

## Goals

Sessions are kept in Redis.
They end after a day.

## Risks

The server may be away.
"""


def test_a_document_that_nobody_edited_becomes_the_new_one() -> None:
    theirs = BASE.replace("a day", "an hour")
    assert merged(BASE, BASE, theirs).text == theirs


def test_an_edit_stands_where_nothing_else_changed() -> None:
    mine = BASE.replace("An introduction.", "What this is about.")
    assert merged(BASE, mine, BASE).text == mine


def test_edits_of_different_lines_meet() -> None:
    mine = BASE.replace("kept in Redis", "kept in Valkey")
    theirs = BASE.replace("a day", "an hour").replace("away.", "away for long.")
    found = merged(BASE, mine, theirs)
    assert "kept in Valkey" in found.text
    assert "an hour" in found.text
    assert "away for long" in found.text
    assert found.conflicts == ()


def test_what_both_changed_is_shown_with_both_and_the_persons_first() -> None:
    mine, theirs = BASE.replace("a day", "a week"), BASE.replace("a day", "an hour")
    found = merged(BASE, mine, theirs)
    assert 0 < found.text.index("a week") < found.text.index("an hour")
    [conflict] = found.conflicts
    assert (conflict.section, conflict.mine) == ("Goals", "They end after a week.\n")
    assert conflict.theirs == "They end after an hour.\n"


def test_a_conflict_that_nobody_looked_at_is_not_shown_twice() -> None:
    mine, theirs = BASE.replace("a day", "a week"), BASE.replace("a day", "an hour")
    once = merged(BASE, mine, theirs).text
    again = merged(theirs, once, BASE.replace("a day", "a minute")).text
    assert "a week" in again
    assert "a minute" in again
    assert "an hour" not in again


def test_a_persons_change_of_generated_text_between_the_marks_is_kept() -> None:
    mine, theirs = BASE.replace("a day", "a week"), BASE.replace("a day", "an hour")
    once = merged(BASE, mine, theirs).text.replace("an hour", "an hour or two")
    again = merged(theirs, once, BASE.replace("a day", "a minute")).text
    assert "an hour or two" in again


def test_a_section_of_a_persons_own_stays_behind_the_one_it_followed() -> None:
    mine = BASE.replace("## Risks", "## Costs\n\nNone.\n\n## Risks")
    theirs = BASE.replace("## Goals", "## Background\n\nSome.\n\n## Goals")
    titles = [section.title for section in sections(merged(BASE, mine, theirs).text)]
    assert titles == ["Design", "Background", "Goals", "Costs", "Risks"]


def test_a_section_that_was_taken_out_stays_out_until_it_says_something_else() -> None:
    mine = BASE.partition("## Risks")[0]
    other = BASE.replace("An introduction.", "A beginning.")
    assert "## Risks" not in merged(BASE, mine, other).text
    changed = merged(BASE, mine, BASE.replace("away", "on fire"))
    assert "The server may be on fire." in changed.text
    assert [conflict.mine for conflict in changed.conflicts] == [""]


def test_a_section_that_is_generated_no_more_goes_unless_it_was_edited() -> None:
    theirs = BASE.partition("## Risks")[0]
    assert "## Risks" not in merged(BASE, BASE + "\n## Mine\n\nOwn.\n", theirs).text
    mine = BASE.replace("may be away", "is often away")
    found = merged(BASE, mine, theirs)
    assert "is often away" in found.text
    assert [conflict.theirs for conflict in found.conflicts] == [""]


def test_a_heading_that_a_person_changed_is_still_that_section() -> None:
    mine = BASE.replace("## Goals", "## What we want")
    theirs = BASE.replace("a day", "an hour")
    found = merged(BASE, mine, theirs).text
    assert "## What we want" in found
    assert "## Goals" not in found
    assert "an hour" in found


def test_a_hash_in_code_is_no_heading() -> None:
    text = "# A\n\n```sh\n# not a heading\n```\n\n~~~\n## nor this\n~~~\n# B\n"
    assert [section.title for section in sections(text)] == ["A", "B"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sections_put_together_are_the_document(end: str) -> None:
    text = BASE.replace("\n", end)
    assert joined(section.text for section in sections(text)) == text


LINES = st.sampled_from(
    ["# A", "## B", "## C", "### D", "", "one", "two", "three", "```", "- x", "> y", "tail  "]
)
TEXTS = st.lists(LINES, max_size=14).map(lambda lines: "".join(line + "\n" for line in lines))


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str, str]:
    """Draw a document, a person's lines put into it (each known again), and its next version."""
    base = draw(TEXTS)
    lines = base.splitlines(keepends=True)
    for number in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(lines)))
        cut = draw(st.integers(0, 2))
        kind = draw(st.sampled_from(["mine {}\n", "## mine {}\n", "one mine {}\n"]))
        lines[place : place + cut] = [kind.format(number)]
    return base, "".join(lines), draw(TEXTS)


@given(edited())
def test_every_line_that_a_person_wrote_is_in_the_result(drawn: tuple[str, str, str]) -> None:
    base, mine, theirs = drawn
    written = Counter(line for line in mine.splitlines() if "mine" in line)
    found = Counter(merged(base, mine, theirs).text.splitlines())
    assert all(found[line] >= count for line, count in written.items())


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_only_one_side_has_is_in_the_result(base: str, mine: str, theirs: str) -> None:
    result = set(merged(base, mine, theirs).text.splitlines())
    known = set(base.splitlines())
    for side in (mine, theirs):
        assert {line for line in side.splitlines() if line.strip()} - known <= result


@given(TEXTS, TEXTS)
def test_one_side_that_changed_nothing_yields_to_the_other(base: str, other: str) -> None:
    assert merged(base, base, other).text == other
    assert merged(base, other, base).text == other
    assert merged(base, other, other).text == other


@given(edited())
def test_merging_the_same_again_changes_nothing(drawn: tuple[str, str, str]) -> None:
    base, mine, theirs = drawn
    once = merged(base, mine, theirs).text
    assert merged(theirs, once, theirs).text == once
