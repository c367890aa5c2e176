"""What an attempt says on a worker arrives at the engine once, in order, whatever is lost."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.workers.link import Link
from missioncontrol.application.permits import AnswerGiven
from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.run.states import Failed, Succeeded
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Line
from missioncontrol.ports.workers import Heard, Orders, Poll, Report
from tests.workers.together import SECRET, Place, hand, place, run

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.
USED = Usage(input_tokens=7, output_tokens=3, cost=10)


async def say_it_all(assignment: Assignment, line: Line) -> Work:
    for number in range(20):
        line.log("info", f"line {number}")
        line.usage(USED)
        await asyncio.sleep(0.01)
    kept = line.keep("a.txt", b"steel", media_type="text/plain", title="A", obtained="forged")
    return Work(output=f"{assignment.step} done", artifacts=(kept,))


class Losing(Link):
    """Loses answers, and asks many things twice."""

    turns = itertools.count()

    async def report(self, report: Report) -> Heard:
        heard = await super().report(report)
        if next(self.turns) % 2 == 0:
            raise Unavailable("worker.unreachable", "The answer was lost.")
        return await super().report(report) if heard.is_over else heard

    async def poll(self, poll: Poll) -> Orders:
        orders = await super().poll(poll)
        if next(self.turns) % 2 == 0:
            raise Unavailable("worker.unreachable", "The answer was lost.")
        return orders


@pytest.mark.parametrize("link", [Link, Losing])
def test_each_line_each_usage_and_the_work_arrive_once_and_in_order(
    tmp_path: Path, link: type[Link]
) -> None:
    async def story() -> None:
        async with place(tmp_path) as there, there.worker(say_it_all, link=link):
            ended = await there.finish(hand("a"))
            done = ended.states["a"]
            assert isinstance(done, Succeeded)
            assert done.work.output == "a done"
            assert there.held.artifacts.get(done.work.artifacts[0].digest) == b"steel"
            assert ended.usage == Usage(input_tokens=140, output_tokens=60, cost=200)
            lines = there.held.output_store.read("run-1", limit=1_000)
            assert [line.message for line in lines] == [f"line {n}" for n in range(20)]
            types = await there.types()
            assert types.count("step_started") == types.count("step_succeeded") == 1
            assert "report_refused" not in types

    run(story())


def test_usage_handed_in_with_the_work_alone_counts_once(tmp_path: Path) -> None:
    async def at_the_end(_: Assignment, __: Line) -> Work:
        return Work(usage=USED)

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(at_the_end):
            assert (await there.finish(hand("a"))).usage == USED

    run(story())


def test_files_of_an_earlier_step_are_there_and_secrets_of_the_worker_are_not(
    tmp_path: Path,
) -> None:
    async def pass_on(assignment: Assignment, line: Line) -> Work:
        if not assignment.upstream:
            content = f"the key is {SECRET}".encode()
            kept = line.keep("a.txt", content, media_type="text/plain", title="", obtained="")
            return Work(artifacts=(kept,))
        digest = assignment.upstream["a"].work.artifacts[0].digest
        folder = tmp_path / "box/leases" / f"{assignment.run}-{assignment.fence}" / "artifacts"
        line.log("info", f"again: {SECRET}")
        return Work(output=(folder / digest[:2] / digest[2:]).read_text())

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(pass_on):
            ended = await there.finish(hand("a"), hand("b", "a"))
            done = ended.states["b"]
            assert isinstance(done, Succeeded)
            assert done.work.output == "the key is [secret]"
            said = there.held.output_store.read("run-1", limit=10)
            assert [line.message for line in said] == ["again: [secret]"]

    run(story())


def test_a_model_call_is_admitted_and_an_action_permitted_by_the_server(tmp_path: Path) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        await line.admit("gpt-4o", input_tokens=10, output_tokens=10)
        line.usage(Usage(input_tokens=5, output_tokens=5, cost=None), model="gpt-4o")
        verdict = await line.permit(Action("command", "ls", {"argv": ["ls"]}, ("reads_files",)))
        return Work(output=verdict.is_allowed)

    async def refused(_: Assignment, line: Line) -> Work:
        try:
            await line.admit("a-model-of-unknown-price", input_tokens=10, output_tokens=10)
        except AttemptFailed as no:
            return Work(output=no.code)
        return Work(output="admitted")

    async def story(perform: Any, name: str) -> Any:
        async with place(tmp_path / name) as there:
            spending = Spending("gpt-4o", by_call=True)
            async with there.worker(perform, spending=spending):
                done = (await there.finish(hand("a", spending=spending))).states["a"]
                assert isinstance(done, Succeeded)
                return done.work.output

    assert run(story(ask, "one")) is True
    assert run(story(refused, "two")) in ("budget.unknown_price", "admitted")


def test_a_failure_arrives_as_the_agent_said_it(tmp_path: Path) -> None:
    async def fail(_: Assignment, __: Line) -> Work:
        raise AttemptFailed(
            "forge.cold", "No fire.", hint="Light it.", retryable=False, detail={"degrees": 4}
        )

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(fail):
            failed = (await there.finish(hand("a", attempts=3))).states["a"]
            assert isinstance(failed, Failed)
            assert (failed.failure.code, failed.failure.hint) == ("forge.cold", "Light it.")
            assert failed.failure.detail == {"degrees": 4}

    run(story())


def test_usage_told_before_and_after_a_restart_of_the_server_counts_once(tmp_path: Path) -> None:
    told, go_on = asyncio.Event(), asyncio.Event()

    async def two_parts(_: Assignment, line: Line) -> Work:
        line.usage(USED)
        told.set()
        await go_on.wait()
        line.usage(USED)
        return Work(output="both", usage=USED + USED)

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(two_parts))
                await there.begin(hand("a"))
                await told.wait()
                while "usage_reported" not in await there.types():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with there.server():
                go_on.set()
                ended = await there.held.engine.settled("run-1")
                assert ended.states["a"] == Succeeded(Work(output="both"))
                assert ended.usage == USED + USED
                types = await there.types()
                assert types.count("usage_reported") == 2
                assert "attempt_interrupted" not in types

    run(story())


def test_a_worker_takes_no_more_than_it_has_room_for(tmp_path: Path) -> None:
    at_work: list[int] = []
    most = 0

    async def count(assignment: Assignment, _: Line) -> Work:
        nonlocal most
        at_work.append(assignment.fence)
        most = max(most, len(at_work))
        await asyncio.sleep(0.05)
        at_work.remove(assignment.fence)
        return Work()

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(count):
            ended = await there.finish(*(hand(f"s{n}") for n in range(12)))
            assert ended.status == "succeeded"
            assert most == 4

    run(story())


@pytest.mark.parametrize("link", [Link, Losing])
def test_a_person_answers_beside_the_server_what_a_tool_asks_on_the_worker(
    tmp_path: Path, link: type[Link]
) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        verdict = await line.permit(Action("question", "How many?", {}))
        return Work(output=[verdict.answer, verdict.by])

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(ask, link=link):
            begun = await there.begin(hand("a"))
            while not (asked := _questions(there)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            (question,) = asked
            await there.held.office.do(AnswerGiven(question, 7), "user:ada")
            done = (await there.held.engine.settled(begun)).states["a"]
            assert isinstance(done, Succeeded)
            assert done.work.output == [7, "user:ada"]

    run(story())


def test_a_question_is_asked_again_by_the_next_server(tmp_path: Path) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        verdict = await line.permit(Action("question", "How many?", {}))
        return Work(output=verdict.answer)

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(ask))
                await there.begin(hand("a"))
                while not (first := _questions(there)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with there.server():
                while not (second := _questions(there) - first):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await there.held.office.do(AnswerGiven(second.pop(), 7), "user:ada")
                ended = await there.held.engine.settled("run-1")
                assert ended.states["a"] == Succeeded(Work(output=7))

    run(story())


def _questions(there: Place) -> set[str]:
    return {name for name in there.held.journal.others if name.startswith("question-")}
