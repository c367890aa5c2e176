"""Our gateway in a process of its own: durable reservations for every call, and the full call log.

Run as `python -m bench.gateway.ours UPSTREAM_PORT FOLDER`; it prints its port and its key.
"""

import asyncio
import sys
from pathlib import Path

from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.prices import GenaiPrices
from missioncontrol.application.budgets import Budgets
from missioncontrol.application.journal import Journal
from missioncontrol.application.model_calls import LedgerAccount
from missioncontrol.domain.budget.scopes import Scope, scopes_of
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Amount
from missioncontrol.interfaces.gateway.keys import Caller, MemoryKeys
from missioncontrol.interfaces.gateway.server import GatewayServer
from missioncontrol.interfaces.gateway.settings import GatewayPolicy, Upstream


async def main(port: str, folder: str) -> None:
    """Serve until the process is ended."""
    clock = SystemClock()
    store = SqliteEventStore(Path(folder) / "log.db", writable=True)
    journal = Journal(store, clock)
    budgets = Budgets(journal, GenaiPrices())
    await budgets.open()
    budgets.open_run("run-bench", "bench", Amount(tokens=10**12))
    account = LedgerAccount(budgets, journal, SystemIds(), _scopes)
    keys = MemoryKeys(clock.now)
    gateway = GatewayServer(
        GatewayPolicy(calls_per_minute=10**6),
        [Upstream("bench", f"http://127.0.0.1:{port}/v1", "openai")],
        keys,
        SqliteCallLog(Path(folder) / "calls.db"),
        secret=str,
        price=lambda model: budgets.prices.price(model, clock.now()),
        scrub=Scrubber(["a-secret-of-the-benchmark"]).bytes,
    )
    print(await gateway.open(), keys.issue(Caller("bench", account, agent="bench")), flush=True)
    await _commit_all(journal)


def _scopes(model: str) -> tuple[Scope, ...]:
    return scopes_of("run-bench", "bench", agent="bench", model=model)


async def _commit_all(journal: Journal) -> None:
    """Commit whatever was decided, as the engine does: together, as soon as there is something."""
    due = asyncio.Event()
    journal.wake = due.set
    while True:
        await due.wait()
        due.clear()
        await journal.commit()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
