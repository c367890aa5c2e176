"""Puts our steps a second beside everybody else's on the same shape of work."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from bench.engine import peers
from bench.engine.processes import APPEND, Bench
from bench.engine.shapes import CHAIN, Shape
from bench.harness import Turn, by_turns, median_rate
from bench.measure import Measure, rounded
from bench.worker import Answer

Answers = dict[str, list[Answer]]

DBOS_TARGETS = {"chain": 7.0, "fan": 40.0, "many": 30.0}
APPEND_TARGET = 0.3333


def compared(bench: Bench, shape: Shape, *, extra: Sequence[Turn] = ()) -> Answers:
    """Warm up all contenders, then run them by turns."""
    known = [name for name in peers.installed() if shape.name in peers.HOW[name]]
    for name in ("ours", *known):
        bench.shared(name).do(shape.small())
    stored = bench.shared("ours").do(shape.job(repeat=shape.repeat, keep=True))
    append = turn(bench, "append", shape, source=stored.source)
    append.work()
    rivals = (turn(bench, name, shape) for name in known)
    return by_turns([turn(bench, "ours", shape), append, *extra, *rivals])


def turn(bench: Bench, name: str, shape: Shape, *, source: str = "") -> Turn:
    """Return a contender's part in a comparison."""
    is_peer = name in peers.PACKAGES
    job = shape.job(source=source, repeat=1 if is_peer else shape.repeat)
    rounds = shape.peer_rounds if is_peer else shape.rounds
    return Turn(name, partial(bench.shared(name).do, job), rounds)


def throughput(shape: Shape, answers: Answers) -> Iterator[Measure]:
    """Yield our steps a second beside each contender's; DBOS goes by the shape's own name."""
    for name in ("dbos", "langgraph"):
        if name in answers:
            yield _beside_peer(shape, answers["ours"], name, answers[name])
    yield _measure(
        f"engine.{shape.name}.append",
        answers["ours"],
        answers["append"],
        reference=APPEND,
        target=None if shape is CHAIN else APPEND_TARGET,
        more={"commits": answers["append"][0].count},
    )


def _beside_peer(shape: Shape, ours: list[Answer], name: str, theirs: list[Answer]) -> Measure:
    return _measure(
        f"engine.{shape.name}" if name == "dbos" else f"engine.{shape.name}.{name}",
        ours,
        theirs,
        reference=peers.versions_of(name),
        target=DBOS_TARGETS.get(shape.name) if name == "dbos" else None,
        more={"how": peers.HOW[name][shape.name]},
    )


def _measure(
    name: str,
    ours: list[Answer],
    theirs: list[Answer],
    *,
    reference: str,
    target: float | None,
    more: dict[str, Any],
) -> Measure:
    return Measure(
        measure=name,
        value=median_rate(ours),
        unit="steps/s",
        reference=reference,
        reference_value=median_rate(theirs),
        target=target,
        more=_spread(ours) | _spread(theirs, "reference_") | more,
    )


def _spread(answers: list[Answer], prefix: str = "") -> dict[str, Any]:
    rates = [answer.rate for answer in answers]
    return {
        f"{prefix}runs": len(rates),
        f"{prefix}min": rounded(min(rates)),
        f"{prefix}max": rounded(max(rates)),
    }
