"""The console answers, and refuses."""

import asyncio
from pathlib import Path

from tests.console.houses import console_house


def test_what_is_unknown_is_told_as_a_problem(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            answer = await client.post("/api/v1/runs/run-none/cancel")
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == "run.unknown"

    asyncio.run(ask())


def test_a_viewer_changes_nothing_and_nobody_sees_nothing(tmp_path: Path) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            async with house.client("viewer") as client:
                assert (await client.post("/api/v1/runs/run-none/cancel")).status_code == 403
            async with house.client() as client:
                assert (await client.post("/api/v1/runs/run-none/cancel")).status_code == 401

    asyncio.run(ask())
