"""What five hundred live viewers of one busy run cost the engine, and how late they hear of it."""

import asyncio
import os
import sqlite3
import statistics
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import msgspec

from bench.console import homes
from bench.console.watchers import Seen
from bench.harness import folder_of_repository, percentile, quiet_environment
from bench.measure import Measure, rounded
from missioncontrol.app.console_process import ConsoleProcess

VIEWERS = 500
TOKENS = 20
STEPS = 30_000
ROUNDS = 4
NEVER_SECONDS = 60.0
MS_MAX = 250.0
PART_MIN = 0.9
EVENTS_LOOKED_AT = 400  # of each viewer


def viewers(folder: Path) -> Iterator[Measure]:
    """Compare the same run without viewers and with five hundred."""
    seconds: dict[int, list[float]] = {0: [], VIEWERS: []}
    delays: list[float] = []
    for number in range(ROUNDS):
        home = homes.empty(folder / f"viewed-{number}")
        for count in (0, VIEWERS) if number % 2 == 0 else (VIEWERS, 0):
            seconds[count].append(_run(home, count, delays))
    alone, watched = seconds[0], seconds[VIEWERS]
    yield Measure(
        measure="console.viewers.throughput",
        value=STEPS / statistics.median(watched),
        unit="steps/s",
        reference="the same without viewers",
        reference_value=STEPS / statistics.median(alone),
        target=PART_MIN,
        more={
            "viewers": VIEWERS,
            "steps": STEPS,
            "rounds": ROUNDS,
            "ratio_of_best": rounded(min(alone) / min(watched)),
        },
    )
    yield Measure(
        measure="console.viewers.delay",
        value=percentile(delays, 0.99),
        unit="ms",
        reference="half of them",
        reference_value=percentile(delays, 0.5),
        better="lower",
        target=MS_MAX,
        target_of="value",
        more={"p50_ms": rounded(percentile(delays, 0.5)), "max_ms": rounded(max(delays))},
    )


def _run(home: Path, count: int, delays: list[float]) -> float:
    """Do one run with so many viewers; return the seconds it took, and add what they saw."""
    with _process("bench.console.busy", str(home), str(STEPS)) as engine:
        run = _line(engine)
        with asyncio.Runner() as runner:
            front = ConsoleProcess(home, port=0, environment=os.environ)
            ready = runner.run(front.open())
            try:
                tokens = _tokens(ready.link)
                port = ready.url.rpartition(":")[2]
                watching = ("bench.console.watchers", port, run, str(count), *tokens)
                with _process(*watching) as looking:
                    _line(looking)
                    _tell(engine, "go")
                    seconds = float(_line(engine))
                    _tell(looking, "enough")  # They go on until nothing more arrives.
                    seen = msgspec.json.decode(_line(looking), type=list[Seen])
            finally:
                runner.run(front.close())
        _tell(engine, "end")
    delays += _delays(home, run, seen)
    return seconds


def _tokens(link: str) -> list[str]:
    url = link.partition("/sign-in")[0]
    with httpx.Client(base_url=url, follow_redirects=True) as client:
        page = client.get(link).text
        csrf = page.partition('name="csrf" content="')[2].partition('"')[0]
        headers = {"x-csrf-token": csrf, "origin": url}
        return [
            client.post(
                "/api/v1/tokens",
                json={"name": f"viewer-{number}", "scopes": ["read"]},
                headers=headers,
            )
            .raise_for_status()
            .json()["token"]
            for number in range(TOKENS)
        ]


def _delays(home: Path, run: str, seen: list[Seen]) -> list[float]:
    """Return for each viewer and each of some events how late it came, in milliseconds.

    One that never came counts as later than all of them.
    """
    log = sqlite3.connect(home / "log.db")
    events = log.execute(
        "SELECT position, time FROM events WHERE stream = ? ORDER BY position", (run,)
    ).fetchall()
    log.close()
    chosen = events[:: max(len(events) // EVENTS_LOOKED_AT, 1)]
    found = []
    for each in seen:
        places = [place for _, place in each.arrivals]
        for position, time in chosen:
            if not places or position <= places[0]:
                continue  # It happened before they came.
            at = bisect_left(places, position)
            came = each.arrivals[at][0] - time / 1e6 if at < len(places) else NEVER_SECONDS
            found.append(1e3 * came)
    return found


@contextmanager
def _process(*words: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder_of_repository(),
        env=quiet_environment(),
    )
    try:
        yield process
    finally:
        with suppress(BrokenPipeError):
            process.communicate("\n", timeout=60)


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early")
    return line.strip()


def _tell(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(word + "\n")
    process.stdin.flush()
