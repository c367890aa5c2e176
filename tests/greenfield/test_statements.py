"""What a goal asks for is cut into statements, and each is named as a task in the imperative."""

import pytest
from tests.scaffolding.designs import plan_of

from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.reading import read
from missioncontrol.specialists.greenfield.titles import TITLE_MAX, title_of


def titles(goal: str) -> list[str]:
    statements = read(goal).statements
    return [
        title_of(each, statements[:number])
        for number, each in enumerate(statements)
        if not is_constraint(each)
    ]


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
            ["Allow the client to see each draft",
             "Allow the client to put comments on the picture"],
        ),
        ("At 05:00 the orders are mailed.", ["Mail the orders, at 05:00"]),
        ("If one fails, try again two times.", ["Try again two times if one fails"]),
        (
            "A secret must never show up in a log line.",
            ["Ensure that a secret never shows up in a log line"],
        ),
        (
            "A person must be able to stop everything at once.",
            ["Allow a person to stop everything at once"],
        ),
        ("Log each run so we can show what was sent.", ["Log each run"]),
        ("I want to import bank files.", ["Import bank files"]),
        (
            ("Every night pull the reports from two servers (one sends XML, one sends Excel), clean"
            " the names, drop duplicates, and load the rest into a table."),
            ["Pull the reports from two servers, every night",
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
            ["Allow regulars to order cakes", "Allow the bakers to see what has to be made"],
        ),
        (
            "Fetch the prices of five countries, check them, and publish them as CSV.",
            ["Fetch the prices of five countries", "Check the prices", "Publish the prices as CSV"],
        ),
        (
            ("Missing hours and the days on which clocks change have to come out right, and when a"
            " source corrects its figures both versions are kept."),
            ["Ensure that missing hours and the days on which clocks change come out right",
             "Keep both versions when a source corrects its figures"],
        ),
        ("Secrets must never be printed.", ["Never print secrets"]),
        ("Each device has a number and a holder.", ["Store a number and a holder for each device"]),
        (
            "If a boat isn't returned within a day it is charged.",
            ["Charge a boat if it isn't returned within a day"],
        ),
        (
            "Drivers want to swap shifts, and the planner has to agree.",
            ["Allow drivers to swap shifts", "Require the planner to agree"],
        ),
        ("Staff see a list of images, limits and variables.",
         ["Allow staff to see a list of images, limits and variables"]),
        ("We can only bake 12 cakes a day.", ["Limit cakes to 12 a day"]),
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


@pytest.mark.parametrize(
    "goal",
    [
        "Sort the photos. Python, SQLite, and nothing that needs a server of its own.",
        "Sort the photos. Use Ruby on Rails and PostgreSQL.",
        "Sort the photos. Godot; at most 80 MB to download.",
        "Sort the photos. No pandas dependency, typed, fast enough for a phone.",
        "Sort the photos. Should run on Linux and Mac.",
    ],
)
def test_a_list_of_constraints_is_no_task(goal: str) -> None:
    assert titles(goal) == ["Sort the photos"]


def test_a_long_title_ends_where_a_phrase_ends() -> None:
    goal = (
        "Publish the checked electricity prices of all neighbouring countries with hourly averages"
        " by week and month as CSV and as a small interface for programs."
    )
    [title] = titles(goal)
    assert title == ("Publish the checked electricity prices of all neighbouring countries")
    assert len(title) <= TITLE_MAX


def test_a_statement_stands_where_it_says() -> None:
    goal = "Owners register a tool with a photo, and borrowers ask for it."
    reading = read(goal)
    assert [reading.text[each.start : each.end] for each in reading.statements] == [
        "Owners register a tool with a photo",
        "borrowers ask for it",
    ]


@pytest.mark.parametrize(
    ("goal", "title"),
    [
        (
            "CLI that moves cards to issues: can be run again, and has a dry run that prints them.",
            "Add a dry run that prints them",
        ),
        (
            "An app for nurses: each resident has open points with a priority.",
            "Store open points with a priority for each resident",
        ),
        ("A REST API for rents. p95 below 150 ms at 50 requests.", "Keep p95 below 150 ms"),
    ],
)
def test_what_a_product_has_is_no_verb_and_a_limit_is_kept(goal: str, title: str) -> None:
    assert any(each.title.startswith(title) for each in plan_of(goal).tasks())
