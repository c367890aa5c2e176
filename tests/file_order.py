"""The order of files of tests: the longest first, by the seconds that a run has recorded."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

WEIGHTS = Path(__file__).with_name("weights.json")
SECONDS_MIN = 2
"""Shorter files are not recorded: their order changes nothing."""

NOT_WITHIN = "not within"
"""How the reason begins for which a test is skipped that had no time left."""

NAMED_MAX = 30
"""Files that had no time left and are named; the others are counted."""


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests by the seconds of their file; files that are new come after the recorded ones."""
    seconds: dict[str, int] = json.loads(WEIGHTS.read_text("utf-8"))
    items.sort(key=lambda item: -seconds.get(item.location[0], 0))


def begin_at(items: list[pytest.Item], word: str) -> None:
    """Sort tests by file, from a place that another `word` changes; each file stays together."""

    def place(item: pytest.Item) -> str:
        return hashlib.sha256(f"{word} {item.location[0]}".encode()).hexdigest()

    items.sort(key=place)


class LeftOut:
    """Names the files of the tests that had no time left."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write one line, or none where all tests ran."""
        if line := left_out(terminalreporter.stats.get("skipped", [])):
            terminalreporter.write_line(line)


def left_out(skipped: Iterable[pytest.TestReport | pytest.CollectReport]) -> str:
    """Return the line that names files with tests that had no time left; empty without such."""
    late = [each.nodeid for each in skipped if NOT_WITHIN in str(each.longrepr)]
    if not late:
        return ""
    files = sorted({nodeid.partition("::")[0] for nodeid in late})
    more = f" and {len(files) - NAMED_MAX} more" if len(files) > NAMED_MAX else ""
    return f"{len(late)} tests had no time left, in {', '.join(files[:NAMED_MAX])}{more}."


class Recorder:
    """Adds the seconds of a run up by file, and writes them at its end."""

    def __init__(self) -> None:
        """Start with no seconds."""
        self._seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the seconds of a test, or of what it needs before and after."""
        self._seconds[report.location[0]] += report.duration  # type: ignore[assignment]

    def pytest_sessionfinish(self) -> None:
        """Write what takes time, the longest first."""
        found = {
            file: round(seconds)
            for file, seconds in self._seconds.most_common()
            if round(seconds) >= SECONDS_MIN
        }
        WEIGHTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
