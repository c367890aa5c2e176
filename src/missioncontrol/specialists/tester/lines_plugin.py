"""A plugin for pytest that notes which tests run which lines of a few files.

It runs in the interpreter of the project that is tested: it imports nothing of Mission Control, and
works with every Python from 3.8 on. It watches through `sys.monitoring` where there is one (Python
3.12), else through `sys.settrace`. `MISSION_LINES` names a file with the files to watch and their
blocks of lines; the answer is written beside it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, Iterator  # noqa: UP035 - Python 3.8 has no other to subscribe

import pytest

TESTS_MAX = 5000
"""Tests that are watched; those behind them run as ever."""


class Lines:
    """The lines that ran in the test under way, and how many of which block each test ran."""

    def __init__(self, asked: dict[str, list[list[int]]], answer: str) -> None:
        """`asked` maps files to lists of `[first, last]`; `answer` is written at the end."""
        self.blocks = {os.path.realpath(path): blocks for path, blocks in asked.items()}
        self.answer = answer
        self.tests: list[str] = []
        self.ran: dict[tuple[str, int], dict[int, int]] = {}
        self.now: set[tuple[str, int]] | None = None
        self.real: dict[str, str | None] = {}
        self.tool: int | None = None
        self.monitoring: Any = getattr(sys, "monitoring", None)

    def watched(self, name: str) -> str | None:
        """Return the real path of a source file that is watched; None for any other."""
        if name not in self.real:
            real = os.path.realpath(name)
            self.real[name] = real if real in self.blocks else None
        return self.real[name]

    def start(self) -> None:
        """Watch the test that begins."""
        self.now = set()
        if self.monitoring is not None:
            self._monitor()
        elif sys.gettrace() is None:  # A debugger or a measurement of coverage goes first.
            threading.settrace(self._trace)
            sys.settrace(self._trace)

    def stop(self, name: str) -> None:
        """End watching, and count what this test ran of each block."""
        if self.monitoring is not None:
            if self.tool is not None:
                self.monitoring.set_events(self.tool, 0)
        elif sys.gettrace() == self._trace:
            sys.settrace(None)
            threading.settrace(None)
        seen, self.now = self.now or set(), None
        number = len(self.tests)
        self.tests.append(name)
        for path, line in seen:
            for at, (first, last) in enumerate(self.blocks[path]):
                if first <= line <= last:
                    counts = self.ran.setdefault((path, at), {})
                    counts[number] = counts.get(number, 0) + 1

    def write(self) -> None:
        """Write the answer of this process."""
        blocks = [[path, at, list(counts.items())] for (path, at), counts in self.ran.items()]
        with open(f"{self.answer}.{os.getpid()}", "w") as file:  # noqa: PTH123 - no path is built
            json.dump({"tests": self.tests, "blocks": sorted(blocks)}, file)

    def _monitor(self) -> None:
        events = self.monitoring.events
        if self.tool is None:
            free = [each for each in (3, 4, 1, 0) if self.monitoring.get_tool(each) is None]
            if not free:
                return
            self.tool = free[0]
            self.monitoring.use_tool_id(self.tool, "mission-lines")
            self.monitoring.register_callback(self.tool, events.PY_START, self._on_start)
            self.monitoring.register_callback(self.tool, events.LINE, self._line)
        self.monitoring.set_events(self.tool, events.PY_START)
        self.monitoring.restart_events()  # Each line is reported once in each test.

    def _on_start(self, code: Any, _offset: int) -> Any:
        if self.watched(code.co_filename):
            self.monitoring.set_local_events(self.tool, code, self.monitoring.events.LINE)
        return self.monitoring.DISABLE

    def _line(self, code: Any, line: int) -> Any:
        path = self.watched(code.co_filename)
        if path and self.now is not None:
            self.now.add((path, line))
        return self.monitoring.DISABLE

    def _trace(self, frame: Any, _event: str, _argument: Any) -> Any:
        path, now = self.watched(frame.f_code.co_filename), self.now
        if not path or now is None:
            return None

        def local(inner: Any, event: str, _given: Any) -> Any:
            if event == "line":
                now.add((path, inner.f_lineno))
            return local

        return local


def _lines_from_environment() -> Lines | None:
    place = os.environ.get("MISSION_LINES")
    if not place:
        return None
    with open(place) as file:  # noqa: PTH123 - no path is built
        return Lines(json.load(file), place + ".ran")


LINES = _lines_from_environment()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: Any) -> Iterator[None]:
    """Watch a test from its set-up to its tear-down."""
    if LINES is None or len(LINES.tests) >= TESTS_MAX:
        yield
        return
    LINES.start()
    yield
    LINES.stop(item.nodeid)


def pytest_sessionfinish() -> None:
    """Hand over what was seen."""
    if LINES is not None:
        LINES.write()
