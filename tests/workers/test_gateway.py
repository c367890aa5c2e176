"""A tool on a worker calls models through the gateway of the server, under its caps."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from missioncontrol.domain.run.states import Succeeded
from missioncontrol.domain.work import Work
from missioncontrol.interfaces.workers import GatewayDoor
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.ports.gateway import Access
from tests.gateway.answers import chat_stream
from tests.gateway.upstream import Script, ScriptedUpstream, scripted
from tests.workers.test_server import WHO, Hand
from tests.workers.together import Place, hand, place, run

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.
ASKED = {"model": "gpt-4o", "stream": True, "messages": [], "max_tokens": 50}


@asynccontextmanager
async def gateway(root: Path, *scripts: Script) -> AsyncIterator[tuple[Place, ScriptedUpstream]]:
    async with scripted(*scripts) as upstream:
        (root / "home").mkdir()
        (root / "home/gateway.toml").write_text(
            f'[[upstreams]]\nname = "local"\nbase_url = "{upstream.url}/v1"\napi = "openai"\n'
        )
        async with place(root) as there:
            yield there, upstream


@asynccontextmanager
async def door(there: Place) -> AsyncIterator[GatewayDoor]:
    made = GatewayDoor(f"http://127.0.0.1:{there.port}", there.token)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def call(access: Access, **more: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        return await client.post(
            f"{access.url}/v1/chat/completions?beta=1",
            json={**ASKED, **more},
            headers={"authorization": f"Bearer {access.key}", "x-mission-run": "another"},
        )


def test_a_call_is_passed_on_whole_and_counts_for_its_step_until_that_is_over(
    tmp_path: Path,
) -> None:
    chunks = chat_stream("Hel", "lo")
    doors: list[GatewayDoor] = []
    lent: list[Access] = []

    async def ask(assignment: Assignment, line: Line) -> Work:
        with doors[0].access(assignment, line, models=("gpt-4o",)) as access:
            lent.append(access)
            answer = await call(access)
            refused = await call(access, model="gpt-4.1")
            return Work(output=[answer.status_code, answer.text, refused.status_code])

    async def story() -> None:
        async with (
            gateway(tmp_path, Script(chunks)) as (there, upstream),
            there.worker(ask),
            door(there) as opened,
        ):
            doors.append(opened)
            ended = await there.finish(hand("a"))
            done = ended.states["a"]
            assert isinstance(done, Succeeded)
            status, text, refused = done.work.output
            assert (status, refused) == (200, 403)
            assert "Hel" in text
            assert "[DONE]" in text
            assert (ended.usage.input_tokens, ended.usage.output_tokens) == (120, 9)
            (seen,) = upstream.seen
            assert seen.target == "/v1/chat/completions?beta=1"
            headers = " ".join([*seen.headers, *seen.headers.values()])
            assert "x-mission" not in headers
            assert lent[0].key not in headers
            assert opened._token not in headers
            assert (await call(lent[0])).status_code == 401

    run(story())


def test_a_stream_is_cut_when_its_attempt_is_over(tmp_path: Path) -> None:
    doors: list[GatewayDoor] = []
    calls: list[asyncio.Task[httpx.Response]] = []

    async def leave(assignment: Assignment, line: Line) -> Work:
        with doors[0].access(assignment, line) as access:
            calls.append(asyncio.create_task(call(access)))
            await upstreams[0].asked.wait()
            return Work()

    upstreams: list[ScriptedUpstream] = []

    async def story() -> None:
        script = Script(chat_stream("Hel", "lo"), hold_after=1)
        async with gateway(tmp_path, script) as (there, upstream):
            upstreams.append(upstream)
            async with there.worker(leave), door(there) as opened:
                doors.append(opened)
                assert (await there.finish(hand("a"))).status == "succeeded"
                await upstream.closed.wait()
                with pytest.raises(httpx.HTTPError):
                    (await calls[0]).raise_for_status()

    run(story())


def test_a_worker_calls_no_model_for_an_attempt_that_it_does_not_have(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway(tmp_path, Script(chat_stream("Hello"))) as (there, upstream):
            box = Hand(there)
            await box.ask("register", WHO)
            begun = await there.begin(hand("a"))
            lease = (await box.given()).lease
            other = Hand(there, "shed")
            claim = {"x-mission-run": begun, "x-mission-step": "a", "x-mission-fence": "1"}
            async with httpx.AsyncClient(trust_env=False) as client:
                url = f"http://127.0.0.1:{there.port}/v1/gateway/v1/chat/completions"
                for token, status in ((other.token, 404), ("box:guessed", 401)):
                    headers = {**claim, "authorization": f"Bearer {token}"}
                    answer = await client.post(url, json=ASKED, headers=headers)
                    assert answer.status_code == status, answer.text
                headers = {**claim, "authorization": f"Bearer {box.token}"}
                answer = await client.post(url, json=ASKED, headers=headers)
                assert answer.status_code == 200, answer.text
            assert lease.fence == 1
            assert len(upstream.seen) == 1
            await box.close()
            await other.close()

    run(story())


def test_without_a_gateway_at_the_server_a_call_says_so(tmp_path: Path) -> None:
    doors: list[GatewayDoor] = []

    async def ask(assignment: Assignment, line: Line) -> Work:
        with doors[0].access(assignment, line) as access:
            answer = await call(access)
            return Work(output=[answer.status_code, answer.json()["error"]["code"]])

    async def story() -> None:
        async with place(tmp_path) as there, there.worker(ask), door(there) as opened:
            doors.append(opened)
            done = (await there.finish(hand("a"))).states["a"]
            assert done == Succeeded(Work(output=[503, "gateway.not_open"]))

    run(story())
