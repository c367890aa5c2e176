"""A server and its workers as processes of their own, and an agent that waits for its gate."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tests import prefork
from tests.cli.command import ARGV, BEGUN, answer, environment, mission

SMITH = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
with (folder / "begun").open("a") as file:
    file.write(f"{os.getpid()}\\n")
print("The fire is lit.", file=sys.stderr, flush=True)
while not (folder / "gate").exists():
    time.sleep(0.02)
print(json.dumps({"sword": 1}))
"""
TELLER = """
import json, time
for number in range(100):
    print(json.dumps({"type": "usage", "usage": {"input_tokens": 1}}), flush=True)
    time.sleep(0.05)
print(json.dumps({"told": 100}))
"""
WORKFLOW = "name: forge\nsteps: {forge: {agent: smith}}\n"
LOOK_SECONDS = 0.05


def until(holds: Callable[[], Any], what: str, seconds: float = 100.0) -> Any:
    """Wait until something holds, and return it: a busy machine may take a minute to start it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"{what} did not come about within {seconds:g} s")


class Talker:
    """A process whose standard error is listened to."""

    def __init__(self, argv: Sequence[str], home: Path) -> None:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        program, arguments = tuple(argv[: len(ARGV)]), argv[len(ARGV) :]
        self.process: subprocess.Popen[bytes] = (
            prefork.start(arguments, environment(home), **streams)
            if program == ARGV
            else subprocess.Popen(argv, env=environment(home), **streams)
        )
        BEGUN.append(self.process)
        self.said: list[str] = []
        assert self.process.stderr is not None
        # A duplicate, as the process may be closed while this stream is still being read.
        stream = os.fdopen(os.dup(self.process.stderr.fileno()), "rb")
        self._listening = threading.Thread(target=self._listen, args=(stream,), daemon=True)
        self._listening.start()

    def _listen(self, stream: BinaryIO) -> None:
        with stream:
            for line in stream:
                self.said.append(line.decode())

    @property
    def text(self) -> str:
        return "".join(self.said)

    def until(self, pattern: str) -> "re.Match[str]":
        found: re.Match[str] = until(lambda: self._found(pattern), f"{pattern} in {self.text!r}")
        return found

    def _found(self, pattern: str) -> "re.Match[str] | None":
        is_over = self.process.poll() is not None
        if is_over:
            self._listening.join(5)  # The last lines may not have been read yet.
        found = re.search(pattern, self.text)
        if found is None and is_over:
            raise AssertionError(f"It ended with {self.process.returncode}: {self.text}")
        return found

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class House:
    """A home with `mission up --workers`, and a folder in which smiths work."""

    def __init__(self, root: Path, *, lease: str = "60s", bind: str = "127.0.0.1") -> None:
        self.root = root
        self.home = root / "home"
        self.anvil = root / "anvil"
        self.anvil.mkdir()
        self.lease = lease
        self.bind = bind
        self.url = ""
        self.more_agents = ""  # in the file of the worker that is begun next
        self.server = self.open()

    def open(self) -> Talker:
        port = self.url.rpartition(":")[2] or "0"
        argv = [*ARGV, "up", "--workers", port, "--lease", self.lease, "--bind", self.bind]
        self.server = Talker(argv, self.home)
        self.url = self.server.until(r"Workers are accepted at (http://\S+)\.\n")[1]
        self.server.until("Everything")
        return self.server

    def worker(
        self, name: str = "box", *more: str, url: str = "", before: Sequence[str] = ()
    ) -> Talker:
        """Begin a worker with a smith, and wait until it is registered."""
        talker = self.begin_worker(name, *more, url=url, before=before)
        talker.until("Connected to the server")
        return talker

    def begin_worker(
        self, name: str = "box", *more: str, url: str = "", before: Sequence[str] = ()
    ) -> Talker:
        token = self.root / f"{name}.token"
        if not token.exists():
            made = mission(self.home, "worker", "token", name)
            assert made.returncode == 0, made.stderr
            token.touch(0o600)
            token.write_bytes(made.stdout)
        agents = self.root / "agents.toml"
        argv = json.dumps([sys.executable, "-c", SMITH, str(self.anvil)])
        agents.write_text(
            '[agents.smith]\nkind = "command"\neffects = ["reads_files"]\nscale = 4\n'
            f'settings = {{argv = {argv}, output = "json", writes = ["{self.anvil}"]}}\n'
        )
        tell = json.dumps([sys.executable, "-c", TELLER])
        with agents.open("a") as file:
            file.write(
                '[agents.teller]\nkind = "command"\neffects = ["reads_files"]\n'
                f'settings = {{argv = {tell}, output = "json", reports = true}}\n'
                f"{self.more_agents}"
            )
        return Talker(
            [
                *before,
                *ARGV,
                "worker",
                "--server",
                url or self.url,
                "--token-file",
                str(token),
                "--agents-file",
                str(agents),
                *more,
            ],
            self.root / f"home-of-{name}",
        )

    def agent(self, name: str = "smith") -> dict[str, Any]:
        found = [each for each in answer(self.home, "agent", "list") if each["name"] == name]
        return found[0] if found else {"status": ""}

    def until_agent(self, *status: str, name: str = "smith") -> None:
        until(lambda: self.agent(name)["status"] in status, f"{name} {status}")

    def begin(self, text: str = WORKFLOW, agent: str = "smith") -> str:
        """Begin a run, and return it without waiting for its end."""
        self.until_agent("idle", "active", name=agent)
        file = self.root / "workflow.yaml"
        file.write_text(text)
        saved = mission(self.home, "workflow", "save", str(file))
        assert saved.returncode == 0, saved.stderr
        name = re.match(r"name: (\w+)", text)
        assert name is not None
        return str(answer(self.home, "workflow", "run", name[1])["run"])

    def begun(self, times: int = 1) -> list[int]:
        """Wait until smiths have begun so often; return their processes."""

        def pids() -> list[int]:
            file = self.anvil / "begun"
            found = list(map(int, file.read_text().split())) if file.exists() else []
            return found if len(found) >= times else []

        found: list[int] = until(pids, f"{times} smiths at work")
        return found

    def open_gate(self) -> None:
        (self.anvil / "gate").touch()

    def until_settled(self, run: str, status: str = "succeeded") -> dict[str, Any]:
        def view() -> Any:
            found = answer(self.home, "show", run)
            return found if found["status"] in ("succeeded", "failed", "cancelled") else None

        found: dict[str, Any] = until(view, f"the end of {run}")
        assert found["status"] == status, found
        return found

    def types(self, run: str) -> list[str]:
        """Return the kinds of events of a run, as they are on disk."""
        return [kind for kind, _ in self.events(run)]

    def events(self, run: str) -> list[tuple[str, dict[str, Any]]]:
        with sqlite3.connect(f"file:{self.home / 'log.db'}?mode=ro", uri=True) as log:
            rows = log.execute(
                "SELECT type, body FROM events WHERE stream = ? ORDER BY version", (run,)
            ).fetchall()
        log.close()
        return [(kind, json.loads(body)) for kind, body in rows]

    def until_told(self, run: str, times: int) -> None:
        """Wait until usage was reported so often."""
        until(lambda: self.types(run).count("usage_reported") >= times, f"{times} usages")

    def output(self, run: str) -> list[str]:
        shown = answer(self.home, "output", run)
        lines = shown["lines"] if isinstance(shown, dict) else shown
        return [str(line["message"]) for line in lines]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until_gone(pid: int) -> None:
    until(lambda: not is_alive(pid), f"the end of process {pid}")
