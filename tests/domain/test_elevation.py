"""Elevations of agents: who may ask and agree, how long they last, and what ends them."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import SECONDS_MAX
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.commands import (
    AddAgent,
    ApproveElevation,
    AskElevation,
    EndElevation,
    LapseElevation,
    LifeCommand,
    RemoveAgent,
    StartAgent,
)
from missioncontrol.domain.lifecycle.decide import decide
from missioncontrol.domain.lifecycle.events import ElevationEnded, LifeEvent
from missioncontrol.domain.lifecycle.evolve import evolve
from missioncontrol.domain.lifecycle.states import AgentLife

CODER = Declaration("coder", "codex")
ADD = AddAgent(CODER, "command")
ASK = AskElevation(("network",), (), "npm needs the registry.", 600.0, "user:ann")
YES = ApproveElevation("elevation-1", "user:ben")


def live(*commands: LifeCommand, agent: AgentLife | None = None, now: float = 0.0) -> AgentLife:
    for command in commands:
        for event in decide(command, agent, now):
            agent = evolve(agent, event, now)
    assert agent is not None
    return agent


def told(command: LifeCommand, agent: AgentLife, now: float = 0.0) -> list[LifeEvent]:
    return decide(command, agent, now)


def changed(ask: AskElevation, **fields: Any) -> AskElevation:
    return msgspec.structs.replace(ask, **fields)


def test_it_is_in_force_from_the_yes_of_another_person_to_its_end() -> None:
    asked = live(ADD, ASK)
    assert asked.elevated(0.0) is None
    given = live(YES, agent=asked, now=100.0)
    at = {now: given.elevated(now) is not None for now in (99.0, 100.0, 699.0, 700.0)}
    assert at == {99.0: False, 100.0: True, 699.0: True, 700.0: False}
    wider = given.elevated(100.0)
    assert wider is not None
    assert (wider.opens("network"), wider.opens("outside")) == (True, False)
    assert told(YES, given, 200.0) == []  # Yes twice is yes once.


@pytest.mark.parametrize(
    ("asker", "os_user", "speaker", "speaks_for", "may"),
    [
        ("user:ann", "", "user:ben", "", True),
        ("user:ann", "root", "user:ben", "root", True),  # Two names that one terminal gave.
        ("user:ann", "", "user:ann", "", False),
        ("user:ann", "", "Ann", "", False),
        ("user:root", "", "user:ben", "root", False),  # A name that the asker's user gave.
        ("user:ann", "root", "user:root", "", False),
    ],
)
def test_who_asked_never_agrees(
    asker: str, os_user: str, speaker: str, speaks_for: str, may: bool
) -> None:
    asked = live(ADD, changed(ASK, by=asker, os_user=os_user))
    yes = ApproveElevation("elevation-1", speaker, speaks_for)
    if may:
        assert told(yes, asked)
        return
    with pytest.raises(Rejected) as refused:
        told(yes, asked)
    assert refused.value.code == "elevation.by_asker"


@pytest.mark.parametrize("actor", ["agent:coder", "engine", "schedule:nightly", "python"])
def test_no_program_asks_or_agrees(actor: str) -> None:
    for command, agent in (
        (changed(ASK, by=actor), live(ADD)),
        (ApproveElevation("elevation-1", actor), live(ADD, ASK)),
    ):
        with pytest.raises(Rejected) as refused:
            told(command, agent)
        assert refused.value.code == "elevation.not_a_person"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": " \u2800 "}, "elevation.bad_reason"),
        ({"reason": "x" * 2_001}, "elevation.bad_reason"),
        ({"reason": "a\ud800"}, "elevation.bad_reason"),
        ({"seconds": 0.0}, "elevation.bad_time"),
        ({"seconds": -1.0}, "elevation.bad_time"),
        ({"seconds": float("nan")}, "elevation.bad_time"),
        ({"seconds": SECONDS_MAX + 1}, "elevation.bad_time"),
        ({"modes": ()}, "elevation.bad_mode"),
        ({"modes": ("root",)}, "elevation.bad_mode"),
        ({"modes": ("full", "network")}, "elevation.bad_mode"),
        ({"modes": ("outside",)}, "elevation.bad_path"),
        ({"paths": ("/srv",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("srv",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("/srv/../etc",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("/",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("//",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("/a\nb",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("/a\u202eb",)}, "elevation.bad_path"),
        ({"modes": ("outside",), "paths": ("/a",) * 21}, "elevation.bad_path"),
    ],
)
def test_what_cannot_be_asked_for(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        told(changed(ASK, **fields), live(ADD))
    assert refused.value.code == code
    assert refused.value.hint or code == "elevation.bad_reason" or "At most" in str(refused.value)


def test_a_part_of_the_program_has_none() -> None:
    with pytest.raises(Rejected) as refused:
        told(ASK, live(AddAgent(CODER, "built_in")))
    assert refused.value.code == "elevation.built_in"


def test_there_is_one_at_a_time() -> None:
    asked = live(ADD, ASK)
    with pytest.raises(Rejected) as refused:
        told(ASK, asked, 10.0)
    assert refused.value.code == "elevation.asked"
    given = live(YES, agent=asked)
    with pytest.raises(Rejected) as refused:
        told(ASK, given, 10.0)
    assert refused.value.code == "elevation.in_force"
    # One whose time is over blocks no other, whether its end was reported or not.
    again = live(ASK, agent=given, now=601.0)
    assert again.wish is not None
    assert again.wish.id == "elevation-2"
    second = live(ApproveElevation("elevation-2", "user:ben"), agent=again, now=602.0)
    assert second.elevation is not None
    assert second.elevation.id == "elevation-2"


def test_what_nobody_answered_in_a_day_is_agreed_to_by_nobody() -> None:
    asked = live(ADD, ASK)
    with pytest.raises(Rejected) as refused:
        told(YES, asked, 86_400.0)
    assert refused.value.code == "elevation.lapsed"
    assert live(LapseElevation("elevation-1"), agent=asked).wish is None
    renewed = live(ASK, agent=asked, now=86_400.0)
    assert renewed.wish is not None
    assert renewed.wish.id == "elevation-2"


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (EndElevation("user:eve"), "ended"),
        (EndElevation("user:eve", "elevation-1"), "ended"),
        (LapseElevation("elevation-1"), "expired"),
        (AddAgent(msgspec.structs.replace(CODER, model="m"), "command", True), "declared"),
        (RemoveAgent(), "declared"),
    ],
)
def test_what_ends_it(end: LifeCommand, how: str) -> None:
    given = live(ADD, ASK, YES)
    events = told(end, given, 1.0)
    assert [each.how for each in events if isinstance(each, ElevationEnded)] == [how]
    after = live(end, agent=given, now=1.0)
    assert after.elevated(1.0) is None
    if not isinstance(end, RemoveAgent):
        assert told(LapseElevation("elevation-1"), after, 2.0) == []  # A timer that comes late.


def test_a_no_ends_what_is_asked_for_and_an_id_is_given_once() -> None:
    refused = live(ADD, ASK, EndElevation("user:ben", "elevation-1"))
    assert refused.wish is None
    with pytest.raises(NotFound):
        told(YES, refused)
    with pytest.raises(NotFound):
        told(EndElevation("user:ben"), refused)
    again = live(RemoveAgent(), ADD, ASK, agent=refused)
    assert again.wish is not None
    assert again.wish.id == "elevation-2"
    with pytest.raises(NotFound):
        told(YES, again)


def test_an_agent_declared_as_before_and_one_that_starts_keep_it() -> None:
    given = live(ADD, ASK, YES)
    for command in (ADD, StartAgent()):
        assert live(command, agent=given).elevated(1.0) is not None
