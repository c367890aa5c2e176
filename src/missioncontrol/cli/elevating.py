"""`mission agent elevate`: a wider mode for a time, if another person agrees."""

import argparse
import math
import posixpath
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from missioncontrol.application.elevations import ElevationWished
from missioncontrol.cli.desk import here
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import duration_in_words, seconds_of
from missioncontrol.domain.elevation import Elevation, ElevationRequest
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.visible import visible


class ElevationDesk(Protocol):
    """What this verb needs of a home."""

    def deliver(self, ask: Any) -> Any:
        """Send `ask` to the office; return once it is on disk."""
        ...


def elevate(arguments: argparse.Namespace, life: AgentLife, desk: ElevationDesk, now: float) -> int:
    """Ask for an elevation, answer one, or end what there is; say how it stands then."""
    ask = _parse_request(arguments)
    after = msgspec.convert(desk.deliver(ask), AgentLife)
    if after.elevation is not None:
        now = max(now, after.elevation.since)  # It was given after this command began.
    if arguments.json:
        print_json({"name": after.name, **width_view(after, {}, now)})
        return SUCCEEDED
    match ask.verb:
        case "ask":
            assert after.wish is not None
            name = shlex.quote(after.name)
            lines: Iterator[str] = iter(
                (
                    f"{after.wish.id} of {after.name} waits for another person's yes.",
                    f"They say: mission agent elevate {name} --approve {after.wish.id}",
                )
            )
        case "approve":
            lines = width_lines(after.elevation, after.wish, {}, now, columns())
        case "refuse":
            lines = iter((f"{ask.elevation} is refused.",))
        case "end":
            lines = _ended(life, now)
    for line in lines:
        print_text(f"{visible(line)}\n")
    return SUCCEEDED


def _ended(before: AgentLife, now: float) -> Iterator[str]:
    """Say what has ended, and what has not."""
    if before.wish is not None:
        yield f"{before.wish.id} is withdrawn."
    if before.elevation is not None and before.elevation.is_in_force(now):
        yield f"{before.elevation.id} has ended: no attempt that begins now has it."
        yield (
            "What had begun under it goes on; "
            f"`mission agent stop {before.name}` interrupts it at once."
        )
    elif before.elevation is not None:
        yield f"{before.elevation.id} had ended by its time."


def _parse_request(arguments: argparse.Namespace) -> ElevationWished:
    """Return what a command line says about an elevation.

    Raises:
        Rejected: `elevation.bad_option`.
    """
    chosen = [bool(arguments.to), bool(arguments.approve), bool(arguments.refuse), arguments.end]
    if sum(chosen) != 1:
        raise _bad("Say one of --to, --approve, --refuse and --end.")
    if not arguments.to and (arguments.path or arguments.lasts):
        raise _bad("--path and --for belong to --to.")
    name, reason = arguments.name, arguments.reason
    if arguments.end:
        return ElevationWished("end", name, reason)
    if arguments.approve:
        return ElevationWished("approve", name, reason, elevation=arguments.approve)
    if arguments.refuse:
        return ElevationWished("refuse", name, reason, elevation=arguments.refuse)
    if arguments.lasts is None:
        raise _bad("Say how long: --for 2h, at most 24h.")
    seconds = seconds_of(arguments.lasts)
    if isinstance(seconds, str):
        raise Rejected("elevation.bad_option", f"--for is {arguments.lasts[:60]!r}.", hint=seconds)
    paths = tuple(posixpath.normpath(posixpath.join(here(), path)) for path in arguments.path)
    modes = tuple(dict.fromkeys(arguments.to))
    return ElevationWished("ask", name, reason, modes, paths, seconds)


def _bad(message: str) -> Rejected:
    hint = "mission agent elevate NAME --to network --reason TEXT --for 2h"
    return Rejected("elevation.bad_option", message, hint=hint)


def width_view(life: AgentLife, standing: Mapping[str, str], now: float) -> dict[str, Any]:
    """Return as JSON in what wider modes an agent works, and what is asked for."""
    given = life.elevation
    is_on = given is not None and given.is_in_force(now)
    wish = life.wish if life.wish is not None and now < life.wish.lapses else None
    return {
        "elevation": msgspec.to_builtins(given) if is_on else None,
        "elevation_asked": msgspec.to_builtins(wish),
        "standing": dict(standing),
    }


def width_lines(
    given: Elevation | None,
    wish: ElevationRequest | None,
    standing: Mapping[str, str],
    now: float,
    width: int,
) -> Iterator[str]:
    """Return in what wider modes an agent works, and what is asked for, for a person."""
    for mode, setting in standing.items():
        text = f"{mode} at all times, by its declaration ({setting}): no reason, no end"
        yield from _fact("standing", text, width)
    if given is not None and given.is_in_force(now):
        yield from _fact("elevated", _given(given, now), width)
    if wish is not None and now < wish.lapses:
        yield from _fact("asked for", _request_line(wish), width)


def _fact(name: str, text: str, width: int) -> Iterator[str]:
    yield from wrapped(visible(text), width, f"  {name:<12} ", " " * 15)


def _given(elevation: Elevation, now: float) -> str:
    return (
        f"{_opened(elevation)} until {moment(elevation.until)} "
        f"({math.ceil((elevation.until - now) / 60)} min left), {elevation.id}: {elevation.reason} "
        f"Asked for by {_person(elevation.asked_by)}, approved by {_person(elevation.by)}."
    )


def _request_line(wish: ElevationRequest) -> str:
    return (
        f"{_opened(wish)} for {duration_in_words(wish.seconds)}, {wish.id}: {wish.reason} "
        f"Asked for by {_person(wish.by)}; waits for another person's yes until "
        f"{moment(wish.lapses)}."
    )


def _opened(each: Elevation | ElevationRequest) -> str:
    places = f" ({', '.join(each.paths)})" if each.paths else ""
    return f"{' and '.join(each.modes)}{places}"


def _person(name: str) -> str:
    return name.removeprefix("user:")
