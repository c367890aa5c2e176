"""What a person changed in a document is theirs, and says what it was edited from."""

from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.application.studio import brought_together, theirs_named
from missioncontrol.documents.attribution import attributed, definitions

MADE = """# T

One is so.[^R1][^R2] Two is so.[^D1]

- [ ] Three holds.[^R1]

| a | b |
| --- | --- |
| x | y[^D1] |

Quoted line.
Last quoted line.[^pack]

```python
code = 1
```

## Sources

[^R1]: Requirement R1: one
[^R2]: Requirement R2: two
[^D1]: Decision D1: that
[^pack]: The pack
"""


def edited(old: str, new: str) -> str:
    assert old in MADE
    return theirs_named(MADE.replace(old, new), MADE, MADE, "ada")


def test_an_edited_statement_is_the_persons_and_its_neighbour_keeps_its_source() -> None:
    text = edited("One is so.", "One is never so.")
    assert "One is never so.[^by:ada:R1;R2] Two is so.[^D1]" in text
    footnote = "[^by:ada:R1;R2]: ada, edited from: Requirement R1: one; Requirement R2: two"
    assert text.count(footnote) == 1
    assert "[^R2]: " not in text, "nothing else follows from it"


def test_a_footnote_that_was_taken_out_with_an_edit_is_told_all_the_same() -> None:
    text = edited("- [ ] Three holds.[^R1]", "- [ ] Three holds twice.")
    assert "- [ ] Three holds twice.[^by:ada:R1]\n" in text
    assert edited("Three holds.[^R1]", "Three holds.") == MADE, "it is what was generated"


def test_rows_quoted_lines_and_new_lines_are_named_and_code_and_headings_are_not() -> None:
    assert "| x | z[^by:ada:D1] |" in edited("| x | y[^D1] |", "| x | z[^D1] |")
    assert "Quoted lines.[^by:ada:pack]\n" in edited("Quoted line.\n", "Quoted lines.\n")
    own = edited("# T\n", "# Title\n\nOwn words.\n")
    assert "# Title\n\nOwn words.[^by:ada]\n" in own
    assert "[^by:ada]: ada, in words of their own\n" in own
    assert edited("code = 1", "code = 2") == MADE.replace("code = 1", "code = 2")


def test_what_was_only_moved_keeps_its_sources_and_what_was_put_back_gets_them_back() -> None:
    moved = MADE.replace("- [ ] Three holds.[^R1]\n\n", "").replace(
        "Quoted line.", "- [ ] Three holds.[^R1]\n\nQuoted line."
    )
    assert theirs_named(moved, MADE, MADE, "ada") == moved
    first = edited("One is so.", "One is never so.")
    back = first.replace("One is never so.", "One is so.")
    assert "One is so.[^R1][^R2] Two is so.[^D1]" in theirs_named(back, first, MADE, "bob")


def test_who_edits_after_somebody_else_is_named_with_the_first_source() -> None:
    first = edited("One is so.", "One is never so.")
    then = theirs_named(first.replace("never so", "hardly ever so"), first, MADE, "bob")
    assert "One is hardly ever so.[^by:bob:R1;R2] Two" in then
    assert "ada" not in then


def test_a_merge_keeps_whose_words_they_are_and_what_they_were_edited_from() -> None:
    mine = edited("One is so.", "One is never so.")
    theirs = MADE.replace("- [ ] Three holds.", "- [ ] Three holds today.").replace("one\n", "1\n")
    text, conflicts = brought_together(MADE, mine, theirs)
    assert conflicts == ()
    assert "One is never so.[^by:ada:R1;R2]" in text
    assert "- [ ] Three holds today.[^R1]" in text
    footnote = "[^by:ada:R1;R2]: ada, edited from: Requirement R1: 1; Requirement R2: two"
    assert text.count("[^by:ada:R1;R2]: ") == text.count(footnote) == 1
    assert text.count("## Sources") == 1


def test_a_source_that_is_told_no_more_is_still_told_where_it_was_edited_from() -> None:
    mine = edited("One is so.", "One is never so.")
    gone = "\n".join(line for line in MADE.split("\n") if "R2" not in line)
    text, _ = brought_together(MADE, mine, gone)
    assert "Requirement R2: two" in text


def test_a_name_and_sources_make_a_key_that_a_footnote_can_have() -> None:
    marks = "".join(f"[^src/{'x' * 60}{n}.py:1]" for n in range(5))
    text = attributed("New ab now.", f"New ab.{marks}", "", "Ada L. [x]")
    [key] = [part.split("]")[0] for part in text.split("[^")[1:]]
    assert key.startswith("by:Ada_L._x:src/")
    assert len(key) <= 200
    assert definitions([key], {}) == {}


@given(st.lists(st.sampled_from(MADE.split("\n")), max_size=25))
def test_lines_that_nobody_changed_stay_as_they_are_in_any_order(lines: list[str]) -> None:
    text = "\n".join(line for line in lines if not line.startswith(("```", "code")))
    assert attributed(text, MADE, MADE, "ada") == text
