"""The client for programs that do several things at once says what the other one says."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import assert_type

import pytest

from missioncontrol.application.cloud_event import CloudEvent
from missioncontrol.application.queries.runs import RunDetail, RunItem
from missioncontrol.client import AsyncClient, Client, Page, problem_of
from missioncontrol.client.calls import WAITS
from missioncontrol.client.shapes import StartedRun
from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from tests.console.houses import console_house
from tests.console.running import GREETING
from tests.console.streams import served
from tests.console.test_client import CuttingProxy


def of_client(tmp_path: Path, work: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Have `work` use a client of a house that is served."""

    async def live() -> None:
        async with (
            console_house(tmp_path) as house,
            served(house, "admin") as plain,
            AsyncClient(str(plain.base_url), "token") as client,
        ):
            await work(client)

    asyncio.run(live())


def test_a_run_is_begun_and_others_are_read_while_somebody_waits_for_it(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        await client.workflows.save(GREETING)
        begun = assert_type(await client.runs.start("greeting", inputs={"name": "Ada"}), StartedRun)
        waiting = asyncio.create_task(client.runs.wait(begun.run, seconds_max=30))
        steps = [step.step async for step in client.runs.steps(begun.run)]
        assert steps[:1] == ["greet"]
        ended = assert_type(await waiting, RunDetail)
        assert ended.outputs == {"said": "Hello, Ada.\n"}
        assert "Hello, Ada." in [line.message async for line in client.logs.list(run=begun.run)]
        assert (await client.search("greeting")).hits

    of_client(tmp_path, work)


def test_pages_follow_each_other(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        await client.workflows.save(GREETING)
        begun = [(await client.runs.start("greeting")).run for _ in range(4)]
        page = assert_type(await client.runs.list().page(limit=3), Page[RunItem])
        rest = await client.runs.list().page(page.next, limit=3)
        assert [run.id for run in (*page.items, *rest.items)] == begun[::-1]
        assert [run.id async for run in client.runs.list()] == begun[::-1]

    of_client(tmp_path, work)


def test_one_key_asked_for_at_once_begins_one_run(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        await client.workflows.save(GREETING)
        asking = [client.runs.start("greeting", key="once") for _ in range(8)]
        assert len({begun.run for begun in await asyncio.gather(*asking)}) == 1

    of_client(tmp_path, work)


def test_a_refusal_has_the_problem_that_the_server_told(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        with pytest.raises(NotFound) as unknown:
            await client.runs.get("run-none")
        problem = problem_of(unknown.value)
        assert problem is not None
        assert (problem.status, problem.code, problem.title) == (404, "run.unknown", "Not Found")
        assert problem.type == "urn:mission-control:run.unknown"
        with pytest.raises(Rejected) as bad:
            await client.approvals.list("asleep").page()  # type: ignore[arg-type]
        problem = problem_of(bad.value)
        assert problem is not None
        assert problem.status == 400
        assert "asleep" in str(problem.faults)

    of_client(tmp_path, work)


def test_a_stream_that_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        await client.workflows.save(GREETING)
        for _ in range(5):
            await client.runs.wait((await client.runs.start("greeting")).run, seconds_max=30)
        until = (await client.events.head()).position
        proxy = CuttingProxy(int(client.url.rpartition(":")[2]), after=4_000)
        await proxy.open()
        found: list[int] = []
        try:
            url = f"http://127.0.0.1:{proxy.port}"
            async with (
                AsyncClient(url, "token") as other,
                aclosing(other.events.stream(after=0)) as events,
            ):
                async for event in events:
                    found.append(assert_type(event, CloudEvent).position)
                    if event.position == until:
                        break
        finally:
            await proxy.close()
        assert found == list(range(1, until + 1))
        assert proxy.cuts >= 10

    of_client(tmp_path, work)


def test_what_is_saved_is_whole_or_not_there(tmp_path: Path) -> None:
    async def work(client: AsyncClient) -> None:
        await client.workflows.save(GREETING)
        place = tmp_path / "log.jsonl"
        assert await client.audit.export(place) == place.stat().st_size > 0
        with pytest.raises(NotFound):
            await client.artifacts.save("0" * 64, tmp_path / "none")
        assert (await client.audit.verify(seconds_max=30)).state == "done"

    of_client(tmp_path, work)
    assert not list(tmp_path.glob("none*"))


def test_a_silent_server_is_told_of_after_some_tries() -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    async def live() -> None:
        async with AsyncClient("http://127.0.0.1:9", "token") as client:
            client.line.wait = wait
            await client.runs.counts()

    with pytest.raises(Unavailable) as silent:
        asyncio.run(live())
    assert silent.value.code == "server.silent"
    assert waited == list(WAITS)


def test_each_method_says_what_it_takes_and_what_it_does() -> None:
    with Client("http://127.0.0.1:9", "token") as client:
        resources = {
            name: each for name, each in vars(client).items() if name not in ("line", "url")
        }
        assert len(resources) == 36
        for name, resource in resources.items():
            for verb in [each for each in dir(type(resource)) if not each.startswith("_")]:
                method = getattr(resource, verb)
                assert inspect.getdoc(method), (name, verb)
                assert "self" not in inspect.signature(method).parameters, (name, verb)
