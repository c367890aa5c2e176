"""`mission worker`: works for a server elsewhere; beside the server it makes tokens and lists."""

import argparse
import asyncio
import os
import platform
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from missioncontrol import __version__
from missioncontrol.adapters.agent_files import read_agents
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.workers.agents import LocalAgent, LocalAgents, declared_agent
from missioncontrol.adapters.workers.tokens import TokenFile, name_in, token_in
from missioncontrol.adapters.workers.worker import StateDirectory, Worker
from missioncontrol.app.settings import PASSED_ON, usual_home
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.places import settings_of
from missioncontrol.cli.text import duration
from missioncontrol.confinement import HiddenDirectories, available_confinement
from missioncontrol.domain.declaration import SCALE_MAX, Declaration
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.in_full import in_full
from missioncontrol.domain.secrets import HARMLESS, Scrubber, secret_values
from missioncontrol.domain.visible import visible
from missioncontrol.ports.agent import Agent
from missioncontrol.ports.artifact_store import ArtifactStore
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.ports.gateway import Gateway
from missioncontrol.ports.workers import Introduction, WorkerDrained, WorkerSeen, WorkersListed


def worker(arguments: argparse.Namespace) -> int:
    """Do what `mission worker` was asked for."""
    match arguments.worker:
        case "token":
            return _token(arguments)
        case "list":
            return _list(arguments)
        case "drain":
            return _drain(arguments)
    return asyncio.run(_work(arguments, os.environ))


# Beside the server.


def _token(arguments: argparse.Namespace) -> int:
    token = TokenFile(Home(settings_of(arguments).home).workers).make(arguments.name)
    print_text(f"{token}\n")
    note("It is shown only now. Keep it in a file that only its worker can read.\n")
    return SUCCEEDED


def _list(arguments: argparse.Namespace) -> int:
    found = _workers(arguments)
    if arguments.json:
        print_json([in_full(each) for each in found])
        return SUCCEEDED
    if not found:
        print_text("No worker is connected. `mission worker token NAME` makes a token for one.\n")
        return SUCCEEDED
    for line in _lines(found):
        print_text(visible(line) + "\n")
    return SUCCEEDED


def _workers(arguments: argparse.Namespace) -> list[WorkerSeen]:
    from missioncontrol.cli.desk import Desk

    desk = Desk(arguments, os.environ)
    try:
        if desk.home.holder() is None:
            raise _no_engine(desk.directory)
        return msgspec.convert(desk.deliver(WorkersListed()), list[WorkerSeen])
    finally:
        desk.close()


def _drain(arguments: argparse.Namespace) -> int:
    from missioncontrol.cli.desk import Desk

    desk = Desk(arguments, os.environ)
    try:
        if desk.home.holder() is None:
            raise _no_engine(desk.directory)
        desk.deliver(WorkerDrained(arguments.name))
    finally:
        desk.close()
    print_text(f"{arguments.name} ends what it holds, and leaves.\n")
    return SUCCEEDED


def _no_engine(home: Home) -> Unavailable:
    return Unavailable(
        "worker.closed",
        f"No engine is at work in {str(home.root)!r}, so no worker is connected.",
        hint="`mission up --workers PORT` accepts workers.",
    )


def _lines(found: Sequence[WorkerSeen]) -> Iterator[str]:
    """Return a table: name, location, version, load, heartbeat, agents."""
    rows = [("NAME", "STATUS", "LOCATION", "VERSION", "LOAD", "LAST SEEN", "AGENTS")]
    rows += [
        (
            each.name,
            each.status,
            each.location,
            each.version,
            f"{each.load}/{each.scale}",
            f"{duration(each.silent_seconds)} ago",
            ", ".join(each.agents),
        )
        for each in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


# On the worker's machine.


async def _work(arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from missioncontrol.adapters.workers.server_client import ServerClient
    from missioncontrol.interfaces.workers import GatewayDoor

    url, token, drain_seconds = _parse_arguments(arguments)
    home = Home(settings_of(arguments).home)
    root = _state_of(arguments, home, name_in(token))
    scrubber = Scrubber([token, *secret_values(environment)])
    link, door = ServerClient(url, token), GatewayDoor(url, token) if arguments.gateway else None
    confinement = available_confinement(environment)
    note(f"{confinement.statement()}\n")
    hidden = (home.root, usual_home(), root, Path(arguments.token_file))
    sandbox = HiddenDirectories(confinement, hidden)
    machine = Machine(home, root, environment, scrubber, door, sandbox)
    agents = LocalAgents(_carriers(arguments, machine))
    worker = Worker(
        _introduction(arguments, name_in(token)),
        link,
        agents,
        scrubber,
        StateDirectory(root),
        report=lambda text: note(f"{visible(scrubber.text(text))}\n"),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, worker.drain, drain_seconds)
    try:
        if door is not None:
            await door.open()
        await worker.work()
    finally:
        if door is not None:
            await door.close()
    note("The worker has left.\n")
    return SUCCEEDED


def _state_of(arguments: argparse.Namespace, home: Home, name: str) -> Path:
    return Path(arguments.state).absolute() if arguments.state else home.root / "workers" / name


def _parse_arguments(arguments: argparse.Namespace) -> tuple[str, str, float]:
    """Return the server, the token, and the time to drain.

    Raises:
        Rejected: `worker.no_server`, `worker.bad_time`, `worker.bad_scale`, and as `token_in`.
    """
    if not arguments.server or not arguments.token_file:
        raise Rejected(
            "worker.no_server",
            "A worker needs --server and --token-file.",
            hint="Beside the server, `mission worker token NAME` prints the token.",
        )
    if not 1 <= arguments.scale <= SCALE_MAX:
        raise Rejected(
            "worker.bad_scale",
            f"A worker cannot work on {arguments.scale} steps at once.",
            hint=f"Give 1 to {SCALE_MAX:,}.",
        )
    seconds = seconds_of(arguments.drain_within)
    if isinstance(seconds, str):
        raise Rejected("worker.bad_time", f"--drain-within: {seconds}")
    return arguments.server, token_in(Path(arguments.token_file)), seconds


def _introduction(arguments: argparse.Namespace, name: str) -> Introduction:
    return Introduction(
        name,
        instance="",
        version=__version__,
        location=arguments.location or platform.node(),
        platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        scale=arguments.scale,
    )


class Machine(msgspec.Struct, frozen=True):
    """What the agents of this machine are made of."""

    home: Home
    root: Path  # what the worker keeps
    environment: Mapping[str, str]
    scrubber: Scrubber
    gateway: Gateway | None
    sandbox: Sandbox


def _carriers(arguments: argparse.Namespace, machine: Machine) -> list[LocalAgent]:
    """Return the agents that this worker carries out.

    Raises:
        Rejected: `worker.unknown_agent`, `worker.no_agents`, and those of the agents file.
    """
    declared = {each.name: each for each in read_agents(_agents_file(arguments, machine.home))}
    names = [each.strip() for each in (arguments.agents or ",".join(declared)).split(",")]
    chosen = [name for name in dict.fromkeys(names) if name]
    if not chosen:
        raise Rejected(
            "worker.no_agents",
            "The worker carries out no agent.",
            hint="Name some with --agents, or declare them in a file: --agents-file.",
        )
    return [_carrier(name, declared, machine) for name in chosen]


def _agents_file(arguments: argparse.Namespace, home: Home) -> Path:
    if arguments.agents_file is None:
        return home.agents
    path = Path(arguments.agents_file).absolute()
    if not path.is_file():
        raise Rejected("agents.missing", f"There is no file {str(path)!r}.")
    return path


def _carrier(name: str, declared: Mapping[str, Declaration], machine: Machine) -> LocalAgent:
    from missioncontrol.adapters.agents.kinds import Kinds
    from missioncontrol.adapters.agents.workshops import Workshops
    from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
    from missioncontrol.adapters.secret_stores import secret_store
    from missioncontrol.specialists.catalogue import CLASSES

    if name in declared:
        environment, root = machine.environment, machine.root
        secrets = secret_store(environment, machine.home.root / "secrets.toml")
        store = FolderArtifactStore(root / "artifacts")  # Each attempt gets one of its own.
        workshops = Workshops(
            root,
            store,
            environment,
            secrets,
            machine.scrubber,
            machine.sandbox,
            harmless=HARMLESS,
        )
        workshops.gateway = machine.gateway
        return declared_agent(declared[name], Kinds(), workshops)
    if name in CLASSES:
        return _specialist(name, machine)
    raise Rejected(
        "worker.unknown_agent",
        f"No agent {name!r} is known on this machine.",
        hint=f"Declare it in the agents file; built in are {', '.join(CLASSES)}.",
    )


def _specialist(name: str, machine: Machine) -> LocalAgent:
    """Return a built-in specialist, as a program of its own."""
    from missioncontrol.adapters.agents.program import ProgramAgent
    from missioncontrol.specialists.cards import CARDS

    environment, scratch = machine.environment, machine.root / "scratch"
    seen = {key: environment[key] for key in PASSED_ON if key in environment}

    def make(artifacts: ArtifactStore) -> Agent:
        argv = [sys.executable, "-P", "-m", "missioncontrol.worker", name]
        return ProgramAgent(
            argv,
            scratch=scratch,
            artifacts=artifacts,
            environment=seen,
            sandbox=machine.sandbox,
        )

    return LocalAgent(CARDS[name], make, SCALE_MAX)
