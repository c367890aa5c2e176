"""How an agent looks: one line of a list, a whole sheet, and JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from missioncontrol.application.agent_measures import AgentActivity, AgentMeasures
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.text import duration, moment
from missioncontrol.domain.declaration import HERE, RISKS, Declaration
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.lifecycle.states import (
    AgentLife,
    Draining,
    Resting,
    reason_of,
)
from missioncontrol.domain.money import dollars
from missioncontrol.domain.step import Amount
from missioncontrol.domain.visible import visible

SOURCES = {
    "command": "declared by command",
    "file": "declared in the file of agents",
    "package": "declared by an installed package",
    "built_in": "a part of the program",
    "worker": "offered by a worker",
}


def view(life: AgentLife, at_work: int) -> dict[str, Any]:
    """Return an agent as JSON tells it. Times are seconds since the epoch."""
    declared: dict[str, Any] = in_full(life.declared)
    return {
        "name": life.name,
        "kind": life.declared.kind,
        "status": life.status(at_work),
        "at_work": at_work,
        "since": life.since or None,
        "version": life.version,
        "said": life.said,
        "why": why(life),
        "source": life.source,
        **{field: declared.get(field) for field in ("model", "location", "scale")},
        "capabilities": [each.name for each in life.declared.capabilities],
        "declared": declared,
    }


def why(life: AgentLife) -> str:
    """Return in a sentence why an agent takes no steps; empty where it does."""
    match life.standing:
        case Resting(until=until):
            return f"{reason_of(life)} It is asked again at {moment(until)}."
        case Draining(deadline=deadline):
            return f"{reason_of(life)} What it has not ended by {moment(deadline)} is interrupted."
    return reason_of(life)


def standing_line(life: AgentLife, at_work: int, now: float) -> str:
    """Return in one line how an agent stands."""
    passed = now - life.since if life.since else 0.0
    since = f" for {duration(passed)}" if passed >= 1.0 else ""
    version = f", {life.version}" if life.version else ""
    reason = f": {why(life)}" if why(life) else ""
    return visible(
        f"{life.name} ({life.declared.kind}{version}) is {life.status(at_work)}{since}{reason}"
    )


def list_lines(
    lives: Sequence[AgentLife], at_work: Mapping[str, int], now: float, width: int
) -> Iterator[str]:
    """Return a table of agents; what keeps one from work stands under it."""
    del now
    rows = [
        (
            life.name,
            life.declared.kind,
            life.status(at_work.get(life.name, 0)),
            f"{at_work.get(life.name, 0)}/{life.declared.scale}",
            ", ".join(each.name for each in life.declared.capabilities),
            life.declared.model or life.version,
        )
        for life in lives
    ]
    heads = ("agent", "kind", "status", "at work", "can", "model or version")
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    for number, row in enumerate((heads, *rows)):
        line = "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True))
        yield visible(line[:width].rstrip())
        if number and (reason := why(lives[number - 1])):
            yield from wrapped(reason, width, "    ", "    ")


def sheet(life: AgentLife, at_work: int, now: float, width: int) -> Iterator[str]:
    """Return all that is known of an agent."""
    declared = life.declared
    yield standing_line(life, at_work, now)
    if declared.description:
        yield from wrapped(declared.description, width)
    yield ""
    for name, value in _facts(declared):
        if value:
            yield visible(f"  {name:<12} {value}")
    yield f"  {'source':<12} {SOURCES[life.source]}"
    yield f"  {'at work on':<12} {at_work} of {declared.scale} step{'s' * (declared.scale != 1)}"
    if life.said:
        yield visible(f"  {'message':<12} {life.said}")


def measures_view(life: AgentLife, done: AgentActivity) -> dict[str, Any]:
    """Return what an agent did as JSON tells it."""
    found = done.agents.get(life.name, AgentMeasures())
    return {
        "since": done.since,
        "until": done.until,
        "utilisation": done.utilisation(life.name, life.declared.scale),
        **msgspec.to_builtins(found),
    }


def measures_lines(life: AgentLife, done: AgentActivity) -> Iterator[str]:
    """Return what an agent did, for a person."""
    found = done.agents.get(life.name)
    if found is None or not found.executions:
        yield f"  {'did':<12} nothing in the last {duration_in_words(done.until - done.since)}"
        return
    ends = [
        f"{count:,} {word}"
        for count, word in (
            (found.succeeded, "succeeded"),
            (found.failed, "failed"),
            (found.interrupted, "interrupted"),
        )
        if count
    ]
    window = duration_in_words(done.until - done.since)
    yield f"  {'did':<12} {', '.join(ends)} in the last {window}"
    if found.seconds_mean is not None and found.seconds_p95 is not None:
        took = (
            f"{duration(found.seconds_mean)} on average, 95% within {duration(found.seconds_p95)}"
        )
        yield f"  {'took':<12} {took}"
    used = done.utilisation(life.name, life.declared.scale)
    if used is not None:
        yield f"  {'busy':<12} {used:.1%} of its places"
    if found.input_tokens or found.output_tokens:
        unpriced = f", {found.unpriced_tokens:,} without a price" if found.unpriced_tokens else ""
        tokens = f"{found.input_tokens:,} tokens in, {found.output_tokens:,} out"
        yield f"  {'used':<12} {tokens}, {dollars(found.cost)}{unpriced}"


def _facts(declared: Declaration) -> Iterator[tuple[str, str]]:
    most = declared.limits
    yield "model", declared.model
    yield "location", declared.location if declared.location != HERE else ""
    yield "can", ", ".join(each.name for each in declared.capabilities)
    yield "effects", ", ".join(declared.effects)
    yield "risks", ", ".join(declared.risks) if declared.risks != RISKS else ""
    yield "paths", ", ".join(declared.paths)
    yield "sees", ", ".join(declared.environment)
    yield "secrets", ", ".join(f"{name} in {var}" for var, name in declared.secrets.items())
    yield "time", f"{duration_in_words(most.seconds_max)} an attempt" if most.seconds_max else ""
    yield "turns", f"{most.turns_max} an attempt" if most.turns_max else ""
    tokens = f"{most.input_tokens:,} in, {most.output_tokens:,} out, an attempt"
    yield "tokens", tokens if most.input_tokens or most.output_tokens else ""
    yield "budget", _amount(declared.budget)
    silence = declared.heartbeat_seconds_max
    yield "heartbeat", f"silent for {duration_in_words(silence)} at most" if silence else ""
    for name, value in declared.settings.items():
        yield name, value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _amount(amount: Amount | None) -> str:
    if amount is None:
        return ""
    parts = [] if amount.cost is None else [dollars(amount.cost)]
    parts += [] if amount.tokens is None else [f"{amount.tokens:,} tokens"]
    return " and ".join(parts)
