"""Nothing in a text can hide from a person who has to approve it."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.visible import one_line, suspicious, suspicious_in, visible

HIDING = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
DEFAULT_IGNORABLE = (  # DerivedCoreProperties.txt, those that have another category
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
    *range(0x180B, 0x1810),
    *range(0xFE00, 0xFE10),
    *range(0xE0100, 0xE01F0),
)
OTHER_PLANES = range(0x20000, sys.maxunicode + 1, 997)
TRICKY = st.text(
    st.sampled_from(
        "ab ⟨⟩U+202E\u202e\u2066\u200b\u00a0\n\t\r\x1b\ufe0f\U000e0041\u2800\ue000\u0378\ud83d"
    )
    | st.characters()
)


def test_every_character_of_a_hiding_category_is_written_out() -> None:
    hidden = [
        character
        for character in map(chr, (*range(0x20000), *range(0xE0000, 0xE1000), *OTHER_PLANES))
        if unicodedata.category(character) in HIDING and character not in " \n\t"
    ]
    assert len(hidden) > 40_000
    for character in hidden:
        written = visible(character)
        assert written.isprintable()
        assert written.startswith(f"⟨U+{ord(character):04X} ")


@given(TRICKY, TRICKY | st.just("⏎⇥"))
def test_on_one_line_nothing_breaks_it_and_different_texts_stay_different(
    one: str, other: str
) -> None:
    assert one_line(one).isprintable()
    assert (one_line(one) == one_line(other)) == (one.strip() == other.strip())
    assert one_line("a\nb\tc  d") == "a⏎b⇥c  d"
    assert one_line("a⏎b") == "a⟨U+23CE RETURN SYMBOL⟩b"


@pytest.mark.parametrize("code", DEFAULT_IGNORABLE)
def test_what_is_not_drawn_by_default_is_written_out_whatever_its_category(code: int) -> None:
    assert visible(f"a{chr(code)}b").startswith(f"a⟨U+{code:04X} ")


@pytest.mark.parametrize(
    ("character", "written", "kind"),
    [
        ("\u202e", "⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩", "bidirectional"),
        ("\u2066", "⟨U+2066 LEFT-TO-RIGHT ISOLATE⟩", "bidirectional"),
        ("\u061c", "⟨U+061C ARABIC LETTER MARK⟩", "bidirectional"),
        ("\U000e0041", "⟨U+E0041 TAG LATIN CAPITAL LETTER A⟩", "tag"),
        ("\u200b", "⟨U+200B ZERO WIDTH SPACE⟩", "invisible"),
        ("\u200d", "⟨U+200D ZERO WIDTH JOINER⟩", "invisible"),
        ("\u3164", "⟨U+3164 HANGUL FILLER⟩", "invisible"),
        ("\u00a0", "⟨U+00A0 NO-BREAK SPACE⟩", "space"),
        ("\u3000", "⟨U+3000 IDEOGRAPHIC SPACE⟩", "space"),
        ("\u2800", "⟨U+2800 BRAILLE PATTERN BLANK⟩", "space"),
        ("\ufe0f", "⟨U+FE0F VARIATION SELECTOR-16⟩", "selector"),
        ("\U000e0100", "⟨U+E0100 VARIATION SELECTOR-17⟩", "selector"),
        ("\x1b", "⟨U+001B ESCAPE⟩", "control"),
        ("\r", "⟨U+000D CARRIAGE RETURN⟩", "control"),
        ("\x9b", "⟨U+009B CONTROL SEQUENCE INTRODUCER⟩", "control"),
        ("\x01", "⟨U+0001 CONTROL CHARACTER⟩", "control"),
        ("\u2028", "⟨U+2028 LINE SEPARATOR⟩", "control"),
        ("\ue000", "⟨U+E000 PRIVATE CHARACTER⟩", "private"),
        ("\u0378", "⟨U+0378 UNASSIGNED CHARACTER⟩", "unassigned"),
        ("\ud800", "⟨U+D800 SURROGATE CHARACTER⟩", "surrogate"),
    ],
)
def test_an_odd_character_is_named(character: str, written: str, kind: str) -> None:
    assert visible(f"a{character}b") == f"a{written}b"
    (oddity,) = suspicious(f"a{character}b")
    assert (oddity.at, oddity.kind) == (1, kind)
    assert written == f"⟨{oddity.code} {oddity.name}⟩"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "git push origin v1.2.3",
        "two\n\tlines",
        "Grüße, 世界, مرحبا, שלום, ελληνικά, привет",
        "👍🏽 ⟨x⟩",
    ],
)
def test_ordinary_text_of_any_language_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert suspicious(text) == []


@settings(max_examples=80, deadline=None)
@given(TRICKY)
def test_the_text_can_be_told_from_what_is_shown(text: str) -> None:
    shown = visible(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert re.sub(r"⟨U\+([0-9A-F]+) [^⟩]*⟩", lambda m: chr(int(m[1], 16)), shown) == text


@settings(max_examples=80, deadline=None)
@given(TRICKY)
def test_whatever_is_written_out_is_reported_with_its_place(text: str) -> None:
    for oddity in suspicious(text):
        assert oddity.code == f"U+{ord(text[oddity.at]):04X}"
        assert oddity.kind == "lookalike" or visible(text[oddity.at]) != text[oddity.at]
    odd = sum(visible(character) != character for character in text)
    assert sum(o.kind != "lookalike" for o in suspicious(text)) == odd


def test_a_letter_of_another_script_amid_latin_ones_is_reported() -> None:
    (oddity,) = suspicious("run g\u0456t push")
    assert (oddity.at, oddity.kind) == (5, "lookalike")
    assert oddity.name == "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"
    assert suspicious("git и push") == []


def test_names_and_texts_are_searched_wherever_they_stand() -> None:
    value = {"argv": ["git", "pu\u200bsh"], "in\u202eputs": {"n": 1, "t": "x\u00a0"}}
    found = [(one.place, one.in_key, one.oddity.code) for one in suspicious_in(value)]
    assert found == [
        ("argv[1]", False, "U+200B"),
        ("'in\\u202eputs'", True, "U+202E"),
        ("'in\\u202eputs'.t", False, "U+00A0"),
    ]
