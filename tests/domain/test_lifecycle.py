"""The life of an agent: what may follow what, and that nothing else does."""

import random
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.declaration import Capability, Declaration, Limits, as_declared
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.lifecycle.commands import (
    AddAgent,
    DrainAgent,
    LifeCommand,
    LoseAgent,
    RemoveAgent,
    ReportDrained,
    ReportReady,
    ReportUnfit,
    RestAgent,
    ScaleAgent,
    StartAgent,
    StopAgent,
)
from missioncontrol.domain.lifecycle.decide import decide
from missioncontrol.domain.lifecycle.events import AgentAdded, AgentRested, LifeEvent
from missioncontrol.domain.lifecycle.evolve import evolve
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.step import Amount

REVIEWER = Declaration("reviewer", "codex", model="gpt-5.5")
ADD = AddAgent(REVIEWER, "command")
WORKS = ReportReady("0.169.0", "It answers.")
FAILS = ReportUnfit("codex.absent", "There is no codex here.")


def live(*commands: LifeCommand, agent: AgentLife | None = None, now: float = 0.0) -> AgentLife:
    for command in commands:
        for event in decide(command, agent, now):
            agent = evolve(agent, event, now)
        now += 1
    assert agent is not None
    return agent


def told(command: LifeCommand, agent: AgentLife, now: float = 10.0) -> list[LifeEvent]:
    return decide(command, agent, now)


def test_an_agent_takes_steps_only_once_it_has_shown_that_it_works() -> None:
    added = live(ADD)
    assert (added.status(0), added.may_begin) == ("stopped", False)
    starting = live(StartAgent(), agent=added)
    assert (starting.status(0), starting.may_begin) == ("starting", False)
    ready = live(WORKS, agent=starting)
    assert (ready.status(0), ready.status(2), ready.version) == ("idle", "active", "0.169.0")
    failed = live(FAILS, agent=starting)
    assert (failed.status(0), failed.may_begin) == ("failed", False)


def test_start_twice_is_start_once() -> None:
    starting = live(ADD, StartAgent())
    assert told(StartAgent(), starting) == []
    assert told(StartAgent(), live(WORKS, agent=starting)) == []


def test_a_late_answer_brings_no_stopped_agent_back() -> None:
    stopped = live(ADD, StartAgent(), StopAgent("Enough."))
    assert told(WORKS, stopped) == []
    assert told(FAILS, stopped) == []


def test_stop_twice_is_stop_once() -> None:
    stopped = live(ADD, StartAgent(), WORKS, StopAgent("Enough."))
    assert told(StopAgent("Again."), stopped) == []


def test_an_agent_drains_until_nothing_of_it_is_at_work() -> None:
    draining = live(ADD, StartAgent(), WORKS, DrainAgent("An update.", 60.0))
    assert (draining.status(3), draining.may_begin, draining.due) == ("draining", False, 63.0)
    assert live(ReportDrained(), agent=draining).status(0) == "stopped"


def test_a_restart_is_a_drain_that_starts_again() -> None:
    draining = live(ADD, StartAgent(), WORKS, DrainAgent("An update.", 60.0, "start"))
    assert live(ReportDrained(), agent=draining).status(0) == "starting"
    failed = live(ADD, StartAgent(), FAILS)
    assert live(DrainAgent("Once more.", 60.0, "start"), agent=failed).status(0) == "starting"


def test_what_has_nothing_to_end_is_stopped_at_once() -> None:
    starting = live(ADD, StartAgent())
    assert live(DrainAgent("Enough.", 60.0), agent=starting).status(0) == "stopped"


def test_an_agent_that_keeps_failing_rests_longer_each_time() -> None:
    agent = live(ADD, StartAgent(), WORKS)
    waits = []
    for _ in range(12):
        event = told(RestAgent("It fails.", 30.0), agent, 100.0)[0]
        assert isinstance(event, AgentRested)
        waits.append(event.until - 100.0)
        agent = live(WORKS, agent=evolve(agent, event, 100.0))
    assert waits[:4] == [30.0, 60.0, 120.0, 240.0]
    assert max(waits) == 3_600.0


def test_an_agent_that_has_worked_since_rests_as_if_for_the_first_time() -> None:
    agent = live(ADD, StartAgent(), WORKS, RestAgent("It fails.", 30.0), WORKS)
    event = told(RestAgent("It fails.", 30.0, has_worked=True), agent, 100.0)[0]
    assert isinstance(event, AgentRested)
    assert (event.until, event.times) == (130.0, 1)


def test_an_agent_at_work_is_not_removed() -> None:
    ready = live(ADD, StartAgent(), WORKS)
    with pytest.raises(Rejected) as refused:
        told(RemoveAgent(), ready)
    assert refused.value.code == "agent.not_stopped"
    assert live(StopAgent("Enough."), RemoveAgent(), agent=ready).status(0) == "removed"


def test_a_removed_agent_is_gone_until_it_is_declared_anew() -> None:
    gone = live(ADD, RemoveAgent())
    with pytest.raises(NotFound):
        told(StartAgent(), gone)
    again = live(AddAgent(msgspec.structs.replace(REVIEWER, scale=3), "file"), agent=gone)
    assert (again.status(0), again.declared.scale, again.source) == ("stopped", 3, "file")


def test_another_declaration_needs_a_word_and_a_new_proof() -> None:
    ready = live(ADD, StartAgent(), WORKS)
    other = msgspec.structs.replace(REVIEWER, model="gpt-6")
    assert told(AddAgent(REVIEWER, "command"), ready) == []
    with pytest.raises(Rejected) as refused:
        told(AddAgent(other, "command"), ready)
    assert refused.value.code == "agent.exists"
    changed = live(AddAgent(other, "command", replace=True), agent=ready)
    assert (changed.status(0), changed.declared.model) == ("starting", "gpt-6")


def test_a_part_of_the_program_works_from_the_beginning_and_stays() -> None:
    agent = live(AddAgent(Declaration("surveyor", "specialist"), "built_in"))
    assert agent.status(0) == "idle"
    stopped = live(StopAgent("Not now."), agent=agent)
    for refused in (RemoveAgent(), AddAgent(Declaration("surveyor", "codex"), "command", True)):
        with pytest.raises(Rejected) as refusal:
            told(refused, stopped)
        assert refusal.value.code == "agent.built_in"
    assert live(StartAgent(), agent=stopped).status(0) == "idle"


def test_a_part_of_the_program_that_was_stopped_works_after_a_restart() -> None:
    tester = AddAgent(Declaration("tester", "specialist"), "built_in")
    stopped = live(tester, StopAgent("Enough."))
    assert live(DrainAgent("Again.", 60.0, "start"), agent=stopped).status(0) == "idle"


def test_a_part_of_the_program_is_not_offered_for_replacement() -> None:
    tester = live(AddAgent(Declaration("tester", "specialist"), "built_in"))
    with pytest.raises(Rejected) as refused:
        told(AddAgent(Declaration("tester", "command"), "command"), tester)
    assert (refused.value.code, refused.value.hint) == ("agent.built_in", "Choose another name.")


@pytest.mark.parametrize(
    "command",
    [StartAgent("x" * 2001), ScaleAgent(2, "x" * 2001), RemoveAgent("x" * 2001)],
)
def test_a_reason_is_a_sentence_and_no_book(command: LifeCommand) -> None:
    with pytest.raises(Rejected) as refused:
        told(command, live(ADD))
    assert refused.value.code == "agent.bad_reason"


def test_what_a_log_could_not_tell_again_is_no_declaration() -> None:
    for strange in (
        Declaration("a", "command", scale="2"),  # type: ignore[arg-type]
        Declaration("a", "command", scale=True),
        Declaration("a", "command", budget=Amount(None, tokens=True)),
        Declaration("a", "command", settings={"f": print}),
        Declaration("a", "command", limits=Limits(float("nan"))),
        Declaration(5, "command"),  # type: ignore[arg-type]
    ):
        with pytest.raises(Rejected) as refused:
            as_declared(strange)
        assert refused.value.code == "agent.malformed"
    assert as_declared(REVIEWER) == REVIEWER


def test_a_lost_agent_is_ready_again_when_something_is_heard() -> None:
    lost = live(ADD, StartAgent(), WORKS, LoseAgent("Nothing was heard for 30 s."))
    assert (lost.status(0), lost.may_begin) == ("lost", False)
    assert live(WORKS, agent=lost).status(0) == "idle"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Réviseur"}, "agent.bad_name"),
        ({"name": "a" * 61}, "agent.bad_name"),
        ({"scale": -1}, "agent.bad_scale"),
        ({"scale": 1_001}, "agent.bad_scale"),
        ({"limits": Limits(seconds_max=float("inf"))}, "agent.bad_limit"),
        ({"limits": Limits(turns_max=-1)}, "agent.bad_limit"),
        ({"risks": ()}, "agent.no_risk"),
        ({"paths": ("src",)}, "agent.bad_path"),
        ({"environment": ("A=B",)}, "agent.bad_variable"),
        ({"secrets": {"KEY": ""}}, "agent.bad_variable"),
        ({"capabilities": (Capability("a b"),)}, "agent.bad_capability"),
        ({"capabilities": (Capability("a"), Capability("a"))}, "agent.bad_capability"),
        ({"capabilities": tuple(Capability(f"c{n}") for n in range(201))}, "agent.bad_capability"),
        ({"location": "over there"}, "agent.bad_location"),
        ({"effects": ("explodes",)}, "effect.unknown"),
    ],
)
def test_what_cannot_be_an_agent_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        decide(AddAgent(msgspec.structs.replace(REVIEWER, **change), "command"), None, 0.0)
    assert refused.value.code == code


COMMANDS: tuple[LifeCommand, ...] = (
    ADD,
    AddAgent(msgspec.structs.replace(REVIEWER, model="other"), "file", replace=True),
    StartAgent(),
    StopAgent("Enough."),
    DrainAgent("An update.", 5.0),
    DrainAgent("An update.", 0.0, "start"),
    ScaleAgent(0),
    ScaleAgent(4),
    RemoveAgent(),
    WORKS,
    FAILS,
    RestAgent("It fails.", 30.0),
    ReportDrained(),
    LoseAgent("Silence."),
)


@pytest.mark.parametrize("seed", range(50))
def test_whatever_is_asked_in_whatever_order_the_log_alone_tells_the_same(seed: int) -> None:
    dice = random.Random(seed)
    agent: AgentLife | None = None
    events: list[tuple[LifeEvent, float]] = []
    for now in range(60):
        try:
            made = decide(dice.choice(COMMANDS), agent, float(now))
        except (Rejected, NotFound):
            continue
        for event in made:
            agent = evolve(agent, event, float(now))
            events.append((event, float(now)))
    again: AgentLife | None = None
    for event, at in events:
        stored = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
        again = evolve(again, stored, at)
    assert again == agent
    if agent is not None:
        assert isinstance(events[0][0], AgentAdded)
        assert msgspec.json.decode(msgspec.json.encode(agent), type=AgentLife) == agent
