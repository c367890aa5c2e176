"""Tests of Ctrl-C hold in a shell's background too, where it is ignored."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import signal, subprocess, sys
from tests.signals import ENDING, stop_passing_on_ignored
for number in ENDING:
    signal.signal(number, signal.SIG_IGN)
stop_passing_on_ignored()
for number in ENDING:
    signal.raise_signal(number)
    with subprocess.Popen(["sleep", "60"]) as child:
        child.send_signal(number)
        print(child.wait(20))
"""


def test_a_program_heeds_what_the_tests_ignore() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, timeout=60, check=True
    )
    assert list(map(int, done.stdout.split())) == [-signal.SIGHUP, -signal.SIGINT, -signal.SIGQUIT]
