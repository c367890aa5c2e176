"""The console beside a real engine: where it answers, and what becomes of it when one ends."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import psutil
import pytest

from tests import prefork
from tests.cli.command import BEGUN, environment, mission

pytestmark = pytest.mark.journey

CONSOLE = re.compile(r"The console is at (\S+); this signs you in, once: (\S+)")
WAIT_SECONDS_MAX = 60.0


class Up:
    """`mission up` with its console."""

    def __init__(self, home: Path, *more: str, **variables: str) -> None:
        self.process = prefork.start(
            ["up", "--port", "0", *more],
            env=environment(home, **{"MISSION_CONSOLE": "on", **variables}),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        BEGUN.append(self.process)
        found = CONSOLE.search(self.until("The console is at"))
        assert found is not None
        self.url, self.link = found[1], found[2]

    def until(self, words: str) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line.decode():
                return line.decode()
        raise AssertionError(f"it never said {words!r}")

    @property
    def console(self) -> psutil.Process:
        (child,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if "missioncontrol.console" in child.cmdline()
        )
        return child

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=WAIT_SECONDS_MAX)
        assert self.process.returncode == 0


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    # A variable of Python has a new interpreter start it, whose environment the system knows.
    running = Up(tmp_path / "home", ELSEWHERE_TOKEN="canary-7f1c9", PYTHONSAFEPATH="1")
    yield running
    if running.process.poll() is None:
        running.end()


def _answers(url: str) -> bool:
    end = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < end:
        try:
            return httpx.get(url, timeout=WAIT_SECONDS_MAX).status_code < 500
        except httpx.TransportError:
            time.sleep(0.05)
    return False


def test_the_link_that_is_printed_signs_its_owner_in_once(up: Up) -> None:
    with httpx.Client(follow_redirects=True, headers={"accept": "text/html"}) as client:
        assert "/sign-in" in str(client.get(f"{up.url}/").url)
        assert client.get(up.link).status_code == 200
        assert str(client.get(f"{up.url}/").url) == f"{up.url}/"
    with httpx.Client(follow_redirects=True, headers={"accept": "text/html"}) as another:
        another.get(up.link)
        assert "/sign-in" in str(another.get(f"{up.url}/").url)


def test_a_console_that_dies_is_followed_by_another_at_the_same_place(up: Up) -> None:
    dead = up.console
    dead.kill()
    up.until("The console ended (-9)")
    assert _answers(f"{up.url}/sign-in")
    assert up.console.pid != dead.pid


def test_an_engine_that_dies_leaves_no_console_behind(up: Up) -> None:
    console = up.console
    up.process.kill()
    console.wait(WAIT_SECONDS_MAX)
    assert not console.is_running()
    up.process.communicate()


def test_the_console_has_no_secret_of_the_engine(up: Up) -> None:
    assert "canary-7f1c9" in psutil.Process(up.process.pid).environ().values()
    assert "canary-7f1c9" not in up.console.environ().values()


def test_ctrl_c_ends_both(up: Up) -> None:
    console = up.console
    up.end()
    assert not console.is_running()


def test_a_port_that_is_taken_is_told_before_anything_begins(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as occupied:
        port = str(occupied.getsockname()[1])
        done = mission(tmp_path / "home", "up", "--port", port, env={"MISSION_CONSOLE": "on"})
    assert done.returncode == 1
    assert f"port {port}" in done.stderr.decode()
    assert not (tmp_path / "home").exists()


def test_nobody_can_be_let_in_from_elsewhere_while_nobody_could_sign_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    done = mission(home, "up", "--port", "0", "--address", "0.0.0.0", env={"MISSION_CONSOLE": "on"})
    assert done.returncode == 1
    assert "no user can sign in" in done.stderr.decode()
