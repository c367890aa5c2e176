"""Starts a product, sends it requests, restarts it and repeats the last request.

Run as a program of its own in the sandbox of the tests, with the path of a description:
`{"start": [...], "port_variable": "", "health": "", "requests": [...], "calls": [...]}`. It prints
requests and answers, and exits with 1 where the product fails one.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

SECONDS_START = 60.0
SECONDS_CALL = 120.0
SHOWN_MAX = 300
"""Characters of an answer that are printed."""
ANSWER_MAX = 1 << 20
"""Bytes of an answer that are read and compared."""


class Refused(Exception):
    """The product does not start, answer or remember."""


def main(path: str) -> int:
    """Do what the description says; return the exit code."""
    asked = json.loads(Path(path).read_text("utf-8"))
    try:
        (_serve if asked["port_variable"] else _call)(asked)
    except Refused as refusal:
        say(f"FAILED: {refusal}")
        return 1
    say("The product starts and answers.")
    return 0


def say(text: str) -> None:
    """Print a line at once: the product prints beside it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _serve(asked: dict[str, Any]) -> None:
    port = _free_port()
    with _Server(asked, port) as server:
        server.wait()
        answers = [_ask(port, each) for each in asked["requests"]]
    if not asked["requests"]:
        return
    if _is_open(port):
        raise Refused("the server goes on listening after it was stopped")
    last = asked["requests"][-1]
    with _Server(asked, port) as server:
        say("restarted")
        server.wait()
        if _ask(port, last) != answers[-1]:
            raise Refused(f"{_name(last)} answers otherwise after a restart")


class _Server:
    def __init__(self, asked: dict[str, Any], port: int) -> None:
        self._asked, self._port = asked, port

    def __enter__(self) -> Self:
        argv = [sys.executable if each == "python" else each for each in self._asked["start"]]
        say(f"$ {' '.join(self._asked['start'])}")
        environment = {**os.environ, self._asked["port_variable"]: str(self._port)}
        self._process = subprocess.Popen(  # noqa: S603 - runs the product in the sandbox of the tests
            argv, env=environment, start_new_session=True
        )
        return self

    def wait(self) -> None:
        """Wait until it answers."""
        ends = time.monotonic() + SECONDS_START
        while time.monotonic() < ends:
            if self._process.poll() is not None:
                raise Refused(f"the server ended with exit code {self._process.returncode}")
            try:
                _ask(self._port, {"method": "GET", "path": self._asked["health"]}, quiet=True)
            except Refused:
                time.sleep(0.1)
                continue
            say(f"GET {self._asked['health']} is answered")
            return
        raise Refused(f"GET {self._asked['health']} was not answered in {SECONDS_START:.0f} s")

    def __exit__(self, *_: object) -> None:
        # `npm start` leaves its server behind where only npm itself is stopped.
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(10)
            except (ProcessLookupError, PermissionError):
                break
            except subprocess.TimeoutExpired:
                continue
            if not _is_open(self._port):
                break
            time.sleep(0.5)


def _ask(port: int, request: dict[str, Any], *, quiet: bool = False) -> str:
    body = request.get("body")
    data = None if body is None else json.dumps(body).encode()
    wanted = urllib.request.Request(
        f"http://127.0.0.1:{port}{request['path']}",
        data,
        {"content-type": "application/json"} if data else {},
        method=request["method"],
    )
    try:
        with urllib.request.urlopen(  # noqa: S310 - always http, on loopback
            wanted, timeout=SECONDS_CALL
        ) as reply:
            status: int = reply.status
            text: str = reply.read(ANSWER_MAX).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        text = error.read(ANSWER_MAX).decode("utf-8", "replace")
        raise Refused(f"{_name(request)} answers {error.code}: {text[:SHOWN_MAX]}") from None
    except (OSError, http.client.HTTPException) as error:
        raise Refused(f"{_name(request)} is not answered: {error}") from None
    if not quiet:
        say(f"{_name(request)} → {status} {text[:SHOWN_MAX]}")
    return text


def _name(request: dict[str, Any]) -> str:
    return f"{request['method']} {request['path']}"


def _call(asked: dict[str, Any]) -> None:
    _run(asked["start"])
    answers = [_run(each) for each in asked["calls"]]
    if answers and (not answers[-1].strip() or _run(asked["calls"][-1]) != answers[-1]):
        raise Refused(f"{' '.join(asked['calls'][-1])} does not answer twice alike")


def _run(argv: list[str]) -> str:
    say(f"$ {' '.join(argv)}")
    try:
        done = subprocess.run(  # noqa: S603 - runs the product in the sandbox of the tests
            [sys.executable if each == "python" else each for each in argv],
            capture_output=True,
            text=True,
            timeout=SECONDS_CALL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"{' '.join(argv)} does not end within {SECONDS_CALL:.0f} s") from None
    say((done.stdout or done.stderr)[:SHOWN_MAX].rstrip())
    if done.returncode:
        raise Refused(f"exit code {done.returncode}: {done.stderr[-SHOWN_MAX:]}")
    return done.stdout


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def _is_open(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
