"""What a goal says that people do is a way into its product, under the verb of the goal."""

from tests.scaffolding.designs import plan_of

from missioncontrol.domain.product_design import Interface

GYM = (
    "A web app for our climbing gym: members book an hour at the bouldering wall, at most 20 people"
    " at a time. Staff see today's list on a tablet and check people in by scanning a QR code."
    " TypeScript and PostgreSQL."
)
DEPOT = (
    "Volunteers of a food bank pick up donations from supermarkets. They record weight by category"
    " when they drop it at the depot, and each donation has a donor and a date. The coordinator"
    " gets a list for the tax office."
)


def interfaces(goal: str) -> dict[str, Interface]:
    design = plan_of(goal).design
    assert design is not None
    return {each.name: each for each in design.interfaces}


def test_an_action_has_the_verb_of_the_goal() -> None:
    found = interfaces(GYM)
    booking = found["POST /bookings"]
    assert booking.purpose == "Book an hour at the bouldering wall."
    assert {"member", "bouldering wall"} <= {each.references for each in booking.inputs}
    assert found["POST /check-people"].source.basis == "goal"


def test_what_is_recorded_is_an_input() -> None:
    found = interfaces(DEPOT)
    assert {"weight", "category"} <= {each.name for each in found["Record weight"].inputs}
    assert "Pick up donations" in found


def test_accounts_have_no_ways_in_of_their_own_beside_actions() -> None:
    assert not {"POST /members", "POST /staffs"} & interfaces(GYM).keys()


def test_a_language_before_or_after_a_kind_of_program_is_the_stack() -> None:
    for goal in (
        "A Rust command line tool that removes addresses from log files.",
        "Library for Rust that parses calendars and answers the next date.",
    ):
        design = plan_of(goal).design
        assert design is not None
        assert ("Language", "Rust") in [(each.part, each.choice) for each in design.stack]


def test_what_cannot_be_done_twice_is_a_clash_of_two_people_and_stored() -> None:
    plan = plan_of("We rent camper vans to customers. One van can never be rented twice a night.")
    assert plan.design is not None
    assert "booking" in {each.name for each in plan.design.entities}
    checks = [check for task in plan.tasks() for check in task.acceptance]
    assert any("at the same moment" in each for each in checks)


def test_a_number_of_any_length_and_a_denied_kind_are_read() -> None:
    digits = "9" * 5_000
    assert list(plan_of(f"A web app where {digits} members book from 1 to {digits} hours.").tasks())
    design = plan_of("No dashboard: members of a gym book hours online and pay for them.").design
    assert design is not None
    assert design.kind != "dashboard"
