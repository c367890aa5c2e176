"""Values for programs have every field, whatever it holds."""

import msgspec

from missioncontrol.domain.budget.scopes import Cap, Scope
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.schedule.events import Policy
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import CommandRan


def test_a_field_that_holds_its_default_is_there() -> None:
    assert in_full(Policy()) == {
        "misfire": "skip",
        "catch_up": 0,
        "window_seconds": 0.0,
        "overlap": "skip",
        "jitter_seconds": 0.0,
    }


def test_structures_within_others_are_complete_as_well() -> None:
    cap = Cap(Scope("run"), amount=Amount(cost=5))
    plain = {"scope": ["run", ""], "period": "total", "amount": {"cost": 5, "tokens": None}}
    assert in_full({"caps": (cap,)}) == {"caps": [plain]}


def test_a_tag_stays_and_what_is_not_set_stays_out() -> None:
    assert in_full(CommandRan(("ls",), 0, 0.1))["type"] == "command"

    class Open(msgspec.Struct):
        given: int | msgspec.UnsetType = msgspec.UNSET

    assert in_full(Open()) == {}
    assert in_full(Open(3)) == {"given": 3}
