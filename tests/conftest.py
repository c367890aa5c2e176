"""What holds for all tests."""

import gc
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.file_order import NOT_WITHIN, LeftOut, Recorder, begin_at, longest_first
from tests.real_tools import (  # noqa: F401 - fixtures and hooks are found by their names here
    claude_program,
    codex_program,
    conformance_program,
    gemini_program,
    opencode_program,
    pytest_collection_finish,
    pytest_terminal_summary,
)
from tests.signals import stop_passing_on_ignored

stop_passing_on_ignored()

# A console of its own beside each engine would take a second of each test that starts one; those
# that look at it switch it on.
os.environ["MISSION_CONSOLE"] = "off"

# Tests of missions must not install what their small repositories lack.
os.environ["MISSION_ENVIRONMENTS"] = "off"


def begin_with_a_real_python() -> None:
    """Put the directory of this interpreter first where `python3` is a script, as of pyenv.

    Such a script starts twenty programs before Python; tests and missions start hundreds of them.
    """
    found = shutil.which("python3")
    if found is not None and Path(found).read_bytes()[:2] == b"#!":
        own = Path(sys.base_prefix) / "bin"
        os.environ["PATH"] = os.pathsep.join((str(own), os.environ["PATH"]))


begin_with_a_real_python()

# The collected tests are many objects, and none of them is garbage.
gc.disable()

BEGUN = time.monotonic()
JOURNEY_SECONDS = 300
"""After so long a journey hangs. It is no measure: on a busy machine all of them are slow."""

# Explaining a failure traces every line of each example that is tried for it: on Python 3.11 a
# hundredfold. A failure is shown by its smallest example; that is enough.
settings.register_profile(
    "missioncontrol",
    deadline=None,
    phases=[each for each in Phase if each is not Phase.explain],
)
settings.load_profile("missioncontrol")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give a journey, and what a browser looks at, the time that real processes take.

    Of several workers none should begin a long file when the others are at their end, so the
    longest files come first.
    """
    for item in items:
        is_journey = item.get_closest_marker("journey") or "browser" in item.path.parts
        if is_journey and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(JOURNEY_SECONDS))
    if word := config.getoption("--begin-at"):
        begin_at(items, word)
    elif hasattr(config, "workerinput"):
        longest_first(items)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-weights", action="store_true", help="write tests/weights.json")
    parser.addoption("--begin-at", default="", help="a word that chooses which file comes first")
    parser.addoption("--within", type=float, help="seconds after which no further test starts")


def pytest_runtest_setup(item: pytest.Item) -> None:
    within = item.config.getoption("--within")
    if within is not None and time.monotonic() - BEGUN > within:
        pytest.skip(f"{NOT_WITHIN} {within:.0f} seconds; another commit begins with other files")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    if config.getoption("--record-weights"):
        config.pluginmanager.register(Recorder())
    if config.getoption("--within") is not None:
        config.pluginmanager.register(LeftOut())


def pytest_runtestloop() -> None:
    """Have the garbage collector skip the collected tests: they stay to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Give it back: libraries in C call what is left at the end a leak."""
    gc.unfreeze()
