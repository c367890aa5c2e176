"""One engine holds a home; all others get its name."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from missioncontrol.adapters.home import Home
from missioncontrol.domain.errors import Unavailable

HOLDER = """
    import pathlib, subprocess, sys
    from missioncontrol.adapters.home import Home
    home = Home(pathlib.Path(sys.argv[1]))
    home.hold()
    child = subprocess.Popen(["sleep", "30"]) if "child" in sys.argv else None
    print(child.pid if child else 0, flush=True)
    sys.stdin.readline()
    home.release()
    print("released", flush=True)
    sys.stdin.readline()
"""

LOOKER = """
    import pathlib, sys
    from missioncontrol.adapters.home import Home
    home = Home(pathlib.Path(sys.argv[1]))
    print("looking", flush=True)
    while True:
        home.holder()
"""


class Holder:
    """Another process that holds a home."""

    def __init__(self, root: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(HOLDER), str(root), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.child = int(self.process.stdout.readline())

    def release(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "released\n"

    def end(self) -> None:
        self.process.kill()
        if self.child:
            os.kill(self.child, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def holder(root: Path) -> Iterator[Holder]:
    found = Holder(root, "some", "words")
    yield found
    found.end()


def test_a_second_engine_is_told_who_holds_the_home(root: Path, holder: Holder) -> None:
    home = Home(root)
    with pytest.raises(Unavailable) as no:
        home.hold()
    assert no.value.code == "home.held"
    assert f"process {holder.process.pid} " in no.value.reason
    assert "some words" in no.value.reason
    seen = home.holder()
    assert seen is not None
    assert (seen.pid, seen.socket, seen.token) == (holder.process.pid, "", "")


def test_a_home_that_was_let_go_can_be_held(root: Path, holder: Holder) -> None:
    holder.release()
    home = Home(root)
    assert home.holder() is None
    home.hold()
    seen = home.holder()
    assert seen is not None
    assert seen.pid == os.getpid()
    home.release()
    assert home.holder() is None


def test_a_killed_engine_holds_nothing(root: Path, holder: Holder) -> None:
    holder.process.kill()
    holder.process.wait()
    home = Home(root)
    assert home.holder() is None
    home.hold()
    home.release()


def test_a_child_that_outlives_a_killed_engine_does_not_hold_its_home(root: Path) -> None:
    holder = Holder(root, "child")
    try:
        holder.process.kill()
        holder.process.wait()
        home = Home(root)
        assert home.holder() is None
        home.hold()
        home.release()
    finally:
        holder.end()


def test_looking_who_holds_a_home_does_not_keep_an_engine_out(root: Path) -> None:
    home = Home(root)
    home.hold()
    home.release()
    looking = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LOOKER), str(root)], stdout=subprocess.PIPE
    )
    try:
        assert looking.stdout is not None
        looking.stdout.readline()
        for _ in range(20):
            home.hold()
            home.release()
    finally:
        looking.kill()
        looking.communicate()


def test_where_an_engine_listens_is_for_its_owner_alone(root: Path) -> None:
    home = Home(root)
    home.hold()
    home.announce(socket="/tmp/s", token="abc")
    seen = Home(root).holder()
    assert seen is not None
    assert (seen.socket, seen.token) == ("/tmp/s", "abc")
    assert (root / "engine.json").stat().st_mode & 0o777 == 0o600
    assert (root.stat().st_mode & 0o777) == 0o700
    home.release()
    assert not (root / "engine.json").exists()


def test_where_the_console_answers_is_told_beside_where_the_engine_listens(root: Path) -> None:
    home = Home(root)
    home.hold()
    home.announce(socket="/tmp/s", token="abc")
    home.announce_console("http://127.0.0.1:8797")
    seen = Home(root).holder()
    assert seen is not None
    assert (seen.socket, seen.token, seen.console) == ("/tmp/s", "abc", "http://127.0.0.1:8797")
    home.announce(socket="", token="")
    seen = Home(root).holder()
    assert seen is not None
    assert not seen.console
    home.release()


def test_a_holder_that_has_not_said_who_it_is_is_told_as_such(root: Path, holder: Holder) -> None:
    (root / "engine.json").write_text("{")
    seen = Home(root).holder()
    assert seen is not None
    assert seen.pid == 0
    with pytest.raises(Unavailable):
        Home(root).hold()


def test_nobody_holds_a_home_that_does_not_exist(root: Path) -> None:
    home = Home(root)
    assert home.holder() is None
    assert not home.exists
    assert not root.exists()
    home.release()


def test_a_home_that_cannot_be_made_is_named(root: Path) -> None:
    root.write_text("a file")
    with pytest.raises(Unavailable) as no:
        Home(root).hold()
    assert no.value.code == "home.unusable"
    assert str(root) in no.value.reason


def test_a_home_whose_lock_cannot_be_opened_is_named(root: Path) -> None:
    (root / "engine.lock").mkdir(parents=True)
    with pytest.raises(Unavailable) as no:
        Home(root).hold()
    assert no.value.code == "home.unusable"


def test_a_turn_is_one_command_s_and_ends_with_it_however_that_ends(root: Path) -> None:
    program = """
        import pathlib, sys
        from missioncontrol.adapters.home import Home
        with Home(pathlib.Path(sys.argv[1])).turn(1.0):
            print("mine", flush=True)
            sys.stdin.readline()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(Unavailable) as no, Home(root).turn(0.05):
            pass
        assert no.value.code == "home.held"
        assert Home(root).holder() is None, "an engine takes no turn"
        other.send_signal(signal.SIGKILL)
    with Home(root).turn(5.0):
        pass
