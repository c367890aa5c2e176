"""Saved cohorts and dashboards."""

from typing import Any

import pytest

from missioncontrol.domain.cohorts import (
    COHORTS_MAX,
    DASHBOARDS_MAX,
    CohortRemoved,
    DashboardRemoved,
    Panel,
    RemoveCohort,
    RemoveDashboard,
    SaveCohort,
    Saved,
    SaveDashboard,
    SavedCommand,
    decide,
    evolve,
)
from missioncontrol.domain.errors import Corrupt, MissionControlError

SEGMENT = {"where": [{"property": "plan", "values": ["team"]}]}
QUESTION = {"measure": "active", "product": "shop"}
FANS = SaveCohort("shop", "fans", "Fans", segment=SEGMENT)
THEN = SaveCohort("shop", "then", "Then", "", {}, QUESTION, {"series": "dau"}, "2026-11-23")
DAILY = SaveDashboard("shop", "daily", "Daily", (Panel("Sign-ups", QUESTION),))


def told(*commands: SavedCommand) -> Saved | None:
    """Return what all these commands make true."""
    state = None
    for command in commands:
        for event in decide(command, state, 1.0):
            state = evolve(state, event, 2.0)
    return state


def test_a_cohort_follows_a_segment_or_stays_who_it_was() -> None:
    found = told(FANS, THEN)
    assert found is not None
    fans, then = found.cohorts["fans"], found.cohorts["then"]
    assert (fans.name, fans.segment, fans.saved, fans.is_fixed) == ("Fans", SEGMENT, 2.0, False)
    assert (then.cell, then.as_of, then.is_fixed) == ({"series": "dau"}, "2026-11-23", True)


def test_saving_again_under_an_id_takes_the_place_of_what_was_there() -> None:
    other = SaveCohort("shop", "fans", "Friends", segment=SEGMENT)
    found = told(FANS, other, DAILY, DAILY)
    assert found is not None
    assert [each.name for each in found.cohorts.values()] == ["Friends"]
    assert [each.panels for each in found.dashboards.values()] == [DAILY.panels]


def test_what_is_removed_is_gone() -> None:
    found = told(
        FANS,
        DAILY,
        RemoveCohort("shop", "fans"),
        RemoveDashboard("shop", "daily"),
    )
    assert found == Saved()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SaveCohort("shop", "Fans", "F", segment=SEGMENT), "saved.bad_input"),
        (SaveCohort("shop", "f", " ", segment=SEGMENT), "saved.bad_input"),
        (SaveCohort("shop", "f", "F"), "saved.bad_input"),
        (SaveCohort("shop", "f", "F", "", SEGMENT, QUESTION), "saved.bad_input"),
        (SaveCohort("shop", "f", "F", "", {"a": "b" * 17_000}), "saved.bad_input"),
        (RemoveCohort("shop", "b"), "cohort.unknown"),
        (SaveDashboard("shop", "", "D", ()), "saved.bad_input"),
        (SaveDashboard("shop", "d", "", ()), "saved.bad_input"),
        (SaveDashboard("shop", "d", "D", (Panel("", {}),)), "saved.bad_input"),
        (
            SaveDashboard("shop", "d", "D", (Panel("P", {}, "x" * 101),)),
            "saved.bad_input",
        ),
        (
            SaveDashboard("shop", "d", "D", (Panel("P", {}, last_days=-1),)),
            "saved.bad_input",
        ),
        (RemoveDashboard("shop", "b"), "dashboard.unknown"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_code(command: Any, code: str) -> None:
    with pytest.raises(MissionControlError) as no:
        decide(command, told(FANS), 1.0)
    assert no.value.code == code


def test_what_is_saved_is_bounded() -> None:
    cohorts = [SaveCohort("shop", f"c{n}", "C", segment=SEGMENT) for n in range(COHORTS_MAX)]
    dashboards = [SaveDashboard("shop", f"d{n}", "D", ()) for n in range(DASHBOARDS_MAX)]
    full = told(*cohorts, *dashboards)
    for command in (FANS, DAILY):
        with pytest.raises(MissionControlError) as no:
            decide(command, full, 1.0)
        assert no.value.code == "saved.too_many"
    assert decide(cohorts[0], full, 1.0)


@pytest.mark.parametrize("event", [CohortRemoved("shop", "b"), DashboardRemoved("shop", "b")])
def test_a_log_that_removes_what_was_never_saved_is_damaged(event: Any) -> None:
    with pytest.raises(Corrupt):
        evolve(None, event, 1.0)
