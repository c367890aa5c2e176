"""Events keep their names for ever, and what was stored can always be read."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from missioncontrol.domain import register
from missioncontrol.domain.envelope import GENESIS, Recorded, is_chained
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.mission import Mission
from missioncontrol.domain.mission import evolve as evolve_mission
from missioncontrol.domain.register import NAMES, Event, decode
from missioncontrol.domain.run.events import RunCreated
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from tests.domain.examples import EXAMPLES

HISTORIES = sorted((Path(__file__).parent.parent / "histories").glob("*.jsonl"))


def test_every_event_is_registered_and_nothing_else() -> None:
    assert set(NAMES) == set(get_args(Event))


def test_no_two_events_share_a_name() -> None:
    names = [name for name, _ in NAMES.values()]
    assert len(set(names)) == len(names)


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EXAMPLES} == set(NAMES)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: NAMES[type(event)][0])
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    name, schema = NAMES[type(event)]
    assert decode(name, schema, msgspec.json.encode(event)) == event


def test_every_field_of_the_examples_is_set_so_that_none_is_lost_unseen() -> None:
    for event in EXAMPLES:
        stored = msgspec.json.decode(msgspec.json.encode(event))
        assert set(stored) == set(event.__struct_fields__), type(event).__name__


@pytest.mark.parametrize(("name", "schema"), [("step_dreamt", 1), ("run_settled", 2)])
def test_an_unknown_name_or_version_is_refused(name: str, schema: int) -> None:
    with pytest.raises(Corrupt) as no:
        decode(name, schema, b'{"outcome":"failed"}')
    assert no.value.code == "event.unknown"
    assert repr(name) in no.value.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"outcome":"splendid"}',
        b"{}",
        b"[1]",
        b'{"outcome":"failed","deep":' + b"[" * 100_000,
    ],
    ids=["nothing", "half", "other value", "missing", "array", "too deep"],
)
def test_data_that_does_not_fit_is_malformed(body: bytes) -> None:
    with pytest.raises(Corrupt) as no:
        decode("run_settled", 1, body)
    assert no.value.code == "event.malformed"


def test_data_that_is_not_utf_8_is_malformed() -> None:
    with pytest.raises(Corrupt) as no:
        decode("cancel_requested", 1, b'{"reason":"\xff"}')
    assert no.value.code == "event.malformed"


def test_an_unknown_event_with_bad_data_is_refused_too() -> None:
    with pytest.raises(Corrupt):
        decode("step_dreamt", 1, b"{")


def test_old_shapes_are_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(data: Any) -> Any:
        return {**data, "workflow": data.pop("name"), "steps": []}

    def bounded(data: Any) -> Any:
        return {**data, "concurrency": 3}

    monkeypatch.setitem(register.UPCASTERS, ("run_created", -1), named)
    monkeypatch.setitem(register.UPCASTERS, ("run_created", 0), bounded)
    old = decode("run_created", -1, b'{"run":"run-1","name":"release"}')
    assert old == RunCreated("run-1", "release", (), 3)


def test_an_old_shape_that_ends_up_wrong_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(register.UPCASTERS, ("run_settled", 0), lambda data: data)
    with pytest.raises(Corrupt) as no:
        decode("run_settled", 0, b'{"result":"failed"}')
    assert no.value.code == "event.malformed"


def test_the_words_of_every_stored_event_are_known() -> None:
    known = register.words()
    for event in EXAMPLES:
        assert set(event.__struct_fields__) <= known
    assert {"succeeded", "command", "exit_code", "medium", "surveyor", "any"} <= known
    assert "Measured." not in known


# Histories of past releases.


class Line(msgspec.Struct):
    """One exported event."""

    position: int
    stream: str
    version: int
    type: str
    schema: int
    time: int
    actor: str
    on_behalf: str
    cause: int
    correlation: str
    body: str
    hash: str

    def recorded(self) -> Recorded:
        fields = msgspec.structs.asdict(self)
        return Recorded(**{**fields, "body": self.body.encode(), "hash": bytes.fromhex(self.hash)})


def history(path: Path) -> list[Recorded]:
    lines = path.read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Line).recorded() for line in lines]


def replay(events: list[Recorded]) -> tuple[dict[str, Run], dict[str, Mission]]:
    runs: dict[str, Any] = {}
    missions: dict[str, Any] = {}
    for stored in events:
        event: Any = decode(stored.type, stored.schema, stored.body)
        at = stored.time / 1_000_000
        if stored.stream.startswith("run-"):
            runs[stored.stream] = evolve(runs.get(stored.stream), event, at)
        else:
            missions[stored.stream] = evolve_mission(missions.get(stored.stream), event, at)
    return runs, missions


def test_there_is_a_history_of_every_release() -> None:
    assert "0.1.0.jsonl" in [path.name for path in HISTORIES]


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.name)
def test_a_kept_history_is_still_chained_and_readable(path: Path) -> None:
    previous = GENESIS
    for place, event in enumerate(history(path), start=1):
        assert event.position == place
        assert is_chained(event, previous)
        decode(event.type, event.schema, event.body)
        previous = event.hash


def test_the_history_of_0_1_0_holds_every_event_of_that_release() -> None:
    events = history(HISTORIES[0])
    assert {event.type for event in events} == {
        "attempt_failed",
        "attempt_interrupted",
        "cancel_requested",
        "mission_created",
        "mission_settled",
        "mission_started",
        "plan_accepted",
        "process_started",
        "report_refused",
        "run_created",
        "run_resumed",
        "run_settled",
        "run_started",
        "step_cancelled",
        "step_failed",
        "step_started",
        "step_succeeded",
        "steps_added",
        "steps_blocked",
        "steps_cancelled",
        "usage_reported",
    }


def test_the_history_of_0_1_0_ends_as_it_ended_then() -> None:
    runs, missions = replay(history(HISTORIES[0]))
    ends = {
        name: (run.status, {key: type(state).__name__ for key, state in run.states.items()})
        for name, run in runs.items()
    }
    assert ends == {
        "run-1": (
            "failed",
            {"plan": "Succeeded", "survey": "Failed", "report": "Succeeded", "check": "Blocked"},
        ),
        "run-2": (
            "cancelled",
            {
                "plan": "Succeeded",
                "survey": "Cancelled",
                "report": "Cancelled",
                "check": "Cancelled",
            },
        ),
        "run-3": ("failed", {"wait": "Cancelled"}),
    }
    assert missions["mission-1"].status == "cancelled"
    assert missions["mission-1"].runs == ("run-1", "run-2")
    plan = missions["mission-1"].plan
    assert plan is not None
    assert [task.key for task in plan.tasks()] == ["survey", "report", "check"]
    assert runs["run-1"].usage.cost is None
    assert runs["run-1"].usage.input_tokens == 120
    assert runs["run-1"].tries == {"plan": 1, "survey": 2, "report": 1}
    assert runs["run-1"].interruptions == {"survey": 1}
    assert runs["run-2"].states["plan"].kept_from == "run-1"  # type: ignore[union-attr]
    assert runs["run-3"].cancel_reason == "The run took longer than its limit of 5 s."
