"""The verbs about all work at once: up, stop, start, limit."""

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

import msgspec

from missioncontrol.adapters.ancestry import ANCESTRY
from missioncontrol.adapters.heads_targets import FileTarget, heads_target
from missioncontrol.adapters.home import Home
from missioncontrol.app.builtin_agents import FUNCTIONS
from missioncontrol.app.console_process import ConsoleProcess, Ready, is_wanted
from missioncontrol.app.container import EngineContext, holding
from missioncontrol.app.engine_process import follow_supervisor, refuse_no_input
from missioncontrol.app.settings import Settings
from missioncontrol.application.asks import ChangeLimit, StartAll, StopAll
from missioncontrol.application.journal import Entry
from missioncontrol.cli.budget import note_stranger
from missioncontrol.cli.declarations import item_of
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import STAGES
from missioncontrol.cli.notifications import notable_events
from missioncontrol.cli.open_home import refuse_server
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.places import settings_of
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import duration_in_words, seconds_of
from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.listeners import LOOPBACK
from missioncontrol.queries.operation import GET, LimitView, OperationView
from missioncontrol.runtime.recovery import only_waits

LEASE_SECONDS_MAX = 3_600.0
AFTER_A_STOP = ("drain", "paused", "all")
NO_PERSON = ("engine", "python")
"""Actors that the log names without `user:`."""


def up(arguments: argparse.Namespace) -> int:
    """Hold the home and carry out whatever is asked for, until Ctrl-C."""
    refuse_server(arguments)
    if arguments.root is not None:
        from missioncontrol.cli.workspace import up as up_all

        return up_all(arguments)
    if arguments.supervised:
        refuse_no_input()
    front = None
    if not arguments.no_console and is_wanted():
        home = Home(settings_of(arguments).home)
        target = heads_target(arguments.heads_to, home) if arguments.heads_to is not None else None
        front = ConsoleProcess(
            home.root,
            port=arguments.port,
            address=arguments.address,
            heads=target.path if isinstance(target, FileTarget) else None,
            environment=os.environ,
        )
    return asyncio.run(_serve(arguments, front=front))


def _settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of a home, and where workers are admitted.

    Raises:
        Rejected: `worker.bad_time`.
    """
    lease = seconds_of(getattr(arguments, "lease", "60s"))
    if isinstance(lease, str) or not 1 <= lease <= LEASE_SECONDS_MAX:
        raise Rejected(
            "worker.bad_time",
            f"--lease {arguments.lease!r} is no time that a worker may be silent.",
            hint="Give 1s to 1h.",
        )
    return msgspec.structs.replace(
        settings_of(arguments),
        workers_port=getattr(arguments, "workers", None),
        workers_address=getattr(arguments, "bind", LOOPBACK),
        heads_to=getattr(arguments, "heads_to", None),
        lease_seconds=lease,
    )


async def _serve(
    arguments: argparse.Namespace, port: int | None = None, front: ConsoleProcess | None = None
) -> int:
    """Work until the process is ended; the gateway listens on `port`, if one is named."""
    async with holding(_settings_of(arguments)) as held, AsyncExitStack() as opened:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Under `nohup`, the end of the terminal is to be ignored.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, ended.set)
        teller = Teller()
        held.engine.listeners.append(teller.take)
        for trouble in held.troubles:
            _warn(trouble)
        held.trouble_listeners.append(_warn)
        await held.servers.open_gateway(port)
        await held.work()
        await held.scheduler.start()
        messages = await _take_up(held)
        await held.remote_workers.open()
        await held.listen()
        note(f"Mission Control works in {held.home.root}; Ctrl-C ends it.\n")
        if getattr(arguments, "supervised", False):
            supervised = asyncio.create_task(follow_supervisor(ANCESTRY.trust))
            supervised.add_done_callback(lambda _: ended.set())
        if front is not None:
            front.report = held.note_trouble
            opened.push_async_callback(front.close)
            ready = await front.open()
            held.home.announce_console(ready.url)
            messages.insert(0, _where(ready))
        messages += held.servers.addresses()
        if held.remote_workers.server is not None:
            messages.append(f"Workers are accepted at {held.remote_workers.server.url}.")
        if held.confinement.is_available:
            messages.append(held.confinement.statement())
        for line in [*messages, STAGES[held.operations.present.stage]]:
            note(f"{visible(line)}\n")
        teller.begin()
        await asyncio.wait(
            {asyncio.ensure_future(ended.wait()), _death_of(held)},
            return_when=asyncio.FIRST_COMPLETED,
        )
        if held.engine.failure is not None:
            raise held.engine.failure
    note("Ended; what was at work can go on with the next `mission up`.\n")
    return SUCCEEDED


def _where(ready: Ready) -> str:
    return f"The console is at {ready.url}; this signs you in, once: {ready.link}"


def serve_gateway(arguments: argparse.Namespace) -> int:
    """Do what `up` does, with a gateway that has to be there.

    Raises:
        NotFound: `gateway.no_file`.
    """
    path = Home(settings_of(arguments).home).gateway
    if not path.exists():
        raise NotFound(
            "gateway.no_file",
            f"There is no {str(path)!r}, so it is not known where calls go.",
            hint="Write one [[upstreams]] into it, with name, base_url, api (openai or anthropic) "
            "and key (the name of a secret).",
        )
    return asyncio.run(_serve(arguments, arguments.port))


class Teller:
    """Reports what the person in charge of this home wants to know, and nothing else."""

    def __init__(self) -> None:
        """What happens before `begin` is printed then, after the program's own introduction."""
        self._early: list[str] | None = []

    def take(self, entries: Sequence[Entry]) -> None:
        """Say what is worth it of one commit."""
        for time, words in notable_events(entries):
            line = visible(f"{moment(time / 1_000_000)}  {' '.join(words.split())}") + "\n"
            if self._early is None:
                note(line)
            else:
                self._early.append(line)

    def begin(self) -> None:
        """Say what happened so far, and from now on say everything at once."""
        early, self._early = self._early, None
        note("".join(early or ()))


def _warn(trouble: str) -> None:
    note(f"mission: {visible(trouble)}\n")


def _death_of(held: EngineContext) -> "asyncio.Task[None]":
    assert held.engine.committing is not None, "the engine is not open"
    return held.engine.committing


async def _take_up(held: EngineContext) -> list[str]:
    """Go on with every run that has not ended; return what to report about it."""
    resumed, left = 0, []
    for run in held.tables.unsettled():
        state = await held.journal.load_run(run)
        if any(step.agent == FUNCTIONS for step in state.steps.values()):
            held.journal.forget(run)
            continue  # Its own program takes it up.
        try:
            await held.approvals.open(each.approval for each in state.held.values())
            if state.is_settled:
                continue  # It had its answer already, and that ended it.
            # What is halted stays so until a person resumes it.
            if state.halt is None and not only_waits(state):
                held.execution.resume(run, actor="engine")
            held.engine.adopt(run)
            resumed += 1
        except MissionControlError as error:
            left.append(f"{run} was left alone: {error}")
    lines = [f"{resumed} run{'s' if resumed != 1 else ''} resumed."] if resumed else []
    schedules = len(held.schedules.agenda)
    lines += [f"{schedules} schedule{'s' if schedules != 1 else ''} tended."] if schedules else []
    return [*lines, *left]


def stop(arguments: argparse.Namespace) -> int:
    """Stop everything, wherever it works, and prevent all starts until `start`."""
    return _change(arguments, StopAll(arguments.reason))


def start(arguments: argparse.Namespace) -> int:
    """Continue work, as far as a stage allows."""
    return _change(arguments, StartAll(arguments.stage, arguments.reason))


def _change(arguments: argparse.Namespace, ask: StopAll | StartAll) -> int:
    desk = Desk(arguments, os.environ)
    try:
        desk.deliver(ask)
        present = item_of(desk, GET, "")
    finally:
        desk.close()
    if arguments.json:
        print_json({"stage": present.stage, "reason": present.reason, "since": present.since})
    else:
        print_text(f"{STAGES[present.stage]}\n")
        if present.stage != "all":
            others = "|".join(stage for stage in AFTER_A_STOP if stage != present.stage)
            print_text(f"`mission engine resume --stage {others}` goes on.\n")
    return SUCCEEDED


def limit(arguments: argparse.Namespace) -> int:
    """Set, list or remove rate limits."""
    desk = Desk(arguments, os.environ)
    ask = None if arguments.limit == "list" else _parse_limit(arguments)
    try:
        if ask is not None:
            desk.deliver(ask)
        present = item_of(desk, GET, "")
        if ask is not None and ask.kind == "agent" and not arguments.json:
            note_stranger("agent", ask.name, desk.known("agent"))
    finally:
        desk.close()
    if arguments.json:
        print_json({"stage": present.stage, "limits": msgspec.to_builtins(present.limits)})
    elif ask is not None:
        changed = [
            each for each in present.limits if (each.kind, each.name) == (ask.kind, ask.name)
        ]
        print_text(f"{_limit_line(ask.kind, ask.name, changed[0] if changed else None)}\n")
    else:
        _print_limits(present)
    return SUCCEEDED


def _print_limits(present: OperationView) -> None:
    since = f" In force since {moment(present.since)}" if present.since else ""
    reason = f" ({present.reason})" if present.reason else ""
    print_text(visible(f"{STAGES[present.stage]}{since}{reason}\n"))
    for each in present.limits:
        print_text(f"{_limit_line(each.kind, each.name, each)}\n")
    if not present.limits:
        print_text("No rate limits.\n")


def _limit_line(kind: str, name: str, limit: LimitView | None) -> str:
    who = visible(f"{kind} {name}".strip())
    if limit is None:
        return f"{who}: no rate limit any more"
    starts = f"{limit.starts:,} start{'s' if limit.starts != 1 else ''}"
    return f"{who}: at most {starts} in {duration_in_words(limit.seconds)}"


def _parse_limit(arguments: argparse.Namespace) -> ChangeLimit:
    kind, name = arguments.kind, arguments.name
    if kind == "actor" and name not in ("", *NO_PERSON) and ":" not in name:
        name = f"user:{name}"  # As the log names people.
    if arguments.limit == "remove":
        return ChangeLimit(kind, name, arguments.reason)
    seconds = seconds_of(arguments.per)
    if isinstance(seconds, str):
        raise Rejected("operation.bad_limit", f"--per is {arguments.per[:40]!r}.", hint=seconds)
    return ChangeLimit(kind, name, arguments.reason, arguments.starts, seconds)
