"""The process of the console: `python -m missioncontrol.console HOME SOCKET [HEADS]`.

`front` starts it; HEADS is the file that signed heads are sent to.
It ends when its input ends, and says on its output when it begins to answer.
"""

import asyncio
import gc
import logging
import os
import resource
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.adapters.connections import StepConnections
from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.secret_stores import secret_store
from missioncontrol.app.console_app import opened, providers, watch
from missioncontrol.app.console_process import Ready
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.app import build
from missioncontrol.interfaces.listeners import server
from missioncontrol.interfaces.sign_in.gate import Gate, refuse_exposure

if TYPE_CHECKING:
    import uvicorn

NICENESS = 5
"""Where both want a core, the engine comes first."""

FILES_MAX = 16_384
"""Files and connections at once."""

LOOK_SECONDS = 0.01

COLLECTED_AFTER = (10_000, 10, 20)
"""New containers between two searches for rings of dead ones, and how many of these searches come
before one that looks at older ones too. A search through all that is at hand of a home with a
million events takes a third of a second, in which no request is answered."""


def main() -> int:
    """Serve one home until the input ends; return the exit code."""
    engine = os.getppid()
    home, handle = Home(Path(sys.argv[1])), int(sys.argv[2])
    heads = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    os.nice(NICENESS)
    _have_files()
    logging.basicConfig(level=logging.WARNING, format="mission: console: %(message)s")
    try:
        asyncio.run(_serve(home, heads, socket.socket(fileno=handle), engine))
    except MissionControlError as error:
        sys.stderr.write(f"mission: console: {error}\n")
        return 1
    return 0


def _have_files() -> None:
    """Raise the limit of open connections to the maximum: it mostly begins at 1,024."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if most == resource.RLIM_INFINITY else min(FILES_MAX, most)
    if 0 <= now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _serve(home: Home, heads: Path | None, listening: socket.socket, engine: int) -> None:
    """Answer on `listening` until standard input ends; `engine` is the process that started us."""
    with opened(home, heads) as console:
        await console.present.catch_up()
        await console.instruments.measuring.start()
        await console.deliveries.start()
        settings = console_settings(home.root / "console.toml")
        secret = secret_store({}, home.root / "secrets.toml").value
        console.people.providers = providers(settings, secret)
        refuse_exposure(listening.getsockname()[0], settings, await console.people.access())
        version: str = import_module("missioncontrol").__version__
        steps = StepConnections(engine)
        app = build(console, version=version)
        gate = Gate(app, console.people, settings, is_of_step=steps.is_of_step)
        serving = server(gate)
        task = asyncio.create_task(serving.serve(sockets=[listening]))
        await _answering(serving, task)
        _collect_rarely()
        tending = asyncio.create_task(console.analytics.tend())
        watching = asyncio.create_task(watch(console).run())
        url = _url(listening)
        console.notifier.url = console.notifier.url or url
        await console.notifier.start()
        link = f"{url}/sign-in/link?token={console.people.new_link()}"
        sys.stdout.buffer.write(msgspec.json.encode(Ready(url, link)) + b"\n")
        sys.stdout.flush()
        await _end_of_input()
        serving.should_exit = True
        tending.cancel()
        watching.cancel()
        await console.live.close()  # Streams would go on until the server cuts them off.
        await task
        await console.verifying.close()
        await console.notifier.stop()
        await console.deliveries.stop()
        await console.instruments.measuring.stop()


async def _answering(serving: "uvicorn.Server", task: "asyncio.Task[None]") -> None:
    while not serving.started and not task.done():  # noqa: ASYNC110 - the library has no signal
        await asyncio.sleep(LOOK_SECONDS)


def _collect_rarely() -> None:
    """Leave out of all searches for dead rings what was made by now: it lives as long as we do."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _end_of_input() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4_096):
        pass


if __name__ == "__main__":
    raise SystemExit(main())
