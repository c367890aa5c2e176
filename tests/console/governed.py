"""Workflows that ask people, for tests of the console, and waiting for what they ask."""

import asyncio
from typing import Any

import httpx

from tests.console.houses import House
from tests.console.running import API, saved

RELEASE = """\
name: release
inputs:
  tag: {type: string, default: v1}
steps:
  publish:
    title: Publish the tag
    agent: command
    effects: [pushes]
    approval: {from: [approver], expires: 2h}
    with: {argv: [echo, "${{ inputs.tag }}"]}
"""


async def waiting(house: House, tag: str = "v1", *, name: str = "olga", text: str = RELEASE) -> str:
    """Begin a run that asks for an approval; return the approval."""
    async with house.client("operator", name=name) as client:
        await saved(client, text)
        answer = await client.post(
            f"{API}/runs", json={"workflow": "release", "inputs": {"tag": tag}}
        )
        assert answer.status_code == 201, answer.text
        run = answer.json()["run"]
        for _ in range(400):
            rows = (await client.get(f"{API}/approvals")).json()["items"]
            found = [row["id"] for row in rows if row["run"] == run]
            if found:
                return str(found[0])
            await asyncio.sleep(0.02)
    raise AssertionError(f"{run} asks for nothing")


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """Return what the API says."""
    answer = await client.get(f"{API}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
