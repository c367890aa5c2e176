"""`mission agent`: who does the steps, how they stand, and whether they work."""

import argparse
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

import msgspec

from missioncontrol.adapters.agent_files import declaration, read_agents
from missioncontrol.application.agent_measures import AgentActivity
from missioncontrol.application.agents import AgentAsked
from missioncontrol.cli.agent_formatters import (
    list_lines,
    measures_lines,
    measures_view,
    sheet,
    standing_line,
    view,
)
from missioncontrol.cli.elevating import elevate, width_lines, width_view
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.lifecycle.agent_count import count_agents
from missioncontrol.domain.lifecycle.states import AgentLife, Failed, Starting
from missioncontrol.domain.visible import visible
from missioncontrol.ports.agent_kind import Proof

SETTLING_SECONDS_MAX = 70.0
LOOK_SECONDS = 0.1
ENDINGS = (signal.SIGTERM, signal.SIGHUP)
WAITING_SECONDS = 3.0
"""Of silence before the command line says what it waits for."""
SCHEMA_BYTES_MAX = 1024 * 1024


class AgentDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    def lives(self) -> Sequence[AgentLife]:
        """Return all agents that are not removed, by name, the built-in ones with them."""
        ...

    def at_work(self) -> Mapping[str, int]:
        """Return how many steps each agent works on now, as far as an engine is there to say."""
        ...

    def deliver(self, ask: Any) -> Any:
        """Send `ask` to `Agents.take` or `Elevations.take`; return once it is on disk."""
        ...

    def card(self, life: AgentLife) -> AgentCard | None:
        """Return what an agent takes and does; None where its kind is not known here."""
        ...

    def proof(self, declared: Declaration) -> Proof:
        """Ask an agent for its version, its sign-in and something harmless.

        Raises:
            AttemptFailed: it does not work.
        """
        ...

    def measured(self, since: float, now: float) -> AgentActivity:
        """Return what all agents did between two moments, in seconds since the epoch."""
        ...

    @property
    def has_engine(self) -> bool:
        """Whether an engine is at work on this home."""
        ...


def agent(arguments: argparse.Namespace, desk: AgentDesk, *, now: float) -> int:
    """Do what `mission agent` was asked for; `now` is in seconds since the epoch."""
    match arguments.agent:
        case "list":
            return _list(arguments, desk, now)
        case "show":
            return _show(arguments, _life(desk, arguments.name), desk, now)
        case "add":
            return _add(arguments, desk, now)
        case "test":
            return _test(arguments, desk)
        case "elevate":
            return elevate(arguments, _life(desk, arguments.name), desk, now)
        case "scale":
            ask = AgentAsked("scale", arguments.name, arguments.reason, scale=arguments.scale)
        case "drain" | "restart":
            seconds = _seconds(arguments.within, "within")
            ask = AgentAsked(arguments.agent, arguments.name, arguments.reason, seconds_max=seconds)
        case verb:
            ask = AgentAsked(verb, arguments.name, arguments.reason)
    return _change(arguments, ask, desk, now)


def declared_by(arguments: argparse.Namespace, base: Path) -> Declaration:
    """Return the agent that a command line describes; relative directories begin at `base`.

    Raises:
        Rejected: `agent.malformed` and what is wrong with a file.
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
    return declaration(arguments.name, entry, base=base)


def _from_file(path: Path, name: str) -> Declaration:
    if not path.exists():
        raise NotFound("agents.no_file", f"There is no file {str(path)!r}.")
    found = {each.name: each for each in read_agents(path)}
    if name not in found:
        named = f"It declares {', '.join(found)}." if found else "It declares none."
        raise NotFound("agent.unknown", f"{str(path)!r} declares no agent {name!r}.", hint=named)
    return found[name]


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


def _seconds(text: str, option: str) -> float:
    seconds = 0.0 if text in ("0", "0s") else seconds_of(text)
    if isinstance(seconds, str):
        raise Rejected("agent.bad_option", f"--{option} is {text[:60]!r}.", hint=seconds)
    return seconds


def _add(arguments: argparse.Namespace, desk: AgentDesk, now: float) -> int:
    declared = declared_by(arguments, Path.cwd())
    ask = AgentAsked(
        "add",
        declared.name,
        arguments.reason,
        declared,
        replace=arguments.replace,
        start=not arguments.stopped,
    )
    return _change(arguments, ask, desk, now)


def _change(arguments: argparse.Namespace, ask: AgentAsked, desk: AgentDesk, now: float) -> int:
    """Deliver what is asked, wait until the agent has answered, and tell how it stands."""
    if ask.verb != "add":
        _life(desk, ask.name)
    proves = ask.verb in ("add", "start", "restart")
    with _waiting(f"{ask.name} to show whether it works" if proves else "the home to answer"):
        desk.deliver(ask)
        life = None if ask.verb == "remove" else _settled(desk, ask.name)
    if life is None:
        if arguments.json:
            print_json({"name": ask.name, "status": "removed"})
        else:
            print_text(f"{ask.name} is removed; its past stays in the log.\n")
        return SUCCEEDED
    if arguments.json:
        print_json(view(life, desk.at_work().get(ask.name, 0)))
    else:
        print_text(f"{standing_line(life, desk.at_work().get(ask.name, 0), now)}\n")
        if ask.verb in ("add", "start", "restart") and not desk.has_engine:
            note("No engine is at work here: `mission up` starts one to run steps.\n")
    return FAILED if isinstance(life.standing, Failed) else SUCCEEDED


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


def _settled(desk: AgentDesk, name: str) -> AgentLife:
    """Return how an agent stands once it has shown whether it works."""
    end = time.monotonic() + SETTLING_SECONDS_MAX
    while True:
        life = _life(desk, name)
        if not isinstance(life.standing, Starting) or time.monotonic() > end:
            return life
        time.sleep(LOOK_SECONDS)


def _life(desk: AgentDesk, name: str) -> AgentLife:
    lives = {life.name: life for life in desk.lives()}
    if name in lives:
        return lives[name]
    near = get_close_matches(name, lives, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`mission agent list` names them."
    raise NotFound("agent.unknown", f"There is no agent {name!r} here.", hint=hint)


def _list(arguments: argparse.Namespace, desk: AgentDesk, now: float) -> int:
    at_work = desk.at_work()
    lives = desk.lives()
    if arguments.json:
        print_json([view(life, at_work.get(life.name, 0)) for life in lives])
        return SUCCEEDED
    for line in list_lines(lives, at_work, now, columns()):
        print_text(f"{line}\n")
    print_text(f"{count_agents(lives, at_work).words}\n")
    if not desk.has_engine:
        note("No engine is at work here: `mission up` starts one to run steps.\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, life: AgentLife, desk: AgentDesk, now: float) -> int:
    at_work = desk.at_work().get(life.name, 0)
    since = now - _seconds(arguments.since, "since")
    done = desk.measured(since, now)
    card = desk.card(life)
    standing = card.standing if card is not None else {}
    if arguments.json:
        wider = width_view(life, standing, now)
        print_json({**view(life, at_work), **wider, "measures": measures_view(life, done)})
    else:
        lines = (
            *sheet(life, at_work, now, columns()),
            *width_lines(life, standing, now, columns()),
            *measures_lines(life, done),
        )
        for line in lines:
            print_text(f"{line}\n")
    return SUCCEEDED


def _test(arguments: argparse.Namespace, desk: AgentDesk) -> int:
    from missioncontrol.ports.agent import AttemptFailed

    life = _life(desk, arguments.name)
    try:
        with _waiting(f"{life.name} to show whether it works"):
            proof = desk.proof(life.declared)
    except AttemptFailed as failure:
        if arguments.json:
            print_json(
                {
                    "name": life.name,
                    "works": False,
                    "code": failure.code,
                    "reason": failure.reason,
                    "hint": failure.hint,
                }
            )
        else:
            hint = f" {failure.hint}" if failure.hint else ""
            print_text(visible(f"{life.name} does not work: {failure.reason}{hint}\n"))
        return FAILED
    if arguments.json:
        print_json({"name": life.name, "works": True, **in_full(proof)})
    else:
        version = f" {proof.version}" if proof.version else ""
        print_text(
            visible(f"{life.name} works: {life.declared.kind}{version}. {proof.said}".rstrip())
        )
        print_text("\n")
    return SUCCEEDED
