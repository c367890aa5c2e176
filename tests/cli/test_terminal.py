import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from tests import prefork
from tests.cli.command import ARGV, BEGUN, GOAL, answer, environment, repository, waiting_for
from tests.some import some

pytestmark = pytest.mark.journey
IGNORING = ("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh")
STEERING = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A terminal of some width with `mission` in it."""

    def __init__(
        self, home: Path, *arguments: str, columns: int, kind: str = "xterm", deaf: bool = False
    ) -> None:
        """Begin."""
        self.handle, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = environment(home, TERM=kind)
        options: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), child)
        options["start_new_session"] = True
        self.process: subprocess.Popen[bytes] = (
            subprocess.Popen([*IGNORING, *ARGV, *arguments], env=env, **options)
            if deaf
            else prefork.start(arguments, env, **options)
        )
        BEGUN.append(self.process)
        os.close(child)
        self.drawn = b""

    def read(self) -> bool:
        """Take in what is drawn next; say whether there was anything."""
        try:
            more = os.read(self.handle, 65_536)
        except OSError:
            return False
        self.drawn += more
        return bool(more)

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self.read():
            pass
        os.close(self.handle)
        return self.process.wait(timeout=60)

    @property
    def text(self) -> str:
        """What was drawn, without what steers the terminal."""
        return STEERING.sub(b"", self.drawn).decode().replace("\r", "")


@pytest.mark.parametrize("columns", some([40, 80, 200], 0))
def test_a_mission_is_drawn_live_within_the_width(tmp_path: Path, columns: int) -> None:
    path = str(repository(tmp_path / "tiny"))
    terminal = Terminal(tmp_path / "home", "run", GOAL, "--repo", path, columns=columns)
    assert terminal.end() == 0, terminal.text
    assert "◐ Groundwork" in terminal.text
    assert "✓ reviewer" in terminal.text
    assert "Traceback" not in terminal.text


def test_a_terminal_that_cannot_redraw_gets_plain_lines(tmp_path: Path) -> None:
    path = str(repository(tmp_path / "tiny"))
    terminal = Terminal(tmp_path / "home", "run", GOAL, "--repo", path, columns=80, kind="dumb")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.drawn


def test_a_mission_goes_on_when_its_terminal_is_gone(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    path = str(repository(tmp_path / "tiny", waiting_for(gate)))
    home = tmp_path / "home"
    terminal = Terminal(home, "run", GOAL, "--repo", path, columns=80, deaf=True)
    while "◐ Groundwork" not in terminal.text:
        assert terminal.read(), terminal.text
    os.close(terminal.handle)
    time.sleep(0.5)
    gate.touch()
    assert terminal.process.wait(timeout=60) == 0
    assert answer(home, "show", "last")["status"] == "succeeded"


def test_ctrl_c_typed_at_the_terminal_cancels(tmp_path: Path) -> None:
    path = str(repository(tmp_path / "tiny", waiting_for(tmp_path / "gate")))
    terminal = Terminal(tmp_path / "home", "run", GOAL, "--repo", path, columns=80)
    while "◐ Groundwork" not in terminal.text:
        assert terminal.read(), terminal.text
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 3
    assert "was cancelled" in terminal.text
