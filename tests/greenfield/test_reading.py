"""Who does what to which things, with which limits, as a goal says it."""

import pytest

from missioncontrol.specialists.greenfield.lexicon import (
    noun_base,
    participle,
    plural,
    verb_base,
)
from missioncontrol.specialists.greenfield.limits import check_of, kind_of_limit
from missioncontrol.specialists.greenfield.reading import Clause, limits_of, read
from missioncontrol.specialists.greenfield.tagging import tagged_tokens


def said(clause: Clause) -> tuple[str, str, tuple[str, ...]]:
    subject = clause.subject.name if clause.subject else ""
    return subject, clause.verb, tuple(each.name for each in clause.objects)


@pytest.mark.parametrize(
    ("goal", "clauses"),
    [
        ("Owners register a tool with a photo.", [("owner", "register", ("tool",))]),
        (
            "Borrowers ask for it, the owner agrees.",
            [("borrower", "ask", ()), ("owner", "agree", ())],
        ),
        ("Fetch the prices of five countries.", [("", "fetch", ("price",))]),
        ("Prescriptions have to be numbered without gaps.", [("", "number", ("prescription",))]),
        (
            "Each sends weight, temperature and sound level every 15 minutes.",
            [("", "send", ("weight", "temperature", "sound level"))],
        ),
        (
            "A tool that finds duplicate and nearly identical photos.",
            [("tool", "find", ("photo",))],
        ),
        (
            "The vet records findings and prescriptions on farms.",
            [("vet", "record", ("finding", "prescription"))],
        ),
        (
            "Tell the keeper when a hive is lifted.",
            [("", "tell", ("keeper",)), ("", "lift", ("hive",))],
        ),
    ],
)
def test_a_clause_has_its_subject_its_verb_and_its_objects(
    goal: str, clauses: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert [said(each) for each in read(goal).clauses] == clauses


def test_people_are_told_from_things_and_a_short_name_from_another_person() -> None:
    reading = read("Beekeepers put scales under hives. Tell the keeper when a hive is lifted.")
    assert [each.name for each in reading.actors] == ["beekeeper"]
    assert {each.name for each in reading.things} == {"scale", "hive"}


def test_a_pronoun_stands_for_the_thing_before_it() -> None:
    reading = read("Owners register a tool. Borrowers return it.")
    assert reading.clauses[1].objects[0].name == "tool"


@pytest.mark.parametrize(
    ("sentence", "text", "kind"),
    [
        ("Each sends weight every 15 minutes.", "every 15 minutes", "period"),
        ("Tell the keeper within 10 minutes.", "within 10 minutes", "duration_below"),
        ("It must be at most 80 MB to download.", "at most 80 MB", "size"),
        ("Whose rest of 11 hours is kept.", "11 hours", "example"),
        ("He cannot borrow for a month.", "for a month", "for"),
        ("Read levels of 40 gauges.", "40 gauges", "many"),
        ("Alert when it loses more than 10 % in a week.", "more than 10 %", "more"),
    ],
)
def test_a_number_is_a_limit_of_one_kind(sentence: str, text: str, kind: str) -> None:
    limit = next(limits_of(sentence))
    assert (limit.text, kind_of_limit(limit)) == (text, kind)
    check = check_of(limit, sentence)
    assert "{" not in check
    assert limit.number in check


def test_an_article_alone_is_no_limit() -> None:
    assert list(limits_of("A user adds a photo of one tool.")) == []


@pytest.mark.parametrize(
    ("word", "base", "form"),
    [("planned", "plan", "ed"), ("lent", "lend", "ed"), ("recognised", "recognise", "ed"),
     ("sends", "send", "s"), ("drawing", "draw", "ing")],
)  # fmt: skip
def test_a_verb_has_its_base(word: str, base: str, form: str) -> None:
    assert verb_base(word) == (base, form)


def test_words_are_inflected() -> None:
    assert [noun_base(each) for each in ("hives", "batteries", "people", "species", "votes")] == [
        "hive", "battery", "people", "species", "vote",
    ]  # fmt: skip
    assert [plural(each) for each in ("battery", "loan request", "box", "person")] == [
        "batteries", "loan requests", "boxes", "people",
    ]  # fmt: skip
    assert (participle("lend"), participle("plan")) == ("lent", "planned")


@pytest.mark.parametrize("text", ["", "?!", "12", "…", "日本語のアプリ", "a " * 400])
def test_any_text_is_read(text: str) -> None:
    assert read(text).text == text
    assert all(each.base for each in tagged_tokens(text))
