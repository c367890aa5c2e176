"""Why a step has its state, and what can be done: derived from the events of one run."""

import asyncio
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.application import event_timeline, replays
from missioncontrol.application.queries import replay, run_comparison, runs, steps
from missioncontrol.application.queries.causes import CAUSES_MAX, cause_chain, next_actions
from missioncontrol.application.read_model import Present
from missioncontrol.domain.register import NAMES, decode
from missioncontrol.domain.run import events as r
from missioncontrol.domain.run.evolve import evolve
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.event_store import Append, NewEvent
from missioncontrol.ports.output_store import OutputLine
from missioncontrol.ports.read_tables import RunChoice
from tests.application.test_run_queries import Tables

BAD = r.Failure("x.bad", "It broke.", hint="Mend it.", detail={"line": 3})
SECOND = 1_000_000


def folded(*events: Any) -> Run:
    run = None
    for number, event in enumerate(events):
        run = evolve(run, event, float(number))
    assert run is not None
    return run


def created(*own: Step, **more: Any) -> r.RunCreated:
    return r.RunCreated("run-1", "w", own, 4, version=1, **more)


def failed(step: str, fence: int = 1, failure: r.Failure = BAD, **more: Any) -> list[Any]:
    return [r.StepStarted(step, 1, fence, "hand"), r.StepFailed(step, fence, failure, **more)]


def told(run: Run, key: str) -> list[tuple[str, str, str]]:
    return [(each.kind, each.text, each.step) for each in cause_chain(run, key, [])]


def offered(run: Run, key: str) -> list[tuple[str, str]]:
    return [(each.verb, each.step or each.approval) for each in next_actions(run, key)]


def test_a_failure_is_told_with_its_checks_and_details_and_what_to_do() -> None:
    checks = (r.Check("a file", True), r.Check("another", False, "It is empty."))
    begun = [created(Step("a", "hand")), r.RunStarted(), *failed("a", checks=checks)]
    open_run = folded(*begun)
    assert told(open_run, "a") == [
        ("failure", "It broke.", ""),
        ("check", "another: It is empty.", ""),
        ("detail", '{"line":3}', ""),
    ]
    assert offered(open_run, "a") == [("", ""), ("cancel", "")]
    settled = folded(*begun, r.RunSettled("failed"))
    assert offered(settled, "a") == [("", ""), ("retry", "a"), ("fork", "a")]


def test_a_failure_without_a_hint_in_a_run_of_no_saved_workflow_offers_to_do_it_again() -> None:
    plain = r.Failure("x", "No.", detail="It said so.")
    run = folded(
        r.RunCreated("run-1", "w", (Step("a", "hand"),), 1),
        *failed("a", failure=plain),
        r.RunSettled("failed"),
    )
    assert offered(run, "a") == [("retry", "a")]
    assert told(run, "a")[1] == ("detail", "It said so.", "")


def test_a_step_passes_the_failures_of_those_that_it_became_on() -> None:
    children = tuple(Step(f"a[{n}]", "hand", parent="a", index=n) for n in range(3))
    run = folded(
        created(Step("a", "hand", for_each=[1, 2, 3])),
        r.StepExpanded("a", children),
        *failed("a[0]", 1),
        *failed("a[2]", 2),
        r.StepsCancelled(("a[1]",), "a", BAD),
        r.StepFailed("a", 0, r.Failure("items.failed", "2 items failed.")),
    )
    assert [cause[2] for cause in told(run, "a")][1:] == ["a[0]", "a[0]", "a[2]", "a[2]"]
    assert told(run, "a[1]") == [("step", "2 items failed.", "a")]


def test_the_chain_is_bounded_and_never_goes_round() -> None:
    children = tuple(Step(f"a[{n}]", "hand", parent="a", index=n) for n in range(60))
    run = folded(
        created(Step("a", "hand", for_each=[])),
        r.StepExpanded("a", children),
        *[event for n in range(60) for event in failed(f"a[{n}]", n + 1)],
        r.StepFailed("a", 0, BAD),
    )
    assert len(cause_chain(run, "a", [])) == CAUSES_MAX
    assert len(told(run, "a[3]")) == 2


def test_what_is_blocked_left_out_or_cancelled_says_why() -> None:
    run = folded(
        created(Step("a", "hand"), Step("b", "hand", ("a",)), Step("c", "hand")),
        *failed("a"),
        r.StepsBlocked("a", ("b",)),
        r.CancelRequested("Enough."),
        r.StepsCancelled(("c",)),
        r.RunSettled("cancelled"),
    )
    assert told(run, "b")[:2] == [
        ("step", "It needs 'a', which did not succeed.", "a"),
        ("failure", "It broke.", "a"),
    ]
    assert offered(run, "b") == [("retry", "a")]
    assert told(run, "c") == [("run", "Enough.", "")]
    assert offered(run, "c") == [("retry", "c")]
    skipped = folded(created(Step("a", "hand")), r.StepSkipped("a", "Not needed."))
    assert told(skipped, "a") == [("step", "Not needed.", "")]
    assert offered(skipped, "a") == [("cancel", "")]


def test_a_step_of_a_cancelled_call_says_what_the_run_was_told() -> None:
    run = folded(
        created(Step("a", "", calls="x@1")),
        r.StepExpanded("a", (Step("a/b", "hand", parent="a"),)),
        r.CancelRequested("Enough."),
        r.StepsCancelled(("a/b", "a")),
    )
    assert told(run, "a/b") == [("run", "Enough.", "")]


def test_what_has_not_ended_says_what_it_waits_for() -> None:
    resting = folded(
        created(Step("a", "hand", retry=Retry(3)), Step("b", "hand", ("a",))),
        r.StepStarted("a", 1, 1, "hand"),
        r.AttemptFailed("a", 1, BAD, 60.0),
    )
    (again,) = next_actions(resting, "a")
    assert (again.at, again.text) == (60.0, "Attempt 2 of 3 starts by itself.")
    assert told(resting, "a")[0] == ("failure", "It broke.", "")
    assert [each.text for each in next_actions(resting, "b")] == ["It starts after a."]
    held = folded(created(Step("a", "hand")), r.StepHeld("a", "approval-1", "d"))
    assert offered(held, "a") == [("decide", "approval-1")]
    halted = folded(
        created(Step("a", "hand")),
        r.StepStuck("a", "hand", "The agent is stopped."),
        r.RunHalted("budget.spent", "Nothing is left."),
    )
    assert [each.text for each in next_actions(halted, "a")] == [
        "The run is halted. Nothing is left.",
        "The agent is stopped.",
    ]
    assert verdict(halted) == "Stuck: Nothing is left."
    done = folded(created(Step("a", "hand")), *begun_and_done("a"))
    assert (told(done, "a"), offered(done, "a")) == ([], [])


def begun_and_done(step: str, fence: int = 1) -> list[Any]:
    return [r.StepStarted(step, 1, fence, "hand"), r.StepSucceeded(step, fence, Work("Done."))]


def verdict(run: Run) -> str:
    return runs.verdict_of(run, runs.own_status(run))


def test_a_verdict_fits_each_way_a_run_can_stand() -> None:
    two = created(Step("a", "hand"), Step("b", "hand"))
    assert verdict(folded(two)) == "Queued: no step has started yet."
    going = [two, r.RunStarted(), *failed("a"), r.StepStarted("b", 1, 2, "hand")]
    assert verdict(folded(*going)) == "Running: 0 of 2 steps done, 1 at work, 1 failed."
    ended = folded(*going, r.CancelRequested("Its time is over.", "failed"))
    assert verdict(ended) == "Being cancelled: 1 step still at work."
    only_time = folded(
        two, r.CancelRequested("Its time is over.", "failed"), r.RunSettled("failed")
    )
    assert verdict(only_time) == "Failed: Its time is over."
    both = folded(*going, r.StepFailed("b", 2, BAD), r.RunSettled("failed"))
    assert verdict(both) == "Failed: a. It broke. 1 more step failed."
    assert len(verdict(folded(two, r.RunHalted("x", "long " * 200)))) < 260


async def written(*streams: tuple[str, list[Any]]) -> Present:
    store = MemoryEventStore()
    for stream, events in streams:
        new = [
            NewEvent(*NAMES[type(event)], body_of(event), n * SECOND, "user:a", "", 0, "")
            for n, event in enumerate(events, 1)
        ]
        await store.append([Append(stream, 0, new)])
    present = Present(store, Tables(), MemoryOutputStore(), MemoryArtifactStore())
    await present.catch_up()
    return present


def body_of(event: Any) -> bytes:
    return msgspec.json.encode(event)


def test_attempts_tell_what_they_used_what_came_too_late_and_how_they_stood_then() -> None:
    events = [
        created(Step("a", "hand", retry=Retry(3)), Step("b", "hand", ("a",))),
        r.StepStarted("a", 1, 1, "hand"),
        r.ProcessStarted("a", 1, 42, 1.0, 42),
        r.UsageReported("a", 1, Usage(input_tokens=5, cost=7), "m"),
        r.AttemptInterrupted("a", 1, "The engine ended."),
        r.ReportRefused("a", 1, "success"),
        r.ReportRefused("a", 9, "success"),
        r.StepStarted("a", 1, 2, "hand"),
        r.StepSucceeded("a", 2, Work("Done.", output=1)),
        r.UsageReported("a", 9, Usage(input_tokens=1), "m"),
        r.StepStarted("b", 1, 3, "hand"),
        r.StepRepeated("b", 3, 1),
    ]

    async def look() -> None:
        present = await written(("run-1", events))
        step = await steps.step_detail(present, "run-1", "a")
        first, second = step.attempts
        assert (first.outcome, first.reason, first.refused) == (
            "interrupted",
            "The engine ended.",
            ["success"],
        )
        assert (first.usage.cost, first.processes[0]["pid"]) == (7, 42)
        assert (second.outcome, step.usage.input_tokens) == ("succeeded", 6)
        assert [line.usage.input_tokens for line in step.by_model] == [6]
        then = await steps.step_detail(present, "run-1", "a", at=8)
        assert [each.outcome for each in then.attempts] == ["interrupted", "running"]
        assert (then.state, then.output) == ("working", None)
        early = await runs.run_detail(present, "run-1", at=2)
        assert (early.revision, early.position) == (2, 2)
        events_of_b = await replay.run_events(present, "run-1", step="b")
        assert [each.type for each in events_of_b] == ["step_started", "step_repeated"]
        rows = await replay.run_timeline(present, "run-1", after=0, limit=1)
        assert [(row.step, row.waited_from) for row in rows] == [("b", 9.0)]
        assert len(await replay.run_timeline(present, "run-1", limit=1)) == 1

    asyncio.run(look())


def test_an_event_that_was_taken_in_changes_nothing_more() -> None:
    async def look() -> None:
        present = await written(("run-1", [created(Step("a", "hand")), r.RunStarted()]))
        rows = await present.store.read_stream("run-1")
        events = [(row, decode(row.type, row.schema, row.body)) for row in rows]
        timeline = event_timeline.timeline_of("run-1", [*events, *events])
        assert len(timeline.moments) == 2

    asyncio.run(look())


def test_kept_results_and_open_needs_have_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_timeline, "EVENTS_AT_HAND_MAX", 2)
    monkeypatch.setattr(event_timeline, "READ_AT_ONCE", 2)
    monkeypatch.setattr(replays, "READ_AT_ONCE", 2)
    monkeypatch.setattr(replays, "EVENTS_PER_COPY", 2)
    monkeypatch.setattr(replays, "STEPS_AT_HAND_MAX", 5)
    own = (Step("a", "hand"), Step("b", "hand", ("a",)), Step("c", "hand", ("b",)))
    reused = {"a": r.ReusedResult("run-0", Work("Done."))}
    first = r.RunCreated("run-1", "w", own, 1, kept=reused)
    other = r.RunCreated("run-2", "w", own[:1], 1, inputs={"x": 1})
    going = [r.StepStarted("b", 1, 1, "hand"), r.ProcessStarted("b", 1, 1, 1.0, 1)]

    async def look() -> None:
        present = await written(("run-1", [first, r.RunStarted(), *going]), ("run-2", [other]))
        rows = await replay.run_timeline(present, "run-1")
        assert [row.waited_from for row in rows] == [1.0, 1.0, None]
        await present.chronicles.of("run-2")
        both = await run_comparison.compared(present, "run-1", "run-2")
        found = run_comparison.compared_steps(both)
        assert [step.differs for step in found] == [["state"], ["presence"], ["presence"]]
        assert found[1].b is None
        assert len(run_comparison.compared_steps(both, limit=1)) == 1
        assert run_comparison.compare_runs(present, both).inputs[0].differs
        await asyncio.gather(*(present.replays.at("run-1", 4) for _ in "12"))
        for at in (4, 2, 4, 3, 1):
            assert (await present.replays.at("run-1", at)).id == "run-1"
        await present.replays.at("run-2", 5)
        choice = RunChoice()
        assert runs.list_runs(present, choice, needs_attention=True) == []

    asyncio.run(look())


def test_a_step_that_spoke_long_ago_is_told_by_what_it_said_first() -> None:
    async def look() -> None:
        present = await written(("run-1", [created(Step("a", "hand"), Step("b", "hand"))]))
        lines = [OutputLine("run-1", "a", 1, 1, "info", f"a {n}") for n in range(60)]
        more = [OutputLine("run-1", "b", 1, 2, "info", f"b {n}") for n in range(2_100)]
        present.output.write(lines)
        present.output.write(more)
        first = await steps.step_detail(present, "run-1", "a")
        last = await steps.step_detail(present, "run-1", "b")
        assert [line.message for line in first.last_output][:2] == ["a 0", "a 1"]
        assert last.last_output[-1].message == "b 2099"
        assert last.is_last_output_cut

    asyncio.run(look())


def test_a_run_that_began_since_is_compared_too() -> None:
    async def look() -> None:
        present = await written(("run-1", [created(Step("a", "hand"))]))
        event = r.RunCreated("run-2", "w", (Step("a", "hand"),), 1)
        new = NewEvent("run_created", 1, body_of(event), 5 * SECOND, "user:a", "", 0, "")
        await present.store.append([Append("run-2", 0, [new])])
        both = await run_comparison.compared(present, "run-1", "run-2")
        assert run_comparison.compare_runs(present, both).different == 0

    asyncio.run(look())
