"""The bound on what agents say: who sets it, what goes, and what the record says of it."""

import asyncio
from pathlib import Path

from missioncontrol.embedded import Workflow
from missioncontrol.ports.output_store import OutputLine
from tests.console.houses import House, console_house
from tests.console.streams import begin
from tests.console.test_live import busy

MEGABYTE = 1_000_000


async def _talked(house: House, size: int) -> str:
    """Make a run that has ended with so many bytes of output."""
    run = await begin(house, busy(1, seconds=0))
    await house.held.engine.settled(run)
    lines = [OutputLine(run, "s1", 1, 1, "info", "x" * 10_000) for _ in range(size // 10_000)]
    house.held.output_store.write(lines)
    return run


def test_beyond_the_bound_the_oldest_runs_lose_their_output_and_the_record_says_so(
    tmp_path: Path,
) -> None:
    async def keep() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            runs = [await _talked(house, MEGABYTE) for _ in range(4)]
            house.held.projector.save()
            assert await house.held.keeper.keep() == 0  # There is no bound yet.
            bound = {"bytes": 2 * MEGABYTE + 10, "reason": "A small disk"}
            answer = await client.put("/api/v1/retention", json=bound)
            assert (answer.status_code, answer.json()["output_bytes"]) == (200, bound["bytes"])
            assert await house.held.keeper.keep() == 2
            assert await house.held.keeper.keep() == 0
            store = house.held.output_store
            assert [store.written(run) for run in runs] == [0, 0, 100, 100]
            await house.console.present.catch_up()
            report = (await client.get("/api/v1/retention")).json()
            assert (report["removed_runs"], report["removed_bytes"]) == (2, 2 * MEGABYTE)
            removed = (await client.get("/api/v1/events?type=output_removed")).json()["items"]
            assert len(removed) == 1
            assert all(run in removed[0]["says"] for run in runs[:2])
            gone = (await client.get(f"/api/v1/logs?run={runs[0]}")).json()
            assert (gone["items"], gone["left_out"]) == ([], 100)

    asyncio.run(keep())


def test_neither_a_run_at_work_nor_the_last_that_spoke_loses_anything(tmp_path: Path) -> None:
    async def keep() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            slow = Workflow("slow")
            slow.add("wait", lambda step: asyncio.sleep(30))
            at_work = await begin(house, slow)
            lines = [OutputLine(at_work, "s1", 1, 1, "info", "x" * 10_000) for _ in range(200)]
            house.held.output_store.write(lines)
            newest = await _talked(house, 2 * MEGABYTE)
            house.held.projector.save()
            await client.put("/api/v1/retention", json={"bytes": MEGABYTE})
            assert await house.held.keeper.keep() == 0
            store = house.held.output_store
            assert (store.written(at_work), store.written(newest)) == (200, 200)

    asyncio.run(keep())


def test_the_bound_is_set_on_the_page_by_those_who_may(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            done = await client.post("/settings/retention", data={"gigabytes": "2.5"})
            assert done.status_code == 303
            shown = await client.get("/settings/retention")
            assert 'value="2.5"' in shown.text
            for wrong in ("much", "nan", "0.0001", "1e300"):
                refused = await client.post("/settings/retention", data={"gigabytes": wrong})
                assert refused.status_code == 422, wrong
            assert (await client.post("/settings/retention", data={})).status_code == 303
            assert (await client.get("/api/v1/retention")).json()["output_bytes"] is None
            async with house.client("operator") as operator:
                answer = await operator.put("/api/v1/retention", json={"bytes": MEGABYTE})
                assert answer.status_code == 403
                assert "Save limit" not in (await operator.get("/settings/retention")).text

    asyncio.run(ask())
