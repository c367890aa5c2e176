"""How much of the server's processor pages of the board take where there are 10,000 items.

Each page is asked for as it is, and right after an item has changed. What is counted is the time
on a processor of the console alone, so that other work of the machine does not matter.
"""

import asyncio
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench.console.served import console_of, served
from bench.harness import percentile
from bench.measure import Measure, rounded
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.domain import mission as m
from missioncontrol.domain.plan import Phase, Plan, Requirement, Task
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.run import events as r
from missioncontrol.domain.step import Step
from missioncontrol.domain.work_item import events as w
from missioncontrol.ports.event_store import Append, NewEvent

ITEMS = 10_000
TASKS = 50  # of a mission
DAYS = 90.0
DAY = 86_400.0
ROUNDS = 60
WAIT = 60 * 3_600.0  # before a task begins, so that half of the items are open
MS_MAX = 50.0
SEED = 7
TOKEN = re.compile(r'name="csrf" content="([^"]+)"')
PAGES = (
    "/board",
    "/board?view=list",
    "/board?view=lanes",
    "/board?item=M-7.3",
    "/board/roadmap",
    "/board/roadmap?view=calendar",
    "/board/workload",
    "/board/flow",
    "/inbox",
    "/api/v1/work-items",
    "/api/v1/board/roadmap",
    "/api/v1/board/flow",
)


def boards(folder: Path) -> Iterator[Measure]:
    """Measure every page of the board at rest and right after a change."""
    home = folder / "board"
    asyncio.run(_filled(home))
    with served(home) as client:
        console = console_of(home)
        _until_there(client)
        for page in PAGES:
            rest = _samples(client, console, page, lambda: None)
            change = _samples(client, console, page, lambda: _change(client))
            yield _measure(page, "at rest", rest, change)
            yield _measure(page, "after a change", change, rest)


def _measure(page: str, when: str, found: list[float], other: list[float]) -> Measure:
    return Measure(
        measure=f"console.board {page} {when}",
        value=percentile(found, 0.95),
        unit="ms",
        reference="at rest" if when != "at rest" else "after a change",
        reference_value=percentile(other, 0.95),
        better="lower",
        target=MS_MAX,
        target_of="value",
        more={
            "items": ITEMS,
            "p50_ms": rounded(percentile(found, 0.5)),
            "max_ms": rounded(max(found)),
            "rounds": ROUNDS,
        },
    )


def _samples(
    client: httpx.Client, console: int, page: str, before: Callable[[], None]
) -> list[float]:
    found = []
    for number in range(ROUNDS + 3):
        before()
        time.sleep(0.02)  # The console is told of the change, as a browser would be.
        begun = _on_processor(console)
        _got(client, page)
        if number > 2:  # Templates are loaded by then.
            found.append(_on_processor(console) - begun)
    return found


def _got(client: httpx.Client, page: str) -> None:
    answer = client.get(page)
    while answer.status_code == 429:
        time.sleep(float(answer.headers.get("retry-after", "1")))
        answer = client.get(page)
    answer.raise_for_status()


def _change(client: httpx.Client) -> None:
    item = f"M-{random.randint(1, ITEMS // TASKS)}.{random.randint(1, TASKS)}"
    hours = random.randint(1, 40)
    answer = client.patch(
        f"/api/v1/work-items/{item}",
        json={"hours": hours, "priority": random.choice(("high", "normal"))},
        headers={"origin": str(client.base_url).rstrip("/"), "x-csrf-token": _token(client)},
    )
    if answer.status_code == 429:
        time.sleep(float(answer.headers.get("retry-after", "1")))
        return
    answer.raise_for_status()


def _token(client: httpx.Client) -> str:
    """Return what proves that a change was sent by a page; one is enough for all."""
    if "x-csrf-token" not in client.headers:
        page = client.get("/settings/workspace").text
        client.headers["x-csrf-token"] = TOKEN.findall(page)[0]
    return client.headers["x-csrf-token"]


def _on_processor(process: int) -> float:
    """Return the milliseconds that all threads of a process were on a processor."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e6


def _until_there(client: httpx.Client) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = client.get("/api/v1/work-items?limit=1&which=all").json()["items"]
        if found and not int(client.get("/api/v1/health").json()["behind"]):
            return
        time.sleep(0.5)


async def _filled(home: Path) -> None:
    """Write missions with tasks that began over two months, most of which are done."""
    place = Home(home)
    place.make()
    now, chance = SystemClock().now(), random.Random(SEED)
    events: list[tuple[float, str, Any]] = []
    for number in range(1, ITEMS // TASKS + 1):
        events += _mission(number, now - DAY * (1 + DAYS * chance.random()), now, chance)
    store = SqliteEventStore(place.log, writable=True)
    versions: dict[str, int] = {}
    for at, stream, event in sorted(events, key=lambda each: each[0]):
        name, schema = NAMES[type(event)]
        body = msgspec.json.encode(event)
        new = NewEvent(name, schema, body, round(at * 1e6), "user:ada", "", 0, stream)
        await store.append([Append(stream, versions.get(stream, 0), [new])])
        versions[stream] = versions.get(stream, 0) + 1
    store.close()


def _mission(
    number: int, begun: float, now: float, chance: random.Random
) -> list[tuple[float, str, Any]]:
    mission, run = f"mission-{number:014}", f"run-{number:014}"
    tasks = tuple(
        Task(
            f"task-{place}",
            f"Task {place} of {number}",
            "Do it.",
            "builder",
            needs=(f"task-{place - 5}",) if place >= 5 else (),
            agent=f"builder-{place % 4}",
            acceptance=("It is there.",),
            requirements=("R1",),
        )
        for place in range(TASKS)
    )
    phase = Phase("work", "Work", "All of it", tasks)
    title = f"Mission {number}"
    plan = Plan(title, title, "", ("feature",), (), (phase,), (Requirement("R1", title),))
    steps = tuple(Step(t.key, t.agent, needs=("plan", *t.needs), title=t.title) for t in tasks)
    found: list[tuple[float, str, Any]] = [
        (begun, mission, m.MissionCreated(mission, title, f"{title}.", "/srv/shop")),
        (begun, run, r.RunCreated(run, "mission", (Step("plan", "planner"),), 8, mission=mission)),
        (begun, mission, m.MissionStarted(run)),
        (begun, run, r.RunStarted()),
        (begun, run, r.StepStarted("plan", 1, 1, "planner")),
        (begun + 60, run, r.StepsAdded("plan", steps)),
        (begun + 60, mission, m.PlanAccepted(run, plan)),
        (begun + 60, run, r.StepSucceeded("plan", 1)),
        (
            begun + 90,
            "work-items",
            w.WorkItemEdited(f"{mission}/task-3", "user:ada", due="2027-03-01"),
        ),
    ]
    return found + _worked(run, tasks, begun + 120, now, chance)


def _worked(
    run: str, tasks: tuple[Task, ...], begun: float, now: float, chance: random.Random
) -> list[tuple[float, str, Any]]:
    """Return the work on tasks, each after the five before it; what lies ahead is left out."""
    found: list[tuple[float, str, Any]] = []
    ends: list[float] = []
    for place, task in enumerate(tasks):
        start = (ends[place - 5] if place >= 5 else begun) + chance.expovariate(1 / WAIT)
        ends.append(start + chance.lognormvariate(9.0, 1.0))
        found.append((start, run, r.StepStarted(task.key, 1, place + 2, task.agent)))
        found.append((ends[-1], run, r.StepSucceeded(task.key, place + 2)))
    return [each for each in found if each[0] < now]
