"""Kills an engine at random moments of its model calls, and compares calls with the ledger.

`python -m tests.attacks.kill_rounds --rounds 200` prints the figures.
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

import missioncontrol as mc
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.application.budgets import read_ledger
from missioncontrol.application.journal import READ_AT_ONCE
from missioncontrol.domain.budget.scopes import WORKSPACE, Cap
from missioncontrol.domain.step import Amount
from missioncontrol.testing.scripted_models import ModelServer, Reply, Request, serving


class Figures(msgspec.Struct, frozen=True):
    """What came of the kills."""

    kills: int
    calls: int  # that reached the model
    charges: int
    estimated: int  # charges of them for calls that a kill cut
    spent: int
    cap: int
    counted: int  # tokens that the model counted, of all calls together
    unmatched: int  # calls that neither a charge of their own nor an estimate pays for
    twice: int  # calls with more than one charge of their own


def flow() -> mc.Workflow:
    """Return a workflow whose only step calls a model through the gateway for ever."""
    workflow = mc.Workflow("talk")

    @workflow.step()
    async def talk(step: mc.StepContext) -> None:
        gateway = ENGINE[0]._control.workshops.gateway
        assert gateway is not None
        with gateway.access(step.assignment, step.line) as access:
            while True:
                await asyncio.to_thread(_call, access.url, access.key, _next_number())

    return workflow


ENGINE: list[mc.Engine] = []
NUMBERS: list[Path] = []
"""The file with a byte for each call that was begun, over all engines."""


def _next_number() -> int:
    with NUMBERS[-1].open("ab") as file:
        file.write(b".")
        return file.tell()


def _call(url: str, key: str, number: int) -> None:
    """Ask the model to count `number` input tokens, by which its charge is known."""
    text = f"{number} " + "x" * number  # As long: no shorter text can have so many tokens.
    messages = [{"role": "user", "content": text}]
    body = {"model": "scripted", "stream": True, "max_tokens": 50, "messages": messages}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


async def engine(home: Path, cap: int) -> None:
    """Carry the run on until it is killed, or halted at its cap."""
    workflow = flow()
    NUMBERS.append(home / "numbers")
    async with mc.Engine(home, workflows=[workflow]) as engine:
        ENGINE.append(engine)
        budgets = engine._control.budgets
        budgets.set_cap(Cap(WORKSPACE, "total", Amount(tokens=cap)), actor="ann", reason="All.")
        run = runs_of(home)[-1:]
        if run and not (await engine.state(run[0])).is_settled:
            result = await engine.resume(run[0])
        else:  # One whose step was interrupted too often has failed.
            name = await engine.start(workflow)
            with (home / "runs").open("a") as file:
                file.write(f"{name}\n")
            result = await engine.wait(name)
        print(result.status, result.reason, flush=True)


def runs_of(home: Path) -> list[str]:
    """Return the runs that were begun, the oldest first."""
    file = home / "runs"
    return file.read_text().split() if file.exists() else []


def kill_once(home: Path, cap: int, seconds: float, models: ModelServer) -> bool:
    """Kill an engine some time after its first call; False where it ended by itself."""
    before = len(models.calls)
    argv = [sys.executable, "-m", "tests.attacks.kill_rounds", "--home", str(home)]
    with subprocess.Popen([*argv, "--cap", str(cap)], stdout=subprocess.DEVNULL) as work:
        end = time.monotonic() + 30
        while len(models.calls) == before and work.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(seconds)
        was_alive = work.poll() is None
        work.kill()
    return was_alive


async def figures(home: Path, kills: int, asked: list[int], cap: int) -> Figures:
    """Read from the log alone what was charged; `asked` are the calls that reached the model."""
    store = SqliteEventStore(home / "log.db", writable=False)
    usages: list[Any] = []
    for run in runs_of(home):
        rows = await store.read_stream(run, limit=READ_AT_ONCE)
        usages += [msgspec.json.decode(row.body) for row in rows if row.type == "usage_reported"]
    estimated = sum(bool(each.get("estimated")) for each in usages)
    own = Counter(each["usage"]["input_tokens"] for each in usages if not each.get("estimated"))
    without = [number for number in asked if number not in own]
    ledger = await read_ledger(store)
    assert ledger is not None
    spent = ledger.account(WORKSPACE).total.tokens
    store.close()
    return Figures(
        kills,
        calls=len(asked),
        charges=len(usages),
        estimated=estimated,
        spent=spent,
        cap=cap,
        counted=sum(asked) + SAID * len(asked),
        unmatched=max(0, len(without) - estimated),
        twice=sum(times > 1 for times in own.values()),
    )


def number_of(request: Request) -> int:
    """Return the number that stands in a request."""
    return int(request.body["messages"][0]["content"].split()[0])


SAID = 20
"""Output tokens that the model counts of each answer."""


def rounds(home: Path, count: int, seed: int, cap: int) -> Figures:
    """Kill up to `count` engines in turn, and have the last one charge what is open."""
    chance, kills = random.Random(seed), 0

    def reply(request: Request) -> Reply:
        return Reply(
            "word " * 3,
            seconds=chance.choice((0.0, 0.02, 0.2)),
            input_tokens=number_of(request),
            cached_tokens=0,
            output_tokens=SAID,
        )

    with serving(reply) as models:
        home.mkdir(parents=True, exist_ok=True)
        (home / "gateway.toml").write_text(
            f'[[upstreams]]\nname = "local"\nbase_url = "{models.url}"\napi = "openai"\n'
        )
        for _ in range(count):
            if not kill_once(home, cap, chance.uniform(0, 0.4), models):
                break  # The run is halted: the cap pays for no further call.
            kills += 1
        calls = list(map(number_of, models.calls))
    asyncio.run(_recover(home))
    return asyncio.run(figures(home, kills, calls, cap))


async def _recover(home: Path) -> None:
    async with mc.Engine(home):
        pass


def fault_of(found: Figures) -> str:
    """Say what breaks the rule that each call is charged, once, within the cap; '' if nothing."""
    if found.unmatched or found.twice:
        return f"{found.unmatched} calls are not paid, {found.twice} are paid twice"
    if found.spent < found.counted:
        return f"{found.spent} tokens charged of {found.counted} that the model counted"
    if found.charges < found.calls:
        return f"{found.calls - found.charges} calls are missing from the ledger"
    if found.charges > found.calls + found.kills:
        return f"{found.charges - found.calls} charges are of no call"
    return f"{found.spent} spent of {found.cap}" if found.spent > found.cap else ""


def main() -> None:
    """Kill as often as asked, or be the engine that is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cap", type=int, default=1_900_000)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    if given.home is not None:
        asyncio.run(engine(given.home, given.cap))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = rounds(Path(folder) / "home", given.rounds, given.seed, given.cap)
    print(msgspec.json.encode(found).decode(), fault_of(found) or "holds")


if __name__ == "__main__":
    main()
