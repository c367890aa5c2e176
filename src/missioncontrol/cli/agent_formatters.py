"""How an agent looks: one line of a list, a whole sheet, and JSON."""

from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.application.queries.agents import AgentDetail, AgentView
from missioncontrol.application.queries.measures import AgentDone
from missioncontrol.cli.elevating import width_lines
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.text import duration
from missioncontrol.domain.declaration import HERE, RISKS, Declaration
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.money import dollars
from missioncontrol.domain.step import Amount
from missioncontrol.domain.visible import visible
from missioncontrol.ports.measures import HOUR_SECONDS
from missioncontrol.queries.agent import why

SOURCES = {
    "command": "declared by command",
    "file": "declared in the file of agents",
    "package": "declared by an installed package",
    "built_in": "a part of the program",
    "worker": "offered by a worker",
}


def view(found: AgentDetail) -> dict[str, Any]:
    """Return an agent as JSON. Times are seconds since the epoch."""
    return {**msgspec.to_builtins(found.agent), "why": why(found.agent), "declared": found.declared}


def standing_line(found: AgentView, now: float) -> str:
    """Return in one line how an agent stands."""
    passed = now - found.since if found.since else 0.0
    since = f" for {duration(passed)}" if passed >= 1.0 else ""
    version = f", {found.version}" if found.version else ""
    reason = f": {why(found)}" if why(found) else ""
    return visible(f"{found.name} ({found.kind}{version}) is {found.status}{since}{reason}")


def sheet(found: AgentDetail, now: float, width: int) -> Iterator[str]:
    """Return all that is known of an agent."""
    agent = found.agent
    yield standing_line(agent, now)
    if agent.description:
        yield from wrapped(agent.description, width)
    yield ""
    for name, value in _facts(msgspec.convert(found.declared, Declaration)):
        if value:
            yield visible(f"  {name:<12} {value}")
    yield f"  {'source':<12} {SOURCES[agent.source]}"
    yield f"  {'at work on':<12} {agent.at_work} of {agent.scale} step{'s' * (agent.scale != 1)}"
    if agent.said:
        yield visible(f"  {'message':<12} {agent.said}")
    yield from width_lines(agent.elevation, agent.elevation_asked, found.standing, now, width)


def measures_lines(found: AgentDone, hours: int) -> Iterator[str]:
    """Return what an agent did in the last hours, for a person."""
    window = duration_in_words(hours * HOUR_SECONDS)
    if not found.executions:
        yield f"  {'did':<12} nothing in the last {window}"
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
    yield f"  {'did':<12} {', '.join(ends)} in the last {window}"
    if found.seconds_mean is not None and found.seconds_p95 is not None:
        took = (
            f"{duration(found.seconds_mean)} on average, 95% within {duration(found.seconds_p95)}"
        )
        yield f"  {'took':<12} {took}"
    if found.utilisation is not None:
        yield f"  {'busy':<12} {found.utilisation:.1%} of its places"
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
