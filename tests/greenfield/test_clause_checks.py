"""The checks of a task follow from the clauses of its statement, and each of them can fail."""

import pytest

from missioncontrol.specialists.greenfield.clause_checks import clause_checks
from missioncontrol.specialists.greenfield.reading import read
from missioncontrol.specialists.greenfield.titles import in_full


def checks(goal: str) -> list[str]:
    statements = read(goal).statements
    return [
        check
        for number, each in enumerate(statements)
        for check in clause_checks(in_full(each, statements[:number]), "tool", goal)
    ]


CASES = {
    "When a source corrects its figures, both versions are kept.": (
        "Given that a source corrects its figures, both versions are kept; otherwise this does not"
        " happen."
    ),
    "Raise an alarm if the battery drops under 15 %.": (
        "Given that the battery drops under 15 %, the tool raises an alarm; otherwise this does"
        " not happen."
    ),
    "A damaged boat can't be booked until the boatman marks it as repaired.": (
        "Before the boatman marks it as repaired, an attempt to book a damaged boat is refused;"
        " after that it succeeds."
    ),
    "All devices must be returned before the exit is signed off.": (
        "While one of devices is not returned, an attempt to sign off the exit is refused; then it"
        " works."
    ),
    "We can only bake 12 cakes a day.": (
        "12 cakes of one day are accepted; one more is refused, also when two requests arrive at"
        " once."
    ),
    "Nobody may hold more than two open bookings.": (
        "With two open bookings, one more is refused; with one fewer it is accepted."
    ),
    "It must never touch the originals.": (
        "Before and after each test, also an aborted one, the originals are compared and equal."
    ),
    "No invoice may ever be made twice.": (
        "The same input given again changes nothing; a test counts before and after."
    ),
    "A coach approves bookings.": (
        "An attempt to approve bookings by anyone who is not a coach is refused."
    ),
    "Publish the prices as CSV and as JSON.": (
        "Read back from CSV and JSON, the same test data have equal values."
    ),
    "Every night send a digest to the manager.": (
        "A test clock starts it every night, once for each period; a missed run is reported."
    ),
}


@pytest.mark.parametrize("goal", CASES)
def test_a_check_follows_from_the_clause(goal: str) -> None:
    assert CASES[goal] in checks(goal)


def test_a_check_speaks_of_people_only_where_the_goal_does() -> None:
    found = checks("Fetch the prices of five countries, check them, and publish them as CSV.")
    assert found
    assert not any("user" in each or "them" in each.split() for each in found)
