"""Runs `mission` as a process of its own, on small repositories made for the purpose.

`mission` and `Running` fork it from a server (`tests.prefork`); what starts `ARGV` starts Python.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from tests import prefork
from tests.prefork import SOURCE

ARGV = (sys.executable, "-m", "missioncontrol")
SECONDS_MAX = 240
"""After so long a process hangs. It is no measure: on a busy machine a mission takes a minute."""

GOAL = "Add a subtract function to `tiny` beside add"


def environment(home: Path | None, **more: str) -> dict[str, str]:
    """Return an environment in which nothing of this machine's own settings is left."""
    inherited = {name: os.environ[name] for name in prefork.KEPT if name in os.environ}
    chosen = {"MISSION_HOME": str(home)} if home is not None else {}
    own = {"PYTHONPATH": str(SOURCE), "LANG": prefork.LANG, "MISSION_CONSOLE": "off"}
    return {**inherited, **own, **chosen, **more}


def mission(
    home: Path | None, *arguments: str | bytes, env: Mapping[str, str] = {}, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run one command line to its end."""
    return prefork.run(arguments, environment(home, **env), timeout=SECONDS_MAX, **options)


def answer(home: Path | None, *arguments: str) -> Any:
    """Run one command line that succeeds, and return the JSON it prints."""
    done = mission(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def lines_of(output: bytes) -> list[dict[str, Any]]:
    """Return JSON lines; fails where one is anything else."""
    return [json.loads(line) for line in output.splitlines()]


BEGUN: list[subprocess.Popen[bytes]] = []
"""Processes that a failing test might leave behind."""


def end_all() -> None:
    """End what a failing test left behind."""
    while BEGUN:
        with BEGUN.pop() as process:
            if process.poll() is None:
                process.kill()


class Running:
    """`mission ... --json` at work, in a process group of its own as a shell would start it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        """Begin."""
        self.process = prefork.start(
            [*arguments, "--json"],
            env=environment(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        BEGUN.append(self.process)
        self.lines: list[dict[str, Any]] = []
        self.family: list[psutil.Process] = []

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read on to the line that is wanted, and note which processes work by then."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if wanted(self.lines[-1]):
                self.family = psutil.Process(self.process.pid).children(recursive=True)
                return self.lines[-1]
        raise AssertionError(self.process.communicate()[1].decode())

    def until_started(self, step: str) -> str:
        """Read on until `step` works; return the run."""
        line = self.until(
            lambda line: line.get("event") == "step_started" and line["data"]["step"] == step
        )
        return str(line["stream"])

    def until_at_work(self, step: str) -> str:
        """Read on until the process of `step` says something; return the run."""
        run = self.until_started(step)
        self.until(lambda line: line.get("progress", {}).get("step") == step)
        return run

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and the output beside the results."""
        out, err = self.process.communicate(timeout=SECONDS_MAX)
        self.lines.extend(lines_of(out))
        return self.process.returncode, err.decode()

    def left_over(self) -> list[psutil.Process]:
        """Return the processes that should have ended with it and have not."""
        return psutil.wait_procs(self.family, timeout=5)[1]


def repository(root: Path, test: str = "self.assertEqual(add(1, 2), 3)") -> Path:
    """Make a Python package with two tests, one of which does `test`, and commit it."""
    files = {
        "pyproject.toml": '[project]\nname = "tiny"\nversion = "1.0"\n',
        "tiny/__init__.py": 'def add(a, b):\n    """Add two numbers."""\n    return a + b\n',
        "tests/__init__.py": "",
        "tests/test_add.py": (
            "import pathlib\nimport time\nimport unittest\n\nfrom tiny import add\n\n\n"
            "class TestAdd(unittest.TestCase):\n"
            f"    def test_add(self):\n        {test}\n\n"
            "    def test_zero(self):\n        self.assertEqual(add(0, 0), 0)\n"
        ),
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    commit(root)
    return root


def commit(root: Path) -> None:
    """Make `root` a git repository with one commit."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "Begin")):
        git(root, *command)


def git(root: Path, *command: str) -> None:
    """Run git, at a time that is the same each time."""
    at = "2026-01-01T00:00:00+00:00"
    when = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(("git", *command), cwd=root, check=True, env={**os.environ, **when})


def waiting_for(gate: Path) -> str:
    """Return a test that lasts until `gate` exists."""
    return f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.02)"


def words(arguments: Sequence[str | bytes]) -> str:
    """Return a command line as a name for a test."""
    return " ".join(repr(argument)[:24] for argument in arguments)
