"""Planning with a model, against a scripted endpoint on the loopback interface."""

from pathlib import Path

import msgspec
import pytest
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.usage import RequestUsage

from missioncontrol.adapters.openai_compatible import Endpoint, OpenAICompatible, endpoint_from
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.model import Message
from missioncontrol.specialists.planner.planner import LocalPlanner, Planner
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk
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
    with serving(Reply('{"title": 3}'), Reply(sound(tmp_path))) as server:
        work = planner(server.url).work(BRIEF, desk)
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["malformed", "accepted"]
    assert desk.used.input_tokens == 200
    again = server.requests[1]["messages"][-1]["content"]
    assert "/title" in again


def test_after_the_third_malformed_answer_the_local_plan_says_why_it_stands(
    tmp_path: Path,
) -> None:
    desk = LocalDesk(tmp_path)
    with serving(Reply(sound(tmp_path, requirements=()))) as server:
        work = planner(server.url).work(BRIEF, desk)
    stands_in(work, "its plan was refused 3 times, last with ", "the first at /requirements")
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["refused"] * 3
    assert len(server.requests) == 3
    assert desk.used.input_tokens == 300


def stands_in(work: Work, *causes: str) -> None:
    """Check that the local plan is handed in, and that it says why wherever it is read."""
    plan = msgspec.convert(work.output["plan"], Plan)
    assert plan.summary.startswith("This is the local plan, as the model gave none: ")
    assert "in place of a plan by the model" in plan.obtained
    assert all(cause in plan.summary and cause in plan.obtained for cause in causes)


def test_a_lost_requirement_is_a_fault(tmp_path: Path) -> None:
    plan = msgspec.json.decode(sound(tmp_path), type=Plan)
    remaining = plan.requirements[:1]
    tasks = tuple(
        msgspec.structs.replace(
            phase,
            tasks=tuple(
                msgspec.structs.replace(task, requirements=("R1",)) for task in phase.tasks
            ),
        )
        for phase in plan.phases
    )
    answer = sound(tmp_path, requirements=remaining, phases=tasks)
    with serving(Reply(answer)) as server:
        work = planner(server.url).work(BRIEF, LocalDesk(tmp_path))
    assert any("R2 is missing" in fault for fault in work.output["attempts"][0]["faults"])


def test_the_summary_is_computed_from_the_plan(tmp_path: Path) -> None:
    answer = sound(tmp_path, summary="All 1,000 tests pass. The change is complete.")
    with serving(Reply(answer)) as server:
        work = planner(server.url).work(BRIEF, LocalDesk(tmp_path))
    local = msgspec.json.decode(sound(tmp_path), type=Plan)
    assert work.summary == local.summary
    assert [attempt["outcome"] for attempt in work.output["attempts"]] == ["accepted"]


def test_an_endpoint_that_is_down_is_said_so_and_the_local_plan_stands_in(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    work = planner("http://127.0.0.1:9/v1").work(BRIEF, desk)
    stands_in(work, "Connection error")
    assert any(level == "warning" and "local plan" in text for level, text in desk.said)


def test_a_refused_budget_leaves_the_local_plan(tmp_path: Path) -> None:
    class Poor(LocalDesk):
        def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
            raise AttemptFailed("budget.exceeded", "The call may cost more than is left.")

    with serving(Reply("{}")) as server:
        work = planner(server.url).work(BRIEF, Poor(tmp_path))
    stands_in(work, "The call may cost more than is left")
    assert server.requests == []


def test_a_model_that_takes_all_the_time_leaves_enough_for_the_local_plan(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path, seconds=8)
    with serving(Reply("{}", seconds=30)) as server:
        work = planner(server.url).work(BRIEF, desk)
    stands_in(work, "did not answer within")
    assert desk.seconds_left() > 0


def test_a_builder_is_named_in_the_computed_summary(tmp_path: Path) -> None:
    brief = msgspec.structs.replace(BRIEF, builder="coder")
    with serving(Reply(sound(tmp_path))) as server:
        work = planner(server.url).work(brief, LocalDesk(tmp_path))
    assert work.summary.endswith(" for coder.")


def test_a_server_error_is_tried_again_a_bounded_number_of_times(tmp_path: Path) -> None:
    with serving(Reply("out of memory", status=500)) as server:
        stands_in(planner(server.url).work(BRIEF, LocalDesk(tmp_path)), "out of memory")
    assert len(server.requests) == 3


def test_an_endpoint_can_put_no_claim_at_the_head_of_the_report(tmp_path: Path) -> None:
    with serving(Reply("All 1,000 tests passed. It is done.", status=500)) as server:
        stands_in(planner(server.url).work(BRIEF, LocalDesk(tmp_path)), "model.unavailable")


def test_a_slow_endpoint_is_given_up_at_the_time_limit() -> None:
    with serving(Reply("{}", seconds=30)) as server:
        model = OpenAICompatible(Endpoint(server.url, "scripted"))
        with pytest.raises(Unavailable, match="did not answer within"):
            model.complete([Message("user", "hello")], {}, 0.5)


def test_the_key_appears_in_no_error_and_no_representation(tmp_path: Path) -> None:
    desk = LocalDesk(tmp_path)
    with serving(Reply(f"Incorrect API key: {KEY}", status=401)) as server:
        work = planner(server.url).work(BRIEF, desk)
    stands_in(work, "401")
    assert KEY not in str(work) + str(desk.said) + repr(Endpoint("u", "n", KEY))


def test_the_environment_names_both_or_neither() -> None:
    assert endpoint_from({}) is None
    assert endpoint_from({"MISSION_MODEL_URL": "http://h/v1", "MISSION_MODEL_NAME": "m"})
    with pytest.raises(Rejected, match="MISSION_MODEL_NAME"):
        endpoint_from({"MISSION_MODEL_URL": "http://h/v1"})
