"""The process of the console: `python -m missioncontrol.console HOME SOCKET [HEADS]`.

`app.console_process` starts it; HEADS is the file that signed heads are sent to. With `--root`
before it, HOME is the root of several workspaces and the console serves all of them.
It ends when its input ends, and reports on its output when it begins to answer.
"""

import asyncio
import gc
import logging
import os
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.adapters.connections import StepConnections
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.console_process import ROOT, Ready
from missioncontrol.app.served_console import Applications, served_console
from missioncontrol.app.served_workspaces import ServedWorkspaces
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.listeners import App, server

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
    """Serve until the input ends; return the exit code."""
    engine = os.getppid()
    given = sys.argv[1:]
    is_root = given[0] == ROOT
    directory, handle = Path(given[is_root]), int(given[1 + is_root])
    heads = Path(given[2]) if len(given) > 2 and not is_root else None
    os.nice(NICENESS)
    _have_files()
    logging.basicConfig(level=logging.WARNING, format="mission: console: %(message)s")
    try:
        listening = socket.socket(fileno=handle)
        if is_root:
            asyncio.run(_serve_all(directory, listening, engine))
        else:
            asyncio.run(_serve(Home(directory), heads, listening, engine))
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
    """Serve one home; `engine` is the process that started us."""
    url, address = _url(listening), listening.getsockname()[0]
    steps = StepConnections(lambda: (engine,))
    serving_one = served_console(
        home,
        heads,
        url=url,
        address=address,
        is_of_step=steps.is_of_step,
        build_app=Applications(),
    )
    async with serving_one as (console, gate, _):
        link = f"{url}/sign-in/link?token={console.people.new_link()}"
        await _answer(gate, listening, Ready(url, link), console.live.close)


async def _serve_all(root: Path, listening: socket.socket, supervisor: int) -> None:
    """Serve the workspaces below a root; `supervisor` is the process that started us."""
    url, address = _url(listening), listening.getsockname()[0]
    file = WorkspacesFile(root)
    all_ = ServedWorkspaces(file, supervisor=supervisor, url=url, address=address)
    following = asyncio.create_task(all_.follow())
    try:
        ready = Ready(url, f"{url}/sign-in/link?token={all_.link}")
        await _answer(all_.router, listening, ready, all_.end_streams)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        await all_.close()


async def _answer(
    app: App, listening: socket.socket, ready: Ready, end_streams: Callable[[], Awaitable[None]]
) -> None:
    """Answer on `listening` until standard input ends."""
    serving = server(app)
    task = asyncio.create_task(serving.serve(sockets=[listening]))
    await _answering(serving, task)
    _collect_rarely()
    sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
    sys.stdout.flush()
    await _end_of_input()
    serving.should_exit = True
    await end_streams()  # They would go on until the server cuts them off.
    await task


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
