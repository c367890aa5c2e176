"""What is chosen for a goal: its kind, what it is about, and concepts that it means."""

import pytest

from missioncontrol.specialists.greenfield.composition import chosen_kind, composed


@pytest.mark.parametrize(
    ("goal", "kind"),
    [
        ("A button in Firefox that turns prices on any shop page into hours of my work.",
         "browser-extension"),
        ("Every night check the backups of four databases and mail a report.", "scheduled-jobs"),
        ("So that our other systems can ask for the tariff of a parcel: POST weight and country.",
         "json-api"),
        ("From 900 labelled photos, recognise which fungus it is and how sure.", "ml-service"),
        ("Sensors in 40 greenhouses send humidity over LoRaWAN every ten minutes.",
         "device-backend"),
        ("A dashboard that accepts a goal, plans it and runs specialist agents.", "orchestration"),
        ("A cockpit for our sign-up flow: funnel by week, cohorts, drop-off.", "product-analytics"),
        ("A dashboard of till sales and waste of 14 bakeries against last year.", "dashboard"),
        ("A program for the old PC in the workshop, no internet, prints labels.", "desktop-app"),
    ],
)  # fmt: skip
def test_the_kind_follows_from_the_situation(goal: str, kind: str) -> None:
    assert chosen_kind(goal)[0].key == kind


def test_a_word_in_another_sense_chooses_no_concept() -> None:
    goal = (
        "A small Python library that reads bank statements in CSV and MT940, recognises repeated"
        " bookings, and returns typed records."
    )
    assert "exclusion-of-overlaps" not in {use.concept.key for use in composed(goal).uses}


@pytest.mark.parametrize(
    ("goal", "thing"),
    [
        ("Each scale sends weight every 15 minutes; a hive that loses 2 kg is swarming.", "hive"),
        ("Neighbours lend each other tools. Owners register a tool with a photo.", "tool"),
        (
            "Find the leases that end in the next 90 days, and show each lease with its tenant.",
            "lease",
        ),
    ],
)
def test_a_product_is_about_what_its_goal_speaks_of(goal: str, thing: str) -> None:
    assert composed(goal).reading.main_thing.head == thing
