"""The whole cockpit of ten million events as a browser loads it, and events that come in meanwhile.

`mission up` serves both, as it does for a team: the gate, the console and the warehouse are real.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.analytics import incoming, world
from bench.console.served import memory_of, served
from bench.harness import folder_of_repository, quiet_environment
from bench.measure import Measure, rounded
from missioncontrol.adapters.clocks import SystemClock

COLD_SECONDS_MAX, WARM_MS_MAX, RATE_MIN, MIB_MAX = 1.5, 150.0, 50_000.0, 1024.0
ROUNDS = 20
SENT = 600_000
"""Events that come in while the page is looked at."""

PANELS = ("summary", "figures", "funnel", "alerts", "retention", "active", "conversion")
LOOK_EVERY = 1.0
AT_ONCE = 6
"""So many connections a browser has to one host."""


def page(folder: Path) -> Iterator[Measure]:
    """Measure the page, then the page and the gate at once, then what memory they took."""
    home = folder / "cockpit"
    key = _furnished(home)
    made = folder / "page.parquet"
    day = datetime.fromtimestamp(SystemClock().now(), UTC).date()
    world.write(made, datetime.combine(day, datetime.min.time()))
    (home / "analytics").mkdir(mode=0o700, exist_ok=True)
    stored, _ = world.store(made, home / "analytics" / "events.duckdb")
    made.unlink()
    with served(home) as client:
        yield from _looked_at(client, stored)
        yield from _meanwhile(client, key)
        yield _memory(home, stored)


def _furnished(home: Path) -> str:
    """Make a home with a product; return the write key of a source."""
    _told(home, "add-product", world.PRODUCT)
    return str(_told(home, "add-source", world.PRODUCT, "web")["key"])


def _told(home: Path, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "missioncontrol", "analytics", *words, "--json", "--home", home],
        stdout=subprocess.PIPE,
        env=quiet_environment(),
        cwd=folder_of_repository(),
        check=True,
    )
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def _looked_at(client: httpx.Client, stored: int) -> Iterator[Measure]:
    opened = _frame(client)
    cold = opened + _loaded(client)
    warm = [_whole(client) for _ in range(ROUNDS)]
    yield Measure(
        measure="analytics page, cold",
        value=cold,
        unit="s",
        reference="the same page again",
        reference_value=statistics.median(warm),
        better="lower",
        target=COLD_SECONDS_MAX,
        target_of="value",
        more={"events": stored, "until_the_frame": rounded(opened), "panels": len(PANELS)},
    )
    yield Measure(
        measure="analytics page, warm",
        value=statistics.median(warm) * 1_000,
        unit="ms",
        reference="the frame of it",
        reference_value=statistics.median([_frame(client) for _ in range(ROUNDS)]) * 1_000,
        better="lower",
        target=WARM_MS_MAX,
        target_of="value",
        more={"worst_ms": rounded(max(warm) * 1_000), "rounds": ROUNDS},
    )


def _meanwhile(client: httpx.Client, key: str) -> Iterator[Measure]:
    """Send events in batches of a thousand while a viewer loads the page all the time."""
    port = client.base_url.port or 0
    batches = incoming.batches(port, key, SENT)
    looking = _Looking(client)
    rate = incoming.sent(port, batches)
    looks = looking.end()
    alone = incoming.sent(port, incoming.batches(port, key, SENT))
    yield Measure(
        measure="analytics events over HTTP while the page is asked",
        value=rate,
        unit="events/s",
        reference="over HTTP alone",
        reference_value=alone,
        target=RATE_MIN,
        target_of="value",
        more={
            "batch": incoming.BATCH,
            "connections": incoming.CONNECTIONS,
            "looks": len(looks),
            "look_p50_ms": rounded(statistics.median(looks) * 1_000) if looks else None,
        },
    )


def _memory(home: Path, stored: int) -> Measure:
    found = memory_of(home)
    return Measure(
        measure="analytics memory of the console",
        value=found["console"],
        unit="MiB",
        reference="the engine beside it",
        reference_value=found["engine"],
        better="lower",
        target=MIB_MAX,
        target_of="value",
        more={"events": stored + 2 * SENT},
    )


class _Looking:
    """Loads the page every second until it is ended, as a room of people does."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._took: list[float] = []
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_ending.is_set():
            self._took.append(_whole(self._client))
            self._is_ending.wait(max(0.0, LOOK_EVERY - self._took[-1]))

    def end(self) -> list[float]:
        """Return the seconds of each look."""
        self._is_ending.set()
        self._thread.join()
        return self._took


def _whole(client: httpx.Client) -> float:
    return _frame(client) + _loaded(client)


def _frame(client: httpx.Client) -> float:
    begun = time.perf_counter()
    client.get("/cockpit", params={"product": world.PRODUCT}).raise_for_status()
    return time.perf_counter() - begun


def _loaded(client: httpx.Client) -> float:
    """Load the panels as a browser does; return the seconds until the last is there."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for answer in pool.map(
            lambda name: client.get(f"/cockpit/panels/{name}", params={"product": world.PRODUCT}),
            PANELS,
        ):
            answer.raise_for_status()
            if "data-broken" in answer.text:
                raise RuntimeError(f"A panel is broken: {answer.url}.")
    return time.perf_counter() - begun
