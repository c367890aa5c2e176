"""How quickly pages answer, with a million events and with few, and what a first load weighs."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx

from bench.console import homes
from bench.console.served import memory_of, served
from bench.harness import percentile
from bench.measure import Measure, rounded

ROUNDS = 40  # each asks both homes for a page once
MS_MAX = 50.0
TIMES_MAX = 3.0
KILOBYTES_MAX = 150.0
SEED = 3
TOO_MANY = 429

PAGES = (
    "/",
    "/inbox",
    "/board",
    "/board/flow",
    "/board/workload",
    "/board/roadmap",
    "/knowledge",
    "/knowledge?q=shape-0",
    "/missions",
    "/missions/new",
    "/workflows",
    "/workflows/new",
    "/runs",
    "/runs?status=failed",
    "/runs?workflow=shape-0",
    "/runs?q=shape-0",
    "/runs?period=7d",
    "/runs/{run}",
    "/runs/{run}?tab=steps",
    "/runs/{run}?tab=timeline",
    "/runs/{run}?tab=events",
    "/runs/{run}?tab=cost",
    "/runs/{run}/replay",
    "/runs/{run}/steps/step-7",
    "/runs/compare?a={run}&b={run}",
    "/approvals",
    "/agents",
    "/agents?view=cards",
    "/schedules",
    "/schedules/new",
    "/costs",
    "/events",
    "/events?type=step_failed",
    "/events?type=run_created",
    "/events?stream={run}",
    "/events?q=nobody-said-this",
    "/logs",
    "/logs?q=nobody-said-this",
    "/audit",
    "/audit?q=nobody-said-this",
    "/search?q=shape-0",
    "/settings/users",
    "/settings/tokens",
    "/settings/roles",
    "/settings/limits",
    "/settings/prices",
    "/settings/budgets",
    "/settings/webhooks",
    "/settings/retention",
    "/settings/workspace",
    "/api",
    "/api/v1/runs",
    "/api/v1/runs?status=failed",
    "/api/v1/runs/{run}",
    "/api/v1/runs/{run}/steps",
    "/api/v1/runs/{run}/events",
    "/api/v1/missions",
    "/api/v1/workflows",
    "/api/v1/approvals",
    "/api/v1/agents",
    "/api/v1/schedules",
    "/api/v1/budgets",
    "/api/v1/costs",
    "/api/v1/events",
    "/api/v1/events?type=step_failed",
    "/api/v1/logs",
    "/api/v1/search?q=shape-0",
    "/api/v1/health",
)
"""`{run}` stands for another run each time."""

LINKED = re.compile(r'(?:<link[^>]+href|<script[^>]+src|<img[^>]+src)="([^"]+)"')
NAMED = re.compile(r'(?:\bfrom\s*|\bimport\s*|url\()"([^"#)]+)"')
"""What a script imports at once, and what a sheet shows: fonts among it."""


def pages(folder: Path) -> Iterator[Measure]:
    """Compare a home of a million events with one of a single run of the same shape."""
    small = homes.full(folder / "small", runs=1, events=homes.EVENTS // homes.RUNS)
    large = homes.full(folder / "large")
    with served(small) as few, served(large) as many:
        for client in (few, many):
            _until_followed(client)
            _milliseconds(client, "/search?q=shape-0")  # The index is there from now on.
        for page in PAGES:
            yield _compared(page, few, many)
        for page in ("/", "/runs", "/runs/{run}", "/workflows/new"):
            yield _weighed(page, few)
        yield from _resident(large)


def _until_followed(client: httpx.Client) -> None:
    """Wait until what is measured by the hour has been read from the log."""
    end = time.monotonic() + 300
    while _behind(client) and time.monotonic() < end:
        time.sleep(0.5)


def _behind(client: httpx.Client) -> int:
    return int(client.get("/api/v1/health").raise_for_status().json()["behind"])


def _compared(page: str, few: httpx.Client, many: httpx.Client) -> Measure:
    small, large = _times(page, few, many)
    return Measure(
        measure=f"console.page {page}",
        value=percentile(large, 0.95),
        unit="ms",
        reference="the same page where there is one run",
        reference_value=percentile(small, 0.95),
        better="lower",
        target=MS_MAX,
        target_of="value",
        more={
            "times": rounded(percentile(large, 0.95) / percentile(small, 0.95)),
            "times_max": TIMES_MAX,
            "p50_ms": rounded(percentile(large, 0.5)),
            "p50_times": rounded(percentile(large, 0.5) / percentile(small, 0.5)),
            "rounds": ROUNDS,
        },
    )


def _times(page: str, *clients: httpx.Client) -> list[list[float]]:
    """Return how many milliseconds each answer of each client took.

    They take turns within a round, and who begins changes: whatever else the machine does in the
    meantime meets both alike.
    """
    runs = [_runs(client) for client in clients]
    samples: list[list[float]] = [[] for _ in clients]
    chance = random.Random(SEED)
    order = list(range(len(clients)))
    for number in range(ROUNDS + 1):
        for each in order:
            path = page.format(run=chance.choice(runs[each]))
            elapsed = _milliseconds(clients[each], path)
            if number:  # The first one loads templates.
                samples[each].append(elapsed)
        order.reverse()
    return samples


def _runs(client: httpx.Client) -> list[str]:
    return [row["id"] for row in client.get("/api/v1/runs?limit=200").json()["items"]]


def _milliseconds(client: httpx.Client, path: str) -> float:
    while True:
        begun = time.perf_counter()
        answer = client.get(path)
        elapsed = 1e3 * (time.perf_counter() - begun)
        if answer.status_code != TOO_MANY:
            answer.raise_for_status()
            return elapsed
        time.sleep(float(answer.headers.get("retry-after", "1")))


def _weighed(page: str, client: httpx.Client) -> Measure:
    """Sum up what a browser loads for a page the first time, as it is sent: compressed."""
    runs = client.get("/api/v1/runs?limit=1").json()["items"]
    path = page.format(run=runs[0]["id"])
    answer = client.get(path)
    found = _loaded(client, {urljoin(path, link) for link in LINKED.findall(answer.text)})
    total = sum(_sent(client, link) for link in found) + _sent(client, path)
    return Measure(
        measure=f"console.weight {page}",
        value=total / 1_000,
        unit="kB",
        reference="uncompressed",
        reference_value=(len(answer.content) + _plain(client, found)) / 1_000,
        better="lower",
        target=KILOBYTES_MAX,
        target_of="value",
        more={"files": len(found) + 1},
    )


def _loaded(client: httpx.Client, begun: set[str]) -> set[str]:
    """Return the files that a page names, and those that they name in turn."""
    todo, found = list(begun), set(begun)
    while todo:
        path = todo.pop()
        if path.partition("?")[0].endswith((".js", ".css")):
            named = {urljoin(path, each) for each in NAMED.findall(client.get(path).text)}
            todo.extend(named - found)
            found |= named
    return found


def _sent(client: httpx.Client, path: str) -> int:
    with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as answer:
        return sum(map(len, answer.iter_raw()))


def _plain(client: httpx.Client, paths: set[str]) -> int:
    return sum(len(client.get(path).content) for path in paths)


def _resident(home: Path) -> Iterator[Measure]:
    found = memory_of(home)
    yield Measure(
        measure="console.memory",
        value=sum(found.values()),
        unit="MiB",
        reference="the engine alone",
        reference_value=found.get("engine", 0.0),
        better="lower",
        more={name: rounded(value) for name, value in found.items()},
    )
