"""A run of 10,000 steps: its speed, memory, bytes, and how quickly it comes back from its log."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.engine import peers
from bench.engine.comparison import Answers, throughput, turn
from bench.engine.processes import Bench
from bench.engine.shapes import LONG, SHORT
from bench.harness import Turn, by_turns, median_rate, median_seconds
from bench.measure import Measure, rounded
from bench.worker import Answer, Job

MIB = 1024 * 1024
SLOPE_TARGET = 1.3
IDLE_MIB_MAX = 150.0
BARE_PYTHON = "a Python process that does nothing"
READING = "reading the same rows and decoding their JSON"


def long(bench: Bench) -> Iterator[Measure]:
    """Measure 10,000 independent steps, beside runs of 200 of them."""
    ours = bench.shared("ours")
    with bench.fresh("ours") as alone:
        idle, whole = alone.do(Job("idle")), alone.do(LONG.job(keep=True))
    answers = _compared(bench, whole)
    with bench.fresh("disk") as bare:
        floor = bare.do(Job("idle"))
    rivals = _rivals(bench)
    yield from throughput(LONG, answers | {name: [run] for name, (_, run) in rivals.items()})
    yield _slope(answers)
    yield _memory("engine.memory", whole.rss_max, floor.rss_max, _other(rivals, 1, "rss_max"))
    yield _memory("engine.memory.idle", idle.rss, floor.rss, _other(rivals, 0, "rss"))
    yield _bytes(whole, rivals)
    yield _replay(Turn("ours", partial(ours.do, _again("replay", whole)), 5), bench, whole)


def recovery(bench: Bench) -> Iterator[Measure]:
    """Kill an engine after 10,000 steps, and time another until its first step starts."""
    times: list[Answer] = []
    reads: list[Answer] = []
    for _ in range(3):
        victim = bench.fresh("ours")
        stalled = victim.do(Job("stall", LONG.steps))
        victim.kill()
        with bench.fresh("ours") as heir:
            reads.append(heir.do(Job("decode", source=stalled.source, run=stalled.run)))
            times.append(heir.do(_again("recover", stalled)))
    yield Measure(
        measure="engine.recovery",
        value=median_seconds(times),
        unit="s",
        reference=READING,
        reference_value=median_seconds(reads),
        better="lower",
        more={
            "runs": len(times),
            "events": reads[0].count,
            "steps_repeated": max(answer.count for answer in times),
        },
    )


def _compared(bench: Bench, whole: Answer) -> Answers:
    ours = bench.shared("ours")
    ours.do(LONG.small())
    append = turn(bench, "append", LONG, source=whole.source)
    append.work()
    short = Turn("short", partial(ours.do, SHORT.job()), SHORT.rounds)
    return by_turns([turn(bench, "ours", LONG), short, append])


def _rivals(bench: Bench) -> dict[str, tuple[Answer, Answer]]:
    """Have each peer rest and then do the long run, once: it takes most of a minute."""
    found: dict[str, tuple[Answer, Answer]] = {}
    for name in peers.installed():
        if LONG.name in peers.HOW[name]:
            with bench.fresh(name) as rival:
                idle = rival.do(Job("idle"))
                rival.do(LONG.small())
                found[name] = idle, rival.do(LONG.job())
    return found


def _slope(answers: Answers) -> Measure:
    return Measure(
        measure="engine.long.slope",
        value=1e6 / median_rate(answers["ours"]),
        unit="µs/step",
        reference="runs of 200 independent steps",
        reference_value=1e6 / median_rate(answers["short"]),
        better="lower",
        target=SLOPE_TARGET,
        more={"runs": LONG.rounds},
    )


def _other(rivals: dict[str, tuple[Answer, Answer]], which: int, field: str) -> dict[str, Any]:
    return {
        f"{name}_mib": rounded(getattr(answers[which], field) / MIB)
        for name, answers in rivals.items()
    }


def _memory(name: str, ours: int, floor: int, others: dict[str, Any]) -> Measure:
    is_idle = name.endswith("idle")
    return Measure(
        measure=name,
        value=ours / MIB,
        unit="MiB",
        reference=BARE_PYTHON,
        reference_value=floor / MIB,
        better="lower",
        target=IDLE_MIB_MAX if is_idle else None,
        target_of="value",
        more={"idle_memory_mib" if is_idle else "peak_memory_mib": rounded(ours / MIB)} | others,
    )


def _bytes(whole: Answer, rivals: dict[str, tuple[Answer, Answer]]) -> Measure:
    connection = sqlite3.connect(Path(whole.source) / "log.db")
    [(bodies, events)] = connection.execute("SELECT sum(length(body)), count(*) FROM events")
    connection.close()
    others = {
        f"{name}_bytes_per_step": rounded(run.size / LONG.steps)
        for name, (_, run) in rivals.items()
    }
    return Measure(
        measure="engine.bytes",
        value=whole.size / LONG.steps,
        unit="bytes/step",
        reference="the events' JSON alone",
        reference_value=bodies / LONG.steps,
        better="lower",
        more={"bytes_per_step": rounded(whole.size / LONG.steps), "events": events} | others,
    )


def _replay(ours: Turn, bench: Bench, whole: Answer) -> Measure:
    reading = Turn("read", partial(bench.shared("ours").do, _again("decode", whole)), 5)
    answers = by_turns([ours, reading])
    return Measure(
        measure="engine.replay",
        value=median_seconds(answers["ours"]),
        unit="s",
        reference=READING,
        reference_value=median_seconds(answers["read"]),
        better="lower",
        more={"events": answers["read"][0].count, "runs": ours.rounds},
    )


def _again(shape: str, earlier: Answer) -> Job:
    return Job(shape, LONG.steps, source=earlier.source, run=earlier.run)
