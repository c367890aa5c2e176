"""What a goal asks for is cut into statements, and each is named as a task in the imperative."""

import pytest

from missioncontrol.specialists.greenfield.reading import read
from missioncontrol.specialists.greenfield.statements import Statement, title_of


def titles(goal: str) -> list[str]:
    found: list[str] = []
    before: Statement | None = None
    for each in read(goal).statements:
        same = before is not None and before.sentence == each.sentence
        found.append(title_of(each, before if same else None))
        before = each
    return found


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        (
            "Collect it, keep 12 months, and raise an alarm when the battery drops under 15 %.",
            ["Collect it", "Keep 12 months", "Raise an alarm when the battery drops under 15 %"],
        ),
        (
            "I want a button in Chrome that saves the company into a list, and shows a red dot.",
            ["Save the company into a list", "Show a red dot"],
        ),
        (
            ("Every morning at 6:00 send the manager a reminder; on the first of the month also"
            " send tenants a letter."),
            ["Send the manager a reminder, every morning at 6:00",
             "Send tenants a letter, on the first of the month"],
        ),
        (
            "The client sees each draft, puts comments on the picture.",
            ["Let the client see each draft", "Let the client put comments on the picture"],
        ),
        ("At 05:00 the orders are mailed.", ["Mail the orders, at 05:00"]),
        ("If one fails, try again two times.", ["Try again two times, if one fails"]),
        (
            "A secret must never show up in a log line.",
            ["Make sure that a secret must never show up in a log line"],
        ),
        (
            "A person must be able to stop everything at once.",
            ["Let a person stop everything at once"],
        ),
        ("Log each run so we can show what was sent.", ["Log each run"]),
        ("I want to import bank files.", ["Import bank files"]),
        (
            ("Every night pull the reports from two servers (one sends XML, one sends Excel), clean"
            " the names, drop duplicates, and load the rest into a table."),
            ["Pull the reports from two servers (one sends XML, one sends Excel), every night",
             "Clean the names", "Drop duplicates", "Load the rest into a table"],
        ),
        (
            ("Internal tool for the staff: photo and rack for each costume, reserve one between"
            " dates, and record repairs."),
            ["Store photo and rack for each costume", "Reserve one between dates",
             "Record repairs"],
        ),
        (
            "A page where regulars order cakes, and where the bakers see what has to be made.",
            ["Let regulars order cakes", "Let the bakers see what has to be made"],
        ),
        ("We can only bake 12 cakes a day.", ["Keep the rule: we can only bake 12 cakes a day"]),
    ],
)  # fmt: skip
def test_a_goal_is_cut_into_tasks(goal: str, wanted: list[str]) -> None:
    assert titles(goal) == wanted


@pytest.mark.parametrize(
    "goal",
    [
        "We are a butcher with three branches.",
        "Now it is a whiteboard and the cleaning lady wiped it twice.",
        "I run a joinery shop, four of us.",
        "Nobody dares to delete one.",
        "Server for 340 beehive scales.",
    ],
)
def test_background_and_the_name_of_the_product_are_no_tasks(goal: str) -> None:
    assert titles(goal) == []


def test_a_statement_stands_where_it_says() -> None:
    goal = "Owners register a tool with a photo, and borrowers ask for it."
    reading = read(goal)
    assert [reading.text[each.start : each.end] for each in reading.statements] == [
        "Owners register a tool with a photo",
        "borrowers ask for it",
    ]
