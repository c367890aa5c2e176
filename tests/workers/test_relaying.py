"""What an attempt says on a worker arrives at the engine once, in order, whatever is lost."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.workers import worker as workers
from missioncontrol.adapters.workers.server_client import ServerClient
from missioncontrol.adapters.workers.worker import StateDirectory
from missioncontrol.application.tool_permissions import AnswerGiven
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.run.states import Failed, Succeeded
from missioncontrol.domain.step import Spending
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Action, Assignment, AttemptFailed, Line
from missioncontrol.ports.workers import Orders, Poll, Report, ReportReceipt
from tests.workers.together import SECRET, Place, hand, place, run

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.
USED = Usage(input_tokens=7, output_tokens=3, cost=10)


async def say_it_all(assignment: Assignment, line: Line) -> Work:
    for number in range(20):
        line.log("info", f"line {number}")
        line.usage(USED)
        await asyncio.sleep(0.01)
    artifact = line.keep("a.txt", b"steel", media_type="text/plain", title="A", obtained="forged")
    return Work(output=f"{assignment.step} done", artifacts=(artifact,))


class Losing(ServerClient):
    """Loses answers, and asks many things twice."""

    turns = itertools.count()

    async def report(self, report: Report) -> ReportReceipt:
        reply = await super().report(report)
        if next(self.turns) % 2 == 0:
            raise Unavailable("worker.unreachable", "The answer was lost.")
        return await super().report(report) if reply.is_over else reply

    async def poll(self, poll: Poll) -> Orders:
        orders = await super().poll(poll)
        if next(self.turns) % 2 == 0:
            raise Unavailable("worker.unreachable", "The answer was lost.")
        return orders


@pytest.mark.parametrize("link", [ServerClient, Losing])
def test_each_line_each_usage_and_the_work_arrive_once_and_in_order(
    tmp_path: Path, link: type[ServerClient]
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
            artifact = line.keep("a.txt", content, media_type="text/plain", title="", obtained="")
            return Work(artifacts=(artifact,))
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
            lines = there.held.output_store.read("run-1", limit=10)
            assert [line.message for line in lines] == ["again: [secret]"]

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
    reported, go_on = asyncio.Event(), asyncio.Event()

    async def two_parts(_: Assignment, line: Line) -> Work:
        line.usage(USED)
        reported.set()
        await go_on.wait()
        line.usage(USED)
        return Work(output="both", usage=USED + USED)

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(two_parts))
                await there.begin(hand("a"))
                await reported.wait()
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


class Unheard(ServerClient):
    """Loses every answer to a report for a while: the server has accepted it."""

    is_cut = False

    async def report(self, report: Report) -> ReportReceipt:
        reply = await super().report(report)
        if Unheard.is_cut:
            raise Unavailable("worker.unreachable", "The answer was lost.")
        return reply


def test_lines_that_a_server_stored_and_did_not_acknowledge_are_stored_once(
    tmp_path: Path,
) -> None:
    go_on = asyncio.Event()

    async def in_two_parts(_: Assignment, line: Line) -> Work:
        for number in range(5):
            line.log("info", f"line {number}")
            line.progress(number, 10)
        await go_on.wait()
        for number in range(5, 10):
            line.log("info", f"line {number}")
        return Work()

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        Unheard.is_cut = True
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(in_two_parts, link=Unheard))
                await there.begin(hand("a"))
                while len(there.held.output_store.read("run-1", limit=100)) < 5:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with there.server():
                Unheard.is_cut = False
                go_on.set()
                assert (await there.held.engine.settled("run-1")).status == "succeeded"
                lines = there.held.output_store.read("run-1", limit=100)
                assert [line.message for line in lines] == [f"line {n}" for n in range(10)]

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


@pytest.mark.parametrize("link", [ServerClient, Losing])
def test_a_person_answers_beside_the_server_what_a_tool_asks_on_the_worker(
    tmp_path: Path, link: type[ServerClient]
) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        verdict = await line.permit(Action("question", "How many?", {}))
        return Work(output=[verdict.answer, verdict.by])

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(ask, link=link):
            begun = await there.begin(hand("a"))
            while not (asked := questions(there)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            (question,) = asked
            await there.held.command_bus.do(AnswerGiven(question, 7), "user:ada")
            done = (await there.held.engine.settled(begun)).states["a"]
            assert isinstance(done, Succeeded)
            assert done.work.output == [7, "user:ada"]

    run(story())


class Away(ServerClient):
    """Hears nothing from the server for a while."""

    is_away = False

    async def poll(self, poll: Poll) -> Orders:
        if Away.is_away:
            raise Unavailable("worker.unreachable", "It is not heard.")
        return await super().poll(poll)


async def ask_how_many(_: Assignment, line: Line) -> Work:
    verdict = await line.permit(Action("question", "How many?", {}))
    return Work(output=verdict.answer)


@pytest.mark.parametrize("is_early", [False, True])
def test_a_question_outlasts_its_server_and_is_asked_once(tmp_path: Path, is_early: bool) -> None:
    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(ask_how_many, link=Away))
                await there.begin(hand("a"))
                while not questions(there):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                (question,) = questions(there)
            Away.is_away = is_early
            async with there.server():
                await there.held.command_bus.do(AnswerGiven(question, 7), "user:ada")
                Away.is_away = False
                ended = await there.held.engine.settled("run-1")
                assert ended.states["a"] == Succeeded(Work(output=7))
                assert [row.id for row in there.held.tables.all_listed("question")] == [question]

    run(story())


def test_an_approval_outlasts_its_server_and_holds_for_that_attempt(tmp_path: Path) -> None:
    async def ask(_: Assignment, line: Line) -> Work:
        verdict = await line.permit(Action("command", "rm", {"argv": ["rm"]}, ("writes_files",)))
        return Work(output=[verdict.is_allowed, verdict.by])

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                await staying.enter_async_context(there.worker(ask))
                await there.begin(hand("a"))
                while not there.held.approvals.pending():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                (first,) = there.held.approvals.pending()
            async with there.server():
                await there.held.approvals.approve(first.id, actor="user:bob", reason="Go on.")
                ended = await there.held.engine.settled("run-1")
                assert ended.states["a"] == Succeeded(Work(output=[True, "user:bob"]))
                assert [row.id for row in there.held.tables.all_listed("approval")] == [first.id]

    run(story())


def test_a_question_whose_worker_does_not_come_back_is_withdrawn(tmp_path: Path) -> None:
    async def story() -> None:
        there = Place(tmp_path, 1.0)
        async with there.server(), there.worker(ask_how_many):
            await there.begin(hand("a"))
            while not questions(there):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        async with there.server():
            while there.held.tables.all_listed("question", is_open=True):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert len(there.held.tables.all_listed("question")) == 1

    run(story())


@pytest.mark.parametrize(
    "url",
    ["", "ftp://h", "h:1", "http://", "http://h:port", "http://[::1", "http://a b", "http://h/?x"],
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(Rejected, match="is not the address of a server"):
        ServerClient(url, "box:token")


def test_a_worker_that_is_told_to_leave_does_so_though_the_server_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "FAREWELL_SECONDS_MAX", 0.1)
    begun, reported = asyncio.Event(), asyncio.Event()

    async def wait(_: Assignment, __: Line) -> Work:
        begun.set()
        await reported.wait()
        return Work(output="said")

    async def story() -> None:
        there = Place(tmp_path, 60.0)
        async with AsyncExitStack() as staying:
            async with there.server():
                worker = await staying.enter_async_context(there.worker(wait))
                await there.begin(hand("a"))
                await begun.wait()
            worker.drain()
            reported.set()
            while not _is_free(tmp_path / "box"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        async with there.server(), there.worker(wait):
            ended = await there.held.engine.settled("run-1")
            assert ended.states["a"] == Succeeded(Work(output="said"))
            assert (await there.types()).count("step_started") == 1

    run(story())


def _is_free(root: Path) -> bool:
    state = StateDirectory(root)
    try:
        state.lock()
    except Unavailable:
        return False
    state.release()
    return True


def questions(there: Place) -> set[str]:
    return {name for name in there.held.journal.others if name.startswith("question-")}
