"""A forked `mission` is what a started one is; the tests of the command line rely on it."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests import prefork
from tests.cli.command import ARGV, environment


@pytest.mark.parametrize("words", [("runs",), ("--version",), ("no-such-verb",), ("run", "x", "")])
def test_it_says_and_answers_the_same(tmp_path: Path, words: tuple[str, ...]) -> None:
    env = environment(tmp_path / "home")
    forked = prefork.run(words, env, timeout=60, cwd=tmp_path)
    started = subprocess.run(
        [*ARGV, *words], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )


def test_one_that_is_killed_says_by_which_signal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with prefork.start(["up"], environment(home), stdin=subprocess.DEVNULL, **streams) as engine:
        assert engine.stderr is not None
        assert engine.stderr.readline()
        assert engine.poll() is None
        engine.kill()
        assert engine.wait(timeout=20) == -signal.SIGKILL


@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "LC_ALL", "LANG"])
def test_what_only_a_new_interpreter_heeds_starts_one(variable: str) -> None:
    usual = environment(None)
    assert prefork.is_usual(usual, {"cwd": "."})
    assert not prefork.is_usual({**usual, variable: "0"}, {})
    assert not prefork.is_usual(usual, {"preexec_fn": None})
