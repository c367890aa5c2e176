"""The requests that the server of workers admits, and those that it refuses."""

import asyncio
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from missioncontrol.adapters.workers.tokens import TokenFile
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.budget.scopes import WORKSPACE
from missioncontrol.domain.run.states import Failed
from missioncontrol.domain.step import Risk, Spending
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.wire import Done, LogMessage, Refused, Used
from missioncontrol.ports.workers import (
    Given,
    Held,
    Introduction,
    Lease,
    Numbered,
    Offer,
    Orders,
    Poll,
    Report,
    ReportReceipt,
)
from tests.workers.together import Place, hand, place, run

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.
WHO = Introduction("box", "one", "1.0", "cellar", "Linux", 4, (Offer(AgentCard("hand"), 4),))


OPEN: list["Hand"] = []


def play(work: Coroutine[Any, Any, None], seconds: float = 30) -> None:
    """Run a story, and close what it opened."""

    async def closing() -> None:
        try:
            await work
        finally:
            while OPEN:
                await OPEN.pop().close()

    run(closing(), seconds)


class Hand:
    """A worker that does exactly what a test says, over HTTP."""

    def __init__(self, there: Place, name: str = "box") -> None:
        OPEN.append(self)
        self.token = TokenFile(there.held.home.workers).make(name)
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{there.port}", trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, path: str, ask: Any, token: str = "") -> tuple[int, Any]:
        answer = await self._client.post(
            f"/v1/{path}",
            content=ask if isinstance(ask, bytes) else msgspec.json.encode(ask),
            headers={"authorization": f"Bearer {token or self.token}"},
        )
        return answer.status_code, answer.json()

    async def poll(self, *holds: Held, room: int = 4, instance: str = "one") -> Orders:
        poll = Poll(instance, room, holds, seconds_max=0.3)
        status, reply = await self.ask("poll", poll)
        assert status == 200, reply
        return msgspec.convert(reply, Orders)

    async def given(self) -> Given:
        while not (orders := await self.poll()).give:
            pass
        return orders.give[0]

    async def say(self, lease: Lease, *messages: Numbered) -> ReportReceipt:
        status, reply = await self.ask("report", Report("one", lease, messages))
        assert status == 200, reply
        return msgspec.convert(reply, ReportReceipt)

    async def put(self, lease: Lease, digest: str, content: bytes) -> tuple[int, Any]:
        answer = await self._client.put(
            f"/v1/artifacts/{digest}",
            params={"run": lease.run, "step": lease.step, "fence": str(lease.fence)},
            content=content,
            headers={"authorization": f"Bearer {self.token}"},
        )
        return answer.status_code, answer.json()


def test_nobody_gets_in_without_a_token_or_under_another_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            status, reply = await box.ask("register", WHO, token="box:guessed")
            assert (status, reply["code"]) == (401, "worker.forbidden")
            status, reply = await box.ask("register", msgspec.structs.replace(WHO, name="shed"))
            assert (status, reply["code"]) == (401, "worker.forbidden")
            status, reply = await box.ask("poll", Poll("one"))
            assert (status, reply["code"]) == (404, "worker.unknown")

    play(story())


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 100_000, b'{"name": 1}', b"\xff"])
def test_a_malformed_request_is_refused_and_says_why(tmp_path: Path, body: bytes) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            status, reply = await box.ask("register", body)
            assert (status, reply["code"]) == (400, "worker.malformed")
            status, reply = await box.ask("elsewhere", body)
            assert (status, reply["code"]) == (404, "worker.no_such_endpoint")

    play(story())


def test_another_worker_of_that_name_is_refused_while_the_first_is_heard(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path, lease_seconds=0.5) as there:
            box = Hand(there)
            assert (await box.ask("register", WHO))[0] == 200
            other = msgspec.structs.replace(WHO, instance="two")
            status, reply = await box.ask("register", other)
            assert (status, reply["code"]) == (409, "worker.exists")
            while (await box.ask("register", other))[0] != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert (await box.ask("poll", Poll("one")))[0] == 404

    play(story())


def test_messages_count_once_and_in_order_and_a_file_is_asked_for_before_the_work(
    tmp_path: Path,
) -> None:
    content = b"steel"
    digest = hashlib.sha256(content).hexdigest()
    work = Work(artifacts=(ArtifactRef("a.txt", digest, 5, "text/plain"),))
    one, two = Numbered(1, LogMessage("info", "one")), Numbered(2, LogMessage("info", "two"))
    three = Numbered(3, Done(work))

    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            begun = await there.begin(hand("a"))
            lease = (await box.given()).lease
            assert await box.say(lease, two) == ReportReceipt(0)
            assert await box.say(lease, one) == ReportReceipt(1)
            assert await box.say(lease, one, two, three) == ReportReceipt(2, (digest,))
            status, reply = await box.put(lease, digest, b"rust")
            assert (status, reply["code"]) == (400, "artifact.bad_digest")
            assert (await box.put(lease, digest, content))[0] == 200
            assert await box.say(lease, three) == ReportReceipt(3, is_over=True)
            assert await box.say(lease, three) == ReportReceipt(3, is_over=True)
            assert (await box.put(lease, digest, content))[1]["code"] == "lease.lost"
            ended = await there.held.engine.settled(begun)
            assert ended.status == "succeeded"
            lines = there.held.output_store.read(begun, limit=10)
            assert [line.message for line in lines] == ["one", "two"]
            assert (await there.types()).count("step_succeeded") == 1
            assert not list((there.held.home.root / "incoming").iterdir())

    play(story())


def test_what_was_given_in_a_lost_answer_is_given_again_until_it_is_held(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            first, second = await box.given(), await box.given()
            assert first == second
            held = Held(first.lease)
            assert not (await box.poll(held)).give
            await box.say(first.lease, Numbered(1, Done(Work())))
            assert (await there.held.engine.settled("run-1")).status == "succeeded"

    play(story())


def test_one_worker_says_nothing_for_another(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box, shed = Hand(there), Hand(there, "shed")
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            lease = (await box.given()).lease
            await shed.ask("register", msgspec.structs.replace(WHO, name="shed", offers=()))
            reply = await shed.say(lease, Numbered(1, Done(Work(output="mine"))))
            assert reply == ReportReceipt(1, is_over=True, is_lost=True)
            assert "step_succeeded" not in await there.types()
            assert (await box.say(lease, Numbered(1, Done(Work(output="ours"))))).is_over
            assert (await there.held.engine.settled("run-1")).status == "succeeded"

    play(story())


def test_a_worker_whose_line_broke_is_not_heard_from_then_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path, lease_seconds=3) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            asking = asyncio.create_task(box.ask("poll", Poll("one", seconds_max=20)))
            worker = there.held.remote_workers.hub._registry.find("box")
            assert worker is not None
            while not worker.turn:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            before = worker.last_contact
            asking.cancel()
            await asyncio.sleep(1.2)  # As long as it would have been answered after.
            assert worker.last_contact == before

    play(story())


def test_a_lease_that_nobody_gave_is_to_be_ended_and_changes_nothing(tmp_path: Path) -> None:
    strange = Lease("run-unknown", "a", 7)

    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            assert (await box.poll(Held(strange))).lost == (strange,)
            reply = await box.say(strange, Numbered(1, Done(Work())))
            assert reply == ReportReceipt(1, is_over=True, is_lost=True)

    play(story())


def test_a_worker_that_no_longer_knows_of_a_step_has_lost_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            held = Held((await box.given()).lease)
            await box.poll(held)
            await box.poll()
            await box.poll()
            while "attempt_interrupted" not in await there.types():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert "attempt_failed" not in await there.types()

    play(story())


@pytest.mark.parametrize(
    ("risk", "attempts", "goes_on"),
    [
        ("read", 1, True),
        ("write", 1, False),
        ("write", 2, True),
        ("irreversible", 1, False),
        ("irreversible", 2, False),
    ],
)
def test_only_a_step_that_may_run_twice_begins_again_where_its_worker_is_silent(
    tmp_path: Path, risk: Risk, attempts: int, goes_on: bool
) -> None:
    async def story() -> None:
        async with place(tmp_path, lease_seconds=0.5) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a", attempts=attempts, risk=risk))
            await box.poll(Held((await box.given()).lease))
            end = "attempt_interrupted" if goes_on else "step_failed"
            while end not in await there.types():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if not goes_on:
                failed = (await there.held.engine.settled("run-1")).states["a"]
                assert isinstance(failed, Failed)
                assert failed.failure.code == "worker.lost"
                assert "`mission runs retry run-1 a`" in failed.failure.hint

    play(story())


@pytest.mark.parametrize("code", ["worker.restarted", "worker.left"])
def test_every_step_begins_again_whose_worker_has_ended(tmp_path: Path, code: str) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a", risk="irreversible"))
            lease = (await box.given()).lease
            await box.say(lease, Numbered(1, Refused(code, "It ended.")))
            while "attempt_interrupted" not in await there.types():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    play(story())


async def lost(there: Place, box: Hand, line: int) -> Lease:
    """Lose an attempt for which `line` tokens are charged as an estimate."""
    await box.ask("register", WHO)
    await there.begin(hand("a"))
    lease = (await box.given()).lease
    await box.poll(Held(lease))
    run = there.held.journal.runs["run-1"]
    call = Spending("gpt-5", line, 0)
    there.held.execution.meter.admit(run, run.steps["a"], lease.fence, call)
    await forgotten(there, box)
    return lease


async def forgotten(there: Place, box: Hand) -> None:
    """Make a worker forget its attempt, which is lost by that."""
    while "attempt_interrupted" not in await there.types():
        await box.poll(room=0)


def test_usage_that_is_told_late_counts_as_far_as_the_estimate_did_not_cover_it(
    tmp_path: Path,
) -> None:
    used = [Numbered(at, Used(Usage(tokens)), at) for at, tokens in ((1, 60), (2, 70), (3, 5))]

    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            lease = await lost(there, box, 100)
            spent = []
            for message in (*used, *used):
                await box.say(lease, message)
                account = there.held.budgets.ledger.account(WORKSPACE)
                spent.append(account.total.tokens)
            assert spent == [100, 130, 135, 135, 135, 135]

    play(story())


def test_an_estimate_of_an_earlier_call_does_not_cover_what_is_told_late(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            lease = (await box.given()).lease
            await box.poll(Held(lease))
            there.held.execution.usage("run-1", "a", lease.fence, Usage(100), estimated=True)
            await box.say(lease, Numbered(1, Used(Usage(7)), 1))
            await forgotten(there, box)
            await box.say(lease, Numbered(2, Used(Usage(8)), 2))
            assert there.held.budgets.ledger.account(WORKSPACE).total.tokens == 115

    play(story())


def test_a_step_that_no_worker_took_waits_until_one_is_heard_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path, lease_seconds=0.5) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            while "attempt_interrupted" not in await there.types():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert there.held.agents.life("hand").status(0) == "lost"
            await box.ask("register", WHO)
            lease = (await box.given()).lease
            assert (await box.say(lease, Numbered(1, Done(Work())))).is_over
            assert (await there.held.engine.settled("run-1")).status == "succeeded"

    play(story())
