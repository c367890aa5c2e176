"""`mission agent`: who does the steps, how they stand, and whether they work."""

import argparse
import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from missioncontrol.adapters.agent_files import agent_tables, anchored
from missioncontrol.application.queries.agents import AgentDetail
from missioncontrol.cli.agent_desk import RosterDesk
from missioncontrol.cli.agent_formatters import measures_lines, sheet, standing_line, view
from missioncontrol.cli.declarations import executed, item_of, rows_of
from missioncontrol.cli.elevating import elevate
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.declarations import Operation
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.lifecycle.decide import unknown
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.visible import visible
from missioncontrol.operations.agent import ADD, CHANGE, REMOVE, RESTART, START, seconds_in
from missioncontrol.ports.measures import HOUR_SECONDS
from missioncontrol.queries.agent import GET, HOURS_MAX, LIST
from missioncontrol.surfaces import cli as surface

Change: TypeAlias = tuple[Operation[Any, Any], str, Mapping[str, Any]]
"""An operation, the agent that there is, and the fields of the command."""

SETTLING_SECONDS_MAX = 70.0
LOOK_SECONDS = 0.1
ENDINGS = (signal.SIGTERM, signal.SIGHUP)
WAITING_SECONDS = 3.0
"""Of silence before the command line says what it waits for."""
SCHEMA_BYTES_MAX = 1024 * 1024


def agent(arguments: argparse.Namespace, desk: RosterDesk, *, now: float) -> int:
    """Do what `mission agent` was asked for; `now` is in seconds since the epoch."""
    match arguments.agent:
        case "show":
            return _show(arguments, desk, now)
        case "add":
            return _add(arguments, desk, now)
        case "test":
            return _test(arguments, desk)
        case "elevate":
            return elevate(arguments, _life(desk, arguments.name), desk, now)
    operation = surface.declared_by(arguments)
    assert isinstance(operation, Operation)
    given = surface.given_by(operation, arguments, lambda _, text: text)
    return _change(arguments, desk, [(operation, arguments.id, given)], now)


def declared_by(arguments: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Return the agent that a command line describes, in the words of the file of agents.

    Relative directories begin at `base`.

    Raises:
        Rejected: `agent.bad_option`, `agent.bad_schema`, and what is wrong with a file.
    """
    if arguments.file:
        return _from_file(Path(arguments.file), arguments.name)
    entry: dict[str, Any] = {
        "kind": arguments.kind,
        "description": arguments.description,
        "model": arguments.model,
        "location": arguments.location,
        "settings": _settings(arguments),
        "capabilities": arguments.capability,
        "effects": arguments.effect,
        "paths": arguments.path,
        "environment": arguments.env,
        "secrets": dict(_pair(text, "secret") for text in arguments.secret),
    }
    limits = {
        "time": arguments.time,
        "turns": arguments.turns,
        "input_tokens": arguments.input_tokens,
        "output_tokens": arguments.output_tokens,
        "by_call": arguments.by_call or None,
    }
    optional = {
        "scale": arguments.scale,
        "risks": arguments.risk or None,
        "heartbeat": arguments.heartbeat,
        "inputs": _schema(arguments.inputs),
        "output": _schema(arguments.output),
        "limits": {name: value for name, value in limits.items() if value is not None} or None,
        "budget": _budget(arguments),
    }
    entry |= {name: value for name, value in optional.items() if value is not None}
    return anchored(entry, base)


def _from_file(path: Path, name: str) -> dict[str, Any]:
    if not path.exists():
        raise NotFound("agents.no_file", f"There is no file {str(path)!r}.")
    found = agent_tables(path)
    if name not in found:
        named = f"It declares {', '.join(found)}." if found else "It declares none."
        raise NotFound("agent.unknown", f"{str(path)!r} declares no agent {name!r}.", hint=named)
    return anchored(found[name], path.absolute().parent)


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    settings: dict[str, Any] = {"argv": list(arguments.argv)} if arguments.argv else {}
    for text in arguments.set:
        name, value = _pair(text, "set")
        try:
            settings[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            settings[name] = value
    return settings


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Rejected(
            "agent.bad_option",
            f"--{option} is {text[:60]!r}.",
            hint=f"Write --{option} NAME=VALUE.",
        )
    return name, value


def _budget(arguments: argparse.Namespace) -> dict[str, Any] | None:
    given = {"cost": arguments.cost, "tokens": arguments.tokens}
    return {name: value for name, value in given.items() if value is not None} or None


def _schema(file: str | None) -> Any:
    if file is None:
        return None
    try:
        with Path(file).open("rb") as stream:
            return msgspec.json.decode(stream.read(SCHEMA_BYTES_MAX))
    except (OSError, msgspec.DecodeError) as error:
        raise Rejected(
            "agent.bad_schema", f"{file!r} can't be read as a JSON Schema: {error}."
        ) from None


def _add(arguments: argparse.Namespace, desk: RosterDesk, now: float) -> int:
    name, reason = arguments.name, arguments.reason
    words = {"declared": declared_by(arguments, Path.cwd()), "reason": reason}
    if arguments.replace and _is_known(desk, name):
        changes: list[Change] = [(CHANGE, name, words)]
        changes += [] if arguments.stopped else [(START, name, {"reason": reason})]
    else:
        changes = [(ADD, "", {"name": name, "start": not arguments.stopped, **words})]
    return _change(arguments, desk, changes, now)


def _is_known(desk: RosterDesk, name: str) -> bool:
    return any(each.name == name for each in rows_of(desk, LIST, {}))


def _change(
    arguments: argparse.Namespace, desk: RosterDesk, changes: Sequence[Change], now: float
) -> int:
    """Change an agent, wait until it has shown whether it works, and say how it stands."""
    operation, target, given = changes[-1]
    name = target or given["name"]
    proves = operation in (ADD, CHANGE, START, RESTART)
    with _waiting(f"{name} to show whether it works" if proves else "the home to answer"):
        for each, target, given in changes:
            executed(desk, each, target, given)
        found = None if operation is REMOVE else _settled(desk, name)
    if found is None:
        if arguments.json:
            print_json({"name": name, "status": "removed"})
        else:
            print_text(f"{surface.done_text(REMOVE, name, None)}\n")
        return SUCCEEDED
    if arguments.json:
        print_json(view(found))
    else:
        print_text(f"{standing_line(found.agent, now)}\n")
        if proves and desk.home.holder() is None:
            note("No engine is at work here: `mission up` starts one to run steps.\n")
    return FAILED if found.agent.status == "failed" else SUCCEEDED


@contextmanager
def _waiting(awaited: str) -> Iterator[None]:
    """Say what is waited for where it takes long, and leave no program behind if we are ended."""
    timer = threading.Timer(WAITING_SECONDS, note, [f"Waiting for {awaited} …\n"])
    timer.daemon = True
    timer.start()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDINGS)}
    # Ctrl-C is what everything below knows how to end for. A shell has programs in its background
    # not hear of it.
    if before[signal.SIGINT] == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in ENDINGS:
        if before[number] == signal.SIG_DFL:
            signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        timer.cancel()
        for number, known in before.items():
            signal.signal(number, known)


def _settled(desk: RosterDesk, name: str) -> AgentDetail:
    """Return how an agent stands once it has shown whether it works."""
    end = time.monotonic() + SETTLING_SECONDS_MAX
    while True:
        found = item_of(desk, GET, name)
        if found.agent.status != "starting" or time.monotonic() > end:
            return found
        time.sleep(LOOK_SECONDS)


def _life(desk: RosterDesk, name: str) -> AgentLife:
    lives = {life.name: life for life in desk.lives()}
    if name not in lives:
        raise unknown(name, lives)
    return lives[name]


def _show(arguments: argparse.Namespace, desk: RosterDesk, now: float) -> int:
    found = item_of(desk, GET, arguments.name)
    hours = math.ceil(seconds_in(arguments.since) / HOUR_SECONDS)
    if not 1 <= hours <= HOURS_MAX:
        hint = f"Give 1h to {HOURS_MAX // 24}d."
        raise Rejected("agent.bad_option", f"--since is {arguments.since[:60]!r}.", hint=hint)
    rows = rows_of(desk, LIST, {"hours": hours})
    [measures] = [each.measures for each in rows if each.name == found.agent.name]
    if arguments.json:
        more = {"standing": found.standing, "measures": msgspec.to_builtins(measures)}
        print_json({**view(found), **more})
        return SUCCEEDED
    for line in (*sheet(found, now, columns()), *measures_lines(measures, hours)):
        print_text(f"{line}\n")
    return SUCCEEDED


def _test(arguments: argparse.Namespace, desk: RosterDesk) -> int:
    from missioncontrol.ports.agent import AttemptFailed

    name = arguments.name
    declared = msgspec.convert(item_of(desk, GET, name).declared, Declaration)
    try:
        with _waiting(f"{name} to show whether it works"):
            proof = desk.proof(declared)
    except AttemptFailed as failure:
        if arguments.json:
            print_json(
                {
                    "name": name,
                    "works": False,
                    "code": failure.code,
                    "reason": failure.reason,
                    "hint": failure.hint,
                }
            )
        else:
            hint = f" {failure.hint}" if failure.hint else ""
            print_text(visible(f"{name} does not work: {failure.reason}{hint}\n"))
        return FAILED
    if arguments.json:
        print_json({"name": name, "works": True, **in_full(proof)})
    else:
        version = f" {proof.version}" if proof.version else ""
        print_text(visible(f"{name} works: {declared.kind}{version}. {proof.said}".rstrip()))
        print_text("\n")
    return SUCCEEDED
