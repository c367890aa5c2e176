"""The process that `tests.prefork` has `mission` forked from: `python prefork_server.py HANDLE`.

Each message on the socket HANDLE asks for one process: JSON with its arguments, environment,
directory, and session, and beside it four handles: the three standard streams, and a pipe on which
the number of the process is written at once and its status (as `waitpid` gives it) at its end.

The server is no child of who starts it: an engine in the process of a test kills what it finds
among its own descendants at the end of a step. It ends when the socket is closed.
"""

import atexit
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

MESSAGE_BYTES_MAX = 128 * 1024
STREAMS = ("stdin", "stdout", "stderr")
IMPORTED_LATE = (
    "acp",
    "cryptography.hazmat.primitives.serialization",
    "genai_prices",
    "httpcore",
    "httptools",
    "litestar.plugins.pydantic",
    "missioncontrol.adapters.agents.acp.client",
    "missioncontrol.adapters.agents.acp.kind",
    "missioncontrol.adapters.agents.coding.claude",
    "missioncontrol.adapters.agents.coding.codex",
    "missioncontrol.adapters.agents.coding.health_check",
    "missioncontrol.adapters.agents.command_kind",
    "missioncontrol.adapters.agents.person_kind",
    "missioncontrol.adapters.expressions.cel",
    "missioncontrol.adapters.memory_indexes.file",
    "missioncontrol.adapters.memory_indexes.sqlite",
    "missioncontrol.adapters.search_indexes.file",
    "missioncontrol.adapters.search_indexes.sqlite",
    "missioncontrol.adapters.warehouses.duckdb.owner",
    "missioncontrol.adapters.warehouses.remote",
    "missioncontrol.adapters.workflow_files.reader",
    "missioncontrol.adapters.workflow_files.writer",
    "missioncontrol.cli.agent",
    "missioncontrol.cli.approvals",
    "missioncontrol.cli.schedule",
    "missioncontrol.cli.workflow",
    "missioncontrol.documents.report",
    "missioncontrol.documents.printing",
    "missioncontrol.documents.report",
    "missioncontrol.interfaces.gateway.server",
    "missioncontrol.interfaces.gateway.tab",
    "missioncontrol.mcp.transport",
    "platformdirs",
    "re2",
    "rich.logging",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
)
"""Imported inside functions that many verbs come through, and what takes seconds to import."""


def serve(control: socket.socket) -> None:
    """Fork what is asked for until the other end of `control` is closed; return in no child."""
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report(reports)
        if control.fileno() not in ready:
            continue
        message, handles, _, _ = socket.recv_fds(control, MESSAGE_BYTES_MAX, 4)
        if not message:
            return
        *streams, report = handles
        pid = os.fork()
        if pid == 0:
            for handle in (control.detach(), woken, waker, report, *reports.values()):
                os.close(handle)
            _be_mission(json.loads(message), streams)
        reports[pid] = report
        os.write(report, b"%d\n" % pid)
        for handle in streams:
            os.close(handle)


def _prepare() -> None:
    """Do once what each `mission` would do: import, build the parser, compile the templates."""
    from missioncontrol.cli.arguments import parser
    from missioncontrol.cli.main import VERBS
    from missioncontrol.documents import page, paper

    for module in {module for module, _ in VERBS.values()}:
        import_module(f"missioncontrol.cli.{module}")
    for module in IMPORTED_LATE:
        import_module(module)
    parser()
    for environment, kind in (
        (page._environment(), "*.html.j2"),
        (paper._environment(), "*.md.j2"),
    ):
        for template in page.TEMPLATES.glob(kind):
            environment.get_template(template.name)


def _report(reports: dict[int, int]) -> None:
    """Write the status of each process that has ended."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        report = reports.pop(pid)
        with suppress(BrokenPipeError):  # The client has gone.
            os.write(report, b"%d\n" % status)
        os.close(report)


def _be_mission(order: dict[str, Any], streams: list[int]) -> NoReturn:
    """Do in this process what `python -m missioncontrol` does, and end it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if order["session"]:
        os.setsid()
    _take_streams(streams)
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    sys.path.insert(0, str(Path.cwd()))
    sys.argv[1:] = order["arguments"]
    code = _code_of_main()
    threading._shutdown()  # type: ignore[attr-defined]  # What an interpreter does at its end.
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
    # The rest of the end of an interpreter frees memory that ends with the process anyway.
    os._exit(code)


def _take_streams(handles: list[int]) -> None:
    """Make the handles the standard streams, opened as an interpreter opens them."""
    # None of them is below 3: the server's own streams are open.
    for number, handle in enumerate(handles):
        os.dup2(handle, number)
        os.close(handle)
    for number, name in enumerate(STREAMS):
        before = getattr(sys, name)
        raw = io.FileIO(number, "w" if number else "r", closefd=False)
        buffered = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
        errors, lines = before.errors, number == 2 or raw.isatty()
        opened = io.TextIOWrapper(buffered, before.encoding, errors, line_buffering=lines)
        setattr(sys, name, opened)
        setattr(sys, f"__{name}__", opened)


def _code_of_main() -> int:
    try:
        runpy.run_module("missioncontrol", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 - as an interpreter ends
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0


if __name__ == "__main__":
    if os.fork():
        os._exit(0)
    del sys.path[0]  # The directory of this file; a child puts its own directory there.
    _prepare()
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
