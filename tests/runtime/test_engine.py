"""The engine carries runs out on real files: order, limits, retries, cancels, endings."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.audit import verify
from missioncontrol.application.journal import fold_run
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.mission import CreateMission, StartMission
from missioncontrol.domain.run.states import Blocked, Cancelled, Failed, Succeeded
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line, ProcessHandle
from missioncontrol.projections.run_index import Board
from missioncontrol.runtime import attempt as attempts
from missioncontrol.runtime import output as outputs
from missioncontrol.runtime.projector import follow
from tests.runtime.workshop import Workshop, registered, run, workshop


async def quick(assignment: Assignment, _: Line) -> Work:
    return Work(output=assignment.step)


async def slow(assignment: Assignment, _: Line) -> Work:
    await asyncio.sleep(0.02)
    return Work(output=assignment.step)


async def endless(_: Assignment, __: Line) -> Work:
    await asyncio.Event().wait()
    return Work()


def failure_of(state: Any) -> Any:
    assert isinstance(state, Failed), state
    return state.failure


def hand(key: str, *needs: str, **more: Any) -> Step:
    return Step(key, "hand", needs, **more)


# Order.


def test_a_step_gets_what_the_steps_it_needs_have_left(tmp_path: Path) -> None:
    async def perform(assignment: Assignment, _: Line) -> Work:
        if assignment.step == "bad":
            raise AttemptFailed("x", "It broke.", retryable=False)
        return Work(
            output={key: [up.state, up.work.output, up.error]}
            if (key := next(iter(assignment.upstream), "")) and (up := assignment.upstream[key])
            else 1
        )

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            ended = await shop.finish(
                hand("good"),
                hand("bad"),
                hand("lost", "bad"),
                hand("b", "good"),
                hand("c", "bad", runs_after="any"),
                hand("d", "lost", runs_after="any"),
            )
            outputs_ = {
                key: state.work.output
                for key, state in ended.states.items()
                if isinstance(state, Succeeded)
            }
            assert outputs_ == {
                "good": 1,
                "b": {"good": ["succeeded", 1, ""]},
                "c": {"bad": ["failed", None, "It broke."]},
                "d": {"lost": ["blocked", None, "'bad' did not succeed."]},
            }
            assert ended.states["lost"] == Blocked("bad")
            assert ended.status == "failed"

    run(story())


def test_an_attempt_knows_its_place(tmp_path: Path) -> None:
    seen: list[Assignment] = []

    async def perform(assignment: Assignment, _: Line) -> Work:
        seen.append(assignment)
        if assignment.attempt == 1:
            raise AttemptFailed("x", "Again.")
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            retry = Retry(attempts=2, wait_seconds=0.0)
            step = hand("a", retry=retry, inputs={"deep": 1}, seconds_max=3.0)
            await shop.finish(step, inputs={"wide": 2})

    run(story())
    first, second = seen
    assert (first.run, first.workflow, first.step, first.agent) == ("run-1", "w", "a", "hand")
    assert (first.attempt, first.fence, second.attempt, second.fence) == (1, 1, 2, 2)
    assert first.key == second.key == "run-1/a"
    assert (first.inputs, first.run_inputs, first.seconds_max) == ({"deep": 1}, {"wide": 2}, 3.0)


def test_no_step_begins_before_what_it_needs_is_on_disk(tmp_path: Path) -> None:
    shops: list[Workshop] = []

    async def perform(assignment: Assignment, _: Line) -> Work:
        stored = await shops[0].store.read_stream("run-1", limit=10_000)
        done = [event.data["step"] for event in stored if event.type == "step_succeeded"]
        assert set(assignment.upstream) <= set(done)
        begun = [event.data["step"] for event in stored if event.type == "step_started"]
        assert assignment.step in begun
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shops.append(shop)
            steps = [hand("s0"), *(hand(f"s{n}", f"s{n - 1}", "s0") for n in range(1, 30))]
            assert (await shop.finish(*steps)).status == "succeeded"

    run(story())


def test_rows_and_replay_agree_with_what_happened(tmp_path: Path) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        line.usage(Usage(input_tokens=2, cost=3))
        if assignment.step == "bad":
            raise AttemptFailed("x", "It broke.", retryable=False)
        return Work(output=assignment.step, usage=Usage(input_tokens=99))

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            ended = await shop.finish(hand("a"), hand("bad"), hand("b", "a", "bad"), hand("c", "a"))
            folded, _ = await fold_run(shop.store, "run-1")
            assert repr(folded.states) == repr(ended.states)
            assert folded.usage == ended.usage == Usage(input_tokens=6, cost=9)
            live = shop.tables.run("run-1")
            assert live is not None
            assert (live.succeeded, live.failed, live.blocked, live.cost) == (2, 1, 1, 9)
            shop.tables.clear()
            board = Board(shop.tables)
            await follow(board, shop.store)
            board.save()
            assert shop.tables.run("run-1") == live
            assert (await verify(shop.store, [])).is_intact

    run(story())


def test_usage_handed_in_with_the_work_counts_where_none_was_reported(tmp_path: Path) -> None:
    async def perform(_: Assignment, __: Line) -> Work:
        return Work(usage=Usage(output_tokens=7))

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            assert (await shop.finish(hand("a"))).usage == Usage(output_tokens=7, cost=None)

    run(story())


# Limits on what works at once.


class Gauge:
    """How many attempts work at once, in all and by name."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}

    async def perform(self, assignment: Assignment, _: Line) -> Work:
        names = (assignment.run, assignment.agent, "all")
        for name in names:
            self.now[name] = self.now.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), self.now[name])
        await asyncio.sleep(0.01)
        for name in names:
            self.now[name] -= 1
        return Work()


def test_a_run_has_as_many_steps_at_work_as_it_may(tmp_path: Path) -> None:
    gauge = Gauge()

    async def story() -> None:
        async with workshop(tmp_path, hand=gauge.perform) as shop:
            steps = [hand(f"s{n}") for n in range(20)]
            shop.begin(*steps, run="run-1", concurrency=3)
            shop.begin(*steps, run="run-2", concurrency=5)
            for name in ("run-1", "run-2"):
                assert (await shop.engine.settled(name)).status == "succeeded"

    run(story())
    assert (gauge.most["run-1"], gauge.most["run-2"]) == (3, 5)


def test_the_engine_has_as_many_attempts_at_work_as_it_may(tmp_path: Path) -> None:
    gauge = Gauge()

    async def story() -> None:
        async with workshop(tmp_path, hand=gauge.perform, concurrency=4) as shop:
            for number in range(6):
                shop.begin(*(hand(f"s{n}") for n in range(4)), run=f"run-{number}")
            for number in range(6):
                assert (await shop.engine.settled(f"run-{number}")).status == "succeeded"

    run(story())
    assert gauge.most["all"] == 4


def test_an_agent_has_as_many_attempts_at_work_as_it_may(tmp_path: Path) -> None:
    gauge = Gauge()

    async def story() -> None:
        one, two = registered("one", gauge.perform, 2), registered("two", gauge.perform, 3)
        async with workshop(tmp_path, one, two) as shop:
            for name in ("run-1", "run-2"):
                steps = [Step(f"{agent}{n}", agent) for n in range(8) for agent in ("one", "two")]
                shop.begin(*steps, run=name)
            for name in ("run-1", "run-2"):
                assert (await shop.engine.settled(name)).status == "succeeded"

    run(story())
    assert (gauge.most["one"], gauge.most["two"]) == (2, 3)


@pytest.mark.parametrize("bound", ["run", "engine"])
def test_steps_of_a_busy_agent_do_not_keep_others_from_free_places(
    tmp_path: Path, bound: str
) -> None:
    async def story() -> None:
        async with workshop(
            tmp_path,
            registered("busy", endless, 1),
            registered("free", quick),
            concurrency=2 if bound == "engine" else 100,
        ) as shop:
            steps = [*(Step(f"busy{n}", "busy") for n in range(5)), Step("free", "free")]
            shop.begin(*steps, concurrency=2 if bound == "run" else 100)
            await asyncio.sleep(0.3)
            assert isinstance(shop.journal.runs["run-1"].states["free"], Succeeded)

    run(story())


def test_a_long_run_does_not_keep_a_short_one_waiting_for_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=slow, concurrency=1) as shop:
            shop.begin(*(hand(f"s{n}") for n in range(100)), run="run-long")
            await asyncio.sleep(0.05)
            await shop.finish(hand("a"), run="run-short")
            assert not shop.journal.runs["run-long"].is_settled

    run(story())


def test_an_agent_that_fails_or_is_cancelled_gives_its_place_back(tmp_path: Path) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        if assignment.step == "bad":
            raise ValueError("no")
        return await (endless if assignment.step == "endless" else quick)(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, registered("hand", perform, 1), concurrency=1) as shop:
            await shop.finish(hand("bad"), run="run-1")
            shop.begin(hand("endless"), run="run-2")
            await asyncio.sleep(0.05)
            shop.engine.cancel("run-2", "Enough.", actor="test")
            await shop.engine.settled("run-2")
            assert (await shop.finish(hand("good"), run="run-3")).status == "succeeded"
            assert shop.registry.free == 1

    run(story())


# Failures and retries.


def test_a_failed_attempt_is_tried_again_after_its_rest(tmp_path: Path) -> None:
    times: list[float] = []

    async def perform(assignment: Assignment, _: Line) -> Work:
        times.append(asyncio.get_running_loop().time())
        if assignment.attempt < 3:
            raise AttemptFailed("x", "Not yet.")
        return Work(output=assignment.attempt)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            retry = Retry(attempts=3, wait_seconds=0.1, factor=2.0)
            ended = await shop.finish(hand("a", retry=retry))
            assert ended.states["a"] == Succeeded(Work(output=3))

    run(story())
    rests = [later - earlier for earlier, later in pairwise(times)]
    assert 0.05 <= rests[0] < 1.0
    assert 0.1 <= rests[1] < 1.5


class LaggingClock:
    """A clock that stands still for a while, as after it was set back."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.stands_until = 0.0

    def now(self) -> float:
        time = asyncio.get_running_loop().time()
        return 1_790_000_000.0 + max(0.0, time - self.stands_until)


def test_a_retry_is_not_lost_when_the_clock_was_set_back_meanwhile(tmp_path: Path) -> None:
    clock = LaggingClock()

    async def perform(assignment: Assignment, _: Line) -> Work:
        if assignment.attempt == 1:
            raise AttemptFailed("x", "Not yet.")
        return Work()

    async def story() -> None:
        clock.stands_until = asyncio.get_running_loop().time() + 0.5
        async with workshop(tmp_path, hand=perform, clock=clock) as shop:
            retry = Retry(attempts=2, wait_seconds=0.1)
            async with asyncio.timeout(30):
                assert (await shop.finish(hand("a", retry=retry))).status == "succeeded"

    run(story())


def test_an_agent_that_nobody_knows_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=quick) as shop:
            ended = await shop.finish(Step("a", "nobody", retry=Retry(attempts=9)), hand("b"))
            failure = failure_of(ended.states["a"])
            assert (failure.code, failure.hint) == ("agent.unknown", "Known are: hand.")
            assert isinstance(ended.states["b"], Succeeded)

    run(story())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("no number"), "agent.crashed", "ValueError: no number"),
        (RecursionError("too deep"), "agent.crashed", "RecursionError"),
        (AttemptFailed("x.y", "Why not.", hint="Do."), "x.y", "Why not."),
        (ValueError("a name of \udcff bytes"), "agent.crashed", "a name of"),
        (asyncio.CancelledError(), "agent.crashed", ""),
        (TimeoutError(), "agent.crashed", "TimeoutError"),
    ],
    ids=["value", "recursion", "refusal", "surrogate", "cancelled by itself", "timeout"],
)
def test_whatever_an_agent_raises_fails_its_step_and_nothing_else(
    tmp_path: Path, error: BaseException, code: str, words: str
) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        if assignment.step == "bad":
            raise error
        return await slow(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            ended = await shop.finish(hand("bad"), hand("a"), hand("b", "a"))
            failure = failure_of(ended.states["bad"])
            assert failure.code == code
            assert words in failure.reason
            assert isinstance(ended.states["b"], Succeeded)
            assert shop.engine.failure is None

    run(story())


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        Work(output=object()),
        Work(output="x" * 2_000_000),
        Work(output=2**70),
        Work(summary="\udcff"),
        Work(summary=7),  # type: ignore[arg-type]
        Work(artifacts=("a.txt",)),  # type: ignore[arg-type]
        Work(usage=None),  # type: ignore[arg-type]
    ],
    ids=[
        "nothing",
        "no work",
        "no json",
        "too large",
        "large number",
        "surrogate",
        "summary no text",
        "artifact no artifact",
        "no usage",
    ],
)
def test_whatever_an_agent_returns_touches_its_step_alone(tmp_path: Path, result: Any) -> None:
    async def perform(assignment: Assignment, line: Line) -> Any:
        return result if assignment.step == "bad" else await slow(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            async with asyncio.timeout(30):
                ended = await shop.finish(hand("bad"), hand("a"), hand("b", "a"))
            assert isinstance(ended.states["b"], Succeeded)
            assert shop.engine.failure is None
            folded, _ = await fold_run(shop.store, "run-1")
            assert repr(folded.states) == repr(ended.states)
        async with workshop(tmp_path, hand=perform) as shop:
            assert (await shop.finish(hand("a"), run="run-2")).status == "succeeded"

    run(story())


@pytest.mark.parametrize(
    "usage",
    [
        Usage(cost=0.5),  # type: ignore[arg-type]
        Usage(input_tokens=2**63),
        Usage(input_tokens=2**200),
        Usage(output_tokens="many"),  # type: ignore[arg-type]
    ],
    ids=["half a micro-dollar", "a large number", "a huge number", "text"],
)
def test_whatever_usage_an_agent_reports_the_home_can_be_opened_again(
    tmp_path: Path, usage: Usage
) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        if assignment.step == "bad":
            line.usage(usage)
        return await slow(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            await shop.finish(hand("bad"), run="run-1")
            assert (await shop.finish(hand("a"), run="run-2")).status == "succeeded"
        async with workshop(tmp_path, hand=perform) as shop:
            assert (await shop.finish(hand("a"), run="run-3")).status == "succeeded"

    run(story())


# Time.


def test_an_attempt_that_takes_too_long_fails_and_is_tried_again(tmp_path: Path) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        return await (endless if assignment.attempt == 1 else quick)(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            retry = Retry(attempts=2, wait_seconds=0.0)
            ended = await shop.finish(hand("a", seconds_max=0.1, retry=retry))
            assert ended.status == "succeeded"
            (failed,) = [
                event.data["failure"]
                for event in await shop.store.read_stream("run-1")
                if event.type == "attempt_failed"
            ]
            assert failed["code"] == "step.timed_out"
            assert "0.1 s" in failed["reason"]

    run(story())


@pytest.mark.parametrize("error", [AttemptFailed("x", "Not yet."), RuntimeError("Let me be!")])
def test_what_an_agent_says_when_it_is_stopped_is_not_why_it_ended(
    tmp_path: Path, error: Exception
) -> None:
    attempts: list[int] = []

    async def sulks(assignment: Assignment, _: Line) -> Work:
        attempts.append(assignment.attempt)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise error from None
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=sulks) as shop:
            retry = Retry(attempts=5, wait_seconds=0.01)
            ended = await shop.finish(hand("a", total_seconds_max=0.1, retry=retry))
            assert failure_of(ended.states["a"]).code == "step.total_timed_out"
            assert attempts == [1]

    run(story())


def test_a_stopped_agent_that_complains_is_cancelled_all_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        begun = asyncio.Event()

        async def sulks(_: Assignment, __: Line) -> Work:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                raise AttemptFailed("x", "I was not done.") from None
            return Work()

        async with workshop(tmp_path, hand=sulks) as shop:
            shop.begin(hand("a"))
            await begun.wait()
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert isinstance(ended.states["a"], Cancelled)
            assert "attempt_failed" not in await shop.types()

    run(story())


def test_an_agent_that_falls_silent_loses_its_lease(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=endless) as shop:
            ended = await shop.finish(hand("a", heartbeat_seconds_max=0.1))
            assert failure_of(ended.states["a"]).code == "lease.expired"

    run(story())


def test_every_word_is_a_sign_of_life(tmp_path: Path) -> None:
    async def perform(_: Assignment, line: Line) -> Work:
        for number in range(3):
            await asyncio.sleep(0.1)
            line.progress(number, 3)
            await asyncio.sleep(0.1)
            line.log("info", "still here")
            await asyncio.sleep(0.1)
            line.usage(Usage(input_tokens=1))
        await asyncio.sleep(0.1)
        artifact = line.keep("a.txt", b"words", media_type="text/plain", title="A", obtained="so")
        await asyncio.sleep(0.1)
        await line.started(ProcessHandle(1, 1.0, 1))
        await asyncio.sleep(0.1)
        return Work(artifacts=(artifact,))

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            ended = await shop.finish(hand("a", heartbeat_seconds_max=0.5))
            assert ended.status == "succeeded"

    run(story())


def test_a_run_out_of_time_fails_with_all_its_steps(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=endless) as shop:
            ended = await shop.finish(hand("a"), hand("b", "a"), seconds_max=0.2)
            assert ended.status == "failed"
            assert [type(state) for state in ended.states.values()] == [Cancelled, Cancelled]
            assert ended.cancel_reason == "The run took longer than its limit of 0.2 s."

    run(story())


def test_a_run_that_ends_in_time_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=quick) as shop:
            assert (await shop.finish(hand("a"), seconds_max=1.0)).status == "succeeded"
            await asyncio.sleep(1.1)
            assert (await shop.types())[-1] == "run_settled"

    run(story())


# Cancelling.


def test_a_cancel_stops_what_works_and_starts_nothing_more(tmp_path: Path) -> None:
    cleaned: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        try:
            return await endless(assignment, line)
        finally:
            await asyncio.sleep(0.05)
            cleaned.append(assignment.step)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"), hand("b"), hand("c", "a"))
            await asyncio.sleep(0.05)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "cancelled"
            assert sorted(cleaned) == ["a", "b"]
            assert {type(state) for state in ended.states.values()} == {Cancelled}
            with pytest.raises(NotFound):
                shop.engine.cancel("run-2", "Enough.", actor="test")

    run(story())


def test_a_run_can_be_cancelled_before_its_first_lease_is_on_disk(tmp_path: Path) -> None:
    begun: list[str] = []

    async def perform(assignment: Assignment, _: Line) -> Work:
        begun.append(assignment.step)
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"), hand("b"))
            shop.execution.start("run-1", ("a",))
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "cancelled"
            assert begun == []

    run(story())


@pytest.mark.parametrize("at", [0, 1, 2, 3, 5, 8, 13])
def test_a_run_can_be_cancelled_at_any_moment(tmp_path: Path, at: int) -> None:
    async def perform(assignment: Assignment, _: Line) -> Work:
        await asyncio.sleep(0)
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            steps = [hand("s0"), *(hand(f"s{n}", f"s{n - 1}") for n in range(1, 30))]
            shop.begin(*steps)
            for _ in range(at):
                await asyncio.sleep(0)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "cancelled"
            assert (await shop.types())[-1] == "run_settled"
            with pytest.raises(NotFound):
                shop.engine.cancel("run-9", "Enough.", actor="test")

    run(story())


def test_an_attempt_that_is_cancelled_before_its_first_breath_ends_at_once(tmp_path: Path) -> None:
    begun: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        begun.append(assignment.step)
        return await endless(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            while not shop.engine._attempts:  # noqa: ASYNC110 - one turn of the loop at a time
                await asyncio.sleep(0)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            async with asyncio.timeout(30):
                ended = await shop.engine.settled("run-1")
            assert isinstance(ended.states["a"], Cancelled)

    run(story())
    assert begun in ([], ["a"])


def test_a_resting_step_of_a_cancelled_run_is_not_tried_again(tmp_path: Path) -> None:
    tries: list[int] = []

    async def perform(assignment: Assignment, _: Line) -> Work:
        tries.append(assignment.attempt)
        raise AttemptFailed("x", "Not yet.")

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a", retry=Retry(attempts=9, wait_seconds=0.2)))
            await asyncio.sleep(0.05)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            assert (await shop.engine.settled("run-1")).status == "cancelled"
            await asyncio.sleep(0.25)

    run(story())
    assert tries == [1]


def test_a_run_that_has_ended_cannot_be_cancelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=quick) as shop:
            await shop.finish(hand("a"))
            with pytest.raises(Rejected):
                shop.engine.cancel("run-1", "Enough.", actor="test")

    run(story())


def test_asking_twice_to_cancel_does_not_disturb_the_cleaning_up(tmp_path: Path) -> None:
    cleaned: list[bool] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        try:
            return await endless(assignment, line)
        finally:
            await asyncio.sleep(0.1)
            cleaned.append(True)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            await asyncio.sleep(0.05)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            await asyncio.sleep(0.02)
            shop.engine.cancel("run-1", "Enough!", actor="test")
            assert (await shop.engine.settled("run-1")).status == "cancelled"

    run(story())
    assert cleaned == [True]


def test_silence_while_cleaning_up_is_no_failure(tmp_path: Path) -> None:
    cleaned: list[bool] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        try:
            return await endless(assignment, line)
        finally:
            await asyncio.sleep(0.8)
            cleaned.append(True)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a", heartbeat_seconds_max=0.5))
            await asyncio.sleep(0.03)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert isinstance(ended.states["a"], Cancelled)

    run(story())
    assert cleaned == [True]


@pytest.mark.parametrize("because", ["cancel", "time"])
def test_an_agent_that_does_not_let_go_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, because: str
) -> None:
    monkeypatch.setattr(attempts, "CANCEL_SECONDS_MAX", 0.1)
    over = asyncio.Event()

    async def perform(_: Assignment, line: Line) -> Work:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue
        line.log("info", "late")
        line.usage(Usage(input_tokens=5))
        return Work(output="late")

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            retry = Retry(attempts=5, wait_seconds=0.0)
            seconds = 0.1 if because == "time" else 0.0
            shop.begin(hand("a", retry=retry, seconds_max=seconds))
            await asyncio.sleep(0.05)
            if because == "cancel":
                shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            if because == "cancel":
                assert ended.status == "cancelled"
                assert isinstance(ended.states["a"], Cancelled)
            else:
                assert failure_of(ended.states["a"]).code == "agent.hung"
                assert not failure_of(ended.states["a"]).retryable
            assert shop.registry.free == 1000
            over.set()
            await asyncio.sleep(0.05)
            await shop.journal.durable()
            folded, _ = await fold_run(shop.store, "run-1")
            assert repr(folded.states) == repr(ended.states)
            assert shop.engine.failure is None
            shop.begin(hand("a"), run="run-2")
            await shop.engine.settled("run-2")

    run(story())


def test_work_that_is_handed_in_despite_a_cancel_is_kept(tmp_path: Path) -> None:
    async def perform(_: Assignment, __: Line) -> Work:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            return Work(output="done all the same")
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            await asyncio.sleep(0.05)
            shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert ended.status == "cancelled"
            assert ended.states["a"] == Succeeded(Work(output="done all the same"))

    run(story())


# Output.


def test_output_is_kept_in_order_and_watched_as_it_comes(tmp_path: Path) -> None:
    received: list[str] = []
    moved: list[tuple[str, str, int, int, str]] = []

    async def perform(_: Assignment, line: Line) -> Work:
        for number in range(5):
            line.log("info", f"line {number}")
        line.progress(1, 2, "half")
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.output.listeners.append(lambda line: received.append(line.message))
            shop.engine.progress_listeners.append(lambda *what: moved.append(what))
            await shop.finish(hand("a"))
            stored = [line.message for line in shop.lines.read("run-1", step="a")]
            assert stored == received == [f"line {number}" for number in range(5)]

    run(story())
    assert moved == [("run-1", "a", 1, 2, "half")]


def test_much_output_is_written_in_portions_and_at_the_latest_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "LINES_MAX", 10)

    async def perform(assignment: Assignment, line: Line) -> Work:
        for number in range(25):
            line.log("info", f"line {number}")
        return await endless(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            await asyncio.sleep(0.05)
            assert len(shop.lines.read("run-1")) >= 20
            await asyncio.sleep(0.3)
            assert len(shop.lines.read("run-1")) == 25

    run(story())


def test_a_line_that_cannot_be_stored_hurts_no_run(tmp_path: Path) -> None:
    async def perform(_: Assignment, line: Line) -> Work:
        line.log("info", "a name of \udcff bytes")
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            assert (await shop.finish(hand("a"), run="run-1")).status == "succeeded"
            assert (await shop.finish(hand("a"), run="run-2")).status == "succeeded"

    run(story())


# Trouble with the log.


def test_a_log_that_cannot_be_written_stops_everything_and_says_so(tmp_path: Path) -> None:
    stopped: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        try:
            return await endless(assignment, line)
        finally:
            stopped.append(assignment.step)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"), run="run-1")
            await asyncio.sleep(0.05)
            shop.store.connection.execute("PRAGMA query_only = ON")
            shop.begin(hand("a"), run="run-2")
            for name in ("run-1", "run-2"):
                with pytest.raises(Unavailable) as no:
                    await shop.engine.settled(name)
                assert no.value.code == "log.unwritable"
            await asyncio.sleep(0.01)
            assert stopped == ["a"]
            assert isinstance(shop.engine.failure, Unavailable)
        async with workshop(tmp_path, hand=quick) as shop:
            assert shop.resumable == ["run-1"]

    run(story())


def test_an_engine_that_stopped_lets_nobody_wait_for_ever(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=quick) as shop:
            shop.store.connection.execute("PRAGMA query_only = ON")
            shop.begin(hand("a"), run="run-1")
            with pytest.raises(Unavailable):
                await shop.engine.settled("run-1")
            async with asyncio.timeout(30):
                with pytest.raises(Unavailable):
                    await shop.journal.durable()
            async with asyncio.timeout(30):
                with pytest.raises(Unavailable):
                    await shop.finish(hand("a"), run="run-2")

    run(story())


def test_an_engine_that_stopped_begins_nothing(tmp_path: Path) -> None:
    begun: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        begun.append(assignment.step)
        return await quick(assignment, line)

    def fault(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            monkeypatch = pytest.MonkeyPatch()
            monkeypatch.setattr(shop.execution, "success", fault)
            shop.begin(hand("a"), run="run-1")
            with pytest.raises(RuntimeError):
                await shop.engine.settled("run-1")
            shop.begin(hand("b"), run="run-2")
            await asyncio.sleep(0.05)
            assert begun == ["a"]

    run(story())


# Closing.


def test_nothing_begins_while_the_engine_closes(tmp_path: Path) -> None:
    begun: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        begun.append(assignment.step)
        return await endless(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, registered("hand", perform, 1)) as shop:
            shop.begin(hand("a"), hand("b"), hand("c"))
            await asyncio.sleep(0.05)
            assert begun == ["a"]
        await asyncio.sleep(0.05)
        assert begun == ["a"]

    run(story())


def test_a_step_that_ends_as_the_engine_closes_starts_nothing_more(tmp_path: Path) -> None:
    begun: list[str] = []
    last = asyncio.Event()

    async def perform(assignment: Assignment, line: Line) -> Work:
        begun.append(assignment.step)
        if assignment.step == "a":
            last.set()
        else:
            await asyncio.sleep(0.02)
        return Work()

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"), hand("b", "a"), hand("c", "b"))
            await last.wait()
        after_close = list(begun)
        await asyncio.sleep(0.1)
        assert begun == after_close

    run(story())
    assert "b" not in begun


def test_an_agent_may_speak_while_the_engine_closes(tmp_path: Path) -> None:
    async def perform(assignment: Assignment, line: Line) -> Work:
        try:
            return await endless(assignment, line)
        finally:
            line.log("info", "I had to leave.")
            line.usage(Usage(input_tokens=5))
            line.progress(1, 2)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            await asyncio.sleep(0.05)
        async with workshop(tmp_path, hand=perform) as shop:
            assert [line.message for line in shop.lines.read("run-1")] == ["I had to leave."]
            folded, _ = await fold_run(shop.store, "run-1")
            assert folded.usage == Usage(input_tokens=5, cost=None)

    run(story())


def test_a_run_that_is_halted_can_be_resumed(tmp_path: Path) -> None:
    stopped: list[str] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        if stopped:
            return await quick(assignment, line)
        try:
            return await endless(assignment, line)
        finally:
            stopped.append(assignment.step)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"), hand("b", "a"))
            await asyncio.sleep(0.05)
            await shop.engine.halt("run-1", "A second Ctrl-C.")
            assert stopped == ["a"]
            assert (await shop.types())[-1] == "attempt_interrupted"
            assert shop.registry.free == 1000
            shop.resume("run-1")
            assert (await shop.engine.settled("run-1")).status == "succeeded"

    run(story())


def test_resuming_a_run_that_goes_on_disturbs_nobody_who_waits_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=slow) as shop:
            shop.begin(hand("a"), hand("b", "a"))
            waiting = asyncio.create_task(shop.engine.settled("run-1"))
            await asyncio.sleep(0.01)
            shop.resume("run-1")
            async with asyncio.timeout(30):
                assert (await waiting).status == "succeeded"

    run(story())


def test_a_run_that_ended_is_let_go_from_memory(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=quick) as shop:
            for number in range(20):
                await shop.finish(hand("a"), run=f"run-{number}")
            await asyncio.sleep(0.01)
            assert len(shop.journal.runs) < 5
            assert len(shop.engine.waiting) < 5

    run(story())


def test_two_runs_of_one_mission_end_beside_each_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, hand=slow) as shop:
            shop.journal.handle_mission("mission-1", CreateMission("mission-1", "t", "goal"))
            for name in ("run-1", "run-2"):
                shop.journal.handle_mission("mission-1", StartMission(name))
            shop.begin(hand("a"), run="run-1", mission="mission-1")
            shop.begin(hand("a"), hand("b", "a"), run="run-2", mission="mission-1")
            for name in ("run-1", "run-2"):
                assert (await shop.engine.settled(name)).status == "succeeded"
            assert shop.journal.missions == {}

    run(story())


def test_a_lease_that_was_taken_back_on_its_way_to_the_disk_begins_nothing(tmp_path: Path) -> None:
    begun: list[int] = []

    async def perform(assignment: Assignment, line: Line) -> Work:
        begun.append(assignment.fence)
        return await endless(assignment, line)

    async def story() -> None:
        async with workshop(tmp_path, hand=perform) as shop:
            shop.begin(hand("a"))
            shop.engine._dispatch()
            assert "a" in shop.journal.runs["run-1"].working
            await shop.engine.halt("run-1", "Stopped.")
            await asyncio.sleep(0.05)
            assert begun == []
            assert shop.registry.free == 1000

    run(story())
