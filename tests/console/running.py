"""Workflows that tests of the console run, and waiting for what comes of them."""

import asyncio
import time
from typing import Any

import httpx

API = "/api/v1"

GREETING = """\
name: greeting
inputs:
  name: {type: string, default: world}
outputs:
  said: ${{ steps.greet.output.stdout }}
steps:
  greet:
    title: Say hello
    agent: command
    effects: [reads_files]
    with: {argv: [echo, "Hello, ${{ inputs.name }}."]}
  check:
    needs: greet
    agent: command
    effects: [reads_files]
    with: {argv: [sh, -c, 'test "$0" != nobody', "${{ inputs.name }}"]}
  close:
    needs: check
    agent: command
    effects: [reads_files]
    with: {argv: ["true"]}
"""
FAILING = {"workflow": "greeting", "inputs": {"name": "nobody"}}


async def saved(client: httpx.AsyncClient, text: str) -> None:
    """Save a workflow."""
    answer = await client.post(f"{API}/workflows", json={"text": text})
    assert answer.status_code in (200, 201), answer.text


async def begun(client: httpx.AsyncClient, **asked: Any) -> str:
    """Begin a run and return its id."""
    answer = await client.post(f"{API}/runs", json=asked)
    assert answer.status_code == 201, answer.text
    run: str = answer.json()["run"]
    assert answer.headers["location"] == f"{API}/runs/{run}"
    return run


async def ended(client: httpx.AsyncClient, run: str, seconds_max: float = 20.0) -> dict[str, Any]:
    """Return a run once it has ended, or waits, or is halted."""
    return await until(
        client, run, lambda status: status not in ("queued", "running", "cancelling"), seconds_max
    )


async def until(
    client: httpx.AsyncClient, run: str, holds: Any, seconds_max: float = 20.0
) -> dict[str, Any]:
    """Return a run once its status is as wanted."""
    latest = time.monotonic() + seconds_max
    while True:
        view: dict[str, Any] = (await client.get(f"{API}/runs/{run}")).json()
        if holds(view["status"]):
            return view
        assert time.monotonic() < latest, view
        await asyncio.sleep(0.02)
