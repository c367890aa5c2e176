"""What a text has, as far as gates ask."""

import pytest

from missioncontrol.documents.sections import UNSETTLED_MAX, beginning, outline_of
from missioncontrol.domain.repository.documents import TaskDocument
from missioncontrol.domain.repository.process import USUAL, PhaseRule


def test_a_heading_has_text_where_something_is_said_below_it_or_below_its_own() -> None:
    text = (
        "# T\n\n## Goal\n\nSaid.\n\n## Empty\n\n<!-- nothing -->\n\n## Parts\n\n### One\n\nSaid.\n"
    )
    found = outline_of(text)
    assert found.filled == ("t", "goal", "parts", "one")
    assert found.empty == ("empty",)


def test_headings_in_code_and_comments_are_none() -> None:
    found = outline_of("# A\n\n```\n# B\n```\n\n<!--\n# C\n-->\n")
    assert (found.filled, found.empty) == (("a",), ())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("One\nTODO: more", "TODO (line 2)"),
        ("TBD", "TBD (line 1)"),
        ("(FIXME)", "FIXME (line 1)"),
        ("for <name of the owner>", "<name of the owner> (line 1)"),
        ("at <…>", "<…> (line 1)"),
        ("at <...>", "<...> (line 1)"),
        ("<date>", "<date> (line 1)"),
        ("<Stand-in>", "<Stand-in> (line 1)"),
        ("a\n<!-- generated anew: 00 -->\nb", "a conflict (line 2)"),
        ("a\n<<<<<<< HEAD\nb", "a conflict (line 2)"),
        ("a\n>>>>>>> main\nb", "a conflict (line 2)"),
    ],
)
def test_a_place_that_was_left_open_is_found(text: str, place: str) -> None:
    assert outline_of(text).unsettled == (place,)


@pytest.mark.parametrize(
    "text",
    [
        "`TODO` and ``<name> `x` ``",
        "```\nTODO <name>\n```",
        "~~~python\nTBD\n",
        "<!-- TODO -->",
        "<https://example.org> <ada@example.org> <br> <br/> <details open> </details>",
        '<a href="x">y</a> <img src="z">',
        "a < b and c > d",
        "todo and tbd, methods",
        "TODOS",
        "> quoted",
        "1 <2 x> 3",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert outline_of(text).unsettled == ()


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Escape <script> in names", "# Escape `<script>` in names: requirements"),
        ("Remove TODO and <TODO: x>", "# Remove `TODO` and `<TODO: x>`: requirements"),
        ("Take `<b>` and <i> for text", "# Take `<b>` and `<i>` for text: requirements"),
    ],
)
def test_a_title_leaves_nothing_open_whatever_it_speaks_of(title: str, heading: str) -> None:
    text = beginning("prd", title, "", USUAL["prd"])
    assert text.splitlines()[0] == heading
    assert outline_of(text).unsettled == ()


def test_only_so_many_places_are_told_and_each_is_short() -> None:
    found = outline_of("TODO\n" * 99 + f"<{'a' * 500}>").unsettled
    assert len(found) == UNSETTLED_MAX
    assert len(outline_of(f"<{'a' * 500}>").unsettled[0]) < 100


@pytest.mark.parametrize("kind", ["prd", "tasks", "spec", "plan"])
def test_a_document_begins_with_its_headings_and_says_nothing_of_its_own(
    kind: TaskDocument,
) -> None:
    found = outline_of(beginning(kind, "Log in", "Passwords leak.", USUAL[kind]))
    headings = {heading.lower() for heading in USUAL[kind].headings}
    assert headings <= {*found.filled, *found.empty}
    assert headings & set(found.filled) == ({"brief"} if kind == "prd" else set())
    assert found.unsettled == ()


def test_a_brief_stands_at_the_top_where_nothing_has_its_name() -> None:
    text = beginning("prd", "Log in", "Passwords leak.", PhaseRule(headings=("Goal",)))
    assert text == "# Log in: requirements\n\nPasswords leak.\n\n## Goal\n"
    assert beginning("prd", "Log in", " ", PhaseRule()) == "# Log in: requirements\n"


@pytest.mark.parametrize(
    ("line", "title"),
    [("# A", "a"), ("## A ##", "a"), ("# A#", "a#"), ("# A # B", "a # b"), ("#\tA\t#", "a")],
)
def test_signs_that_close_a_heading_are_no_part_of_it(line: str, title: str) -> None:
    assert outline_of(f"{line}\n\nSaid.\n").filled == (title,)


def test_a_heading_of_many_blanks_takes_no_longer_than_another() -> None:
    blanks = " " * 100_000
    assert outline_of(f"# a{blanks}x{blanks}y\n\n# #\n\n#{blanks}\n").empty == (
        f"a{blanks}x{blanks}y",
    )
