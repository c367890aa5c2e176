"""Planning with a model, against a scripted endpoint on the loopback interface."""

from pathlib import Path

import msgspec
import pytest
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.usage import RequestUsage

from missioncontrol.adapters.models.openai_compatible import (
    Endpoint,
    OpenAICompatible,
    endpoint_from,
)
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.model import Message
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.desk import LocalDesk
from missioncontrol.testing.scripted_models import Reply, serving

KEY = "sk-canary-0123456789"
BRIEF = Brief("Add a recipe search", "", ("No tracking",), "", None, None, None, {}, 60)


def sound(directory: Path, **changes: object) -> str:
    plan = LocalPlanner().plan(BRIEF, LocalDesk(directory / "local"))
    return msgspec.json.encode(msgspec.structs.replace(plan, **changes)).decode()


def planner(url: str) -> Planner:
    return Planner(OpenAICompatible(Endpoint(url, "scripted", KEY)))


def test_a_sound_answer_becomes_the_plan_and_its_tokens_are_counted(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    answer = f"Here it is:\n```json\n{sound(tmp_path, title='Search recipes')}\n```"
    with serving(Reply(answer)) as server:
        work = planner(server.url).work(BRIEF, desk)
    plan = msgspec.convert(work.output["plan"], Plan)
    assert plan.title == "Search recipes"
    assert "by the model scripted" in plan.obtained
    assert (desk.used.input_tokens, desk.used.cached_tokens) == (100, 40)
    assert (desk.used.output_tokens, desk.used.reasoning_tokens) == (20, 5)
    assert desk.used.cost is None
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["accepted"]
    assert server.authorizations == [f"Bearer {KEY}"]


def test_a_price_is_known_for_an_endpoint_and_not_for_a_name_alone() -> None:
    answer = ModelResponse(
        parts=[TextPart("{}")],
        usage=RequestUsage(input_tokens=1_000, output_tokens=1_000),
        model_name="gpt-4o",
    )
    there = OpenAICompatible(Endpoint("https://api.openai.com/v1", "gpt-4o"))._usage(answer)
    here = OpenAICompatible(Endpoint("http://127.0.0.1:1/v1", "gpt-4o"))._usage(answer)
    assert there.cost is not None
    assert there.cost > 1_000, "micro-dollars, so a thousand tokens each way cost thousands"
    assert here.cost is None


def test_a_malformed_answer_is_sent_back_with_its_faults(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    with serving(Reply('{"goal": 3}'), Reply(sound(tmp_path))) as server:
        work = planner(server.url).work(BRIEF, desk)
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["malformed", "accepted"]
    assert desk.used.input_tokens == 200
    again = server.requests[1]["messages"][-1]["content"]
    assert "/goal" in again


def test_the_third_malformed_answer_is_refused_with_its_path(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    with (
        serving(Reply(sound(tmp_path, requirements=()))) as server,
        pytest.raises(AttemptFailed, match="/requirements") as refused,
    ):
        planner(server.url).work(BRIEF, desk)
    assert refused.value.code == "plan.malformed"
    assert not refused.value.retryable
    assert len(server.requests) == 3
    assert desk.used.input_tokens == 300


def test_a_lost_requirement_is_a_fault(tmp_path: Path) -> None:
    plan = msgspec.json.decode(sound(tmp_path), type=Plan)
    kept = plan.requirements[:1]
    tasks = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                msgspec.structs.replace(task, requirements=("R1",)) for task in phase.tasks
            ),
        )
        for phase in plan.phases
    )
    answer = sound(tmp_path, requirements=kept, phases=tasks)
    with serving(Reply(answer)) as server, pytest.raises(AttemptFailed, match="R2 is missing"):
        planner(server.url).work(BRIEF, LocalDesk(tmp_path))


def test_an_endpoint_that_is_down_is_said_so_and_nothing_replaces_the_model(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as failed:
        planner("http://127.0.0.1:9/v1").work(BRIEF, LocalDesk(tmp_path))
    assert failed.value.code == "model.unavailable"


def test_a_server_error_is_tried_again_a_bounded_number_of_times(tmp_path: Path) -> None:
    with (
        serving(Reply("out of memory", status=500)) as server,
        pytest.raises(AttemptFailed, match="out of memory"),
    ):
        planner(server.url).work(BRIEF, LocalDesk(tmp_path))
    assert len(server.requests) == 3


def test_a_slow_endpoint_is_given_up_at_the_time_limit() -> None:
    with serving(Reply("{}", seconds=30)) as server:
        model = OpenAICompatible(Endpoint(server.url, "scripted"))
        with pytest.raises(Unavailable, match="did not answer within"):
            model.complete([Message("user", "hello")], {}, 0.5)


def test_the_key_appears_in_no_error_and_no_representation(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    with (
        serving(Reply(f"Incorrect API key: {KEY}", status=401)) as server,
        pytest.raises(AttemptFailed) as failed,
    ):
        planner(server.url).work(BRIEF, desk)
    assert failed.value.code == "model.refused"
    assert KEY not in failed.value.reason + str(desk.said) + repr(Endpoint("u", "n", KEY))


def test_the_environment_names_both_or_neither() -> None:
    assert endpoint_from({}) is None
    assert endpoint_from({"MISSION_MODEL_URL": "http://h/v1", "MISSION_MODEL_NAME": "m"})
    with pytest.raises(Rejected, match="MISSION_MODEL_NAME"):
        endpoint_from({"MISSION_MODEL_URL": "http://h/v1"})
