"""Fixtures that lend the real programs of others, and a line at the end that says which ran."""

from collections.abc import Callable
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.testing.real_tools import (
    CLAUDE,
    CODEX,
    CONFORMANCE,
    GEMINI,
    OPENCODE,
    RealTool,
    installed,
)

TOOLS = {
    "codex_program": CODEX,
    "claude_program": CLAUDE,
    "opencode_program": OPENCODE,
    "gemini_program": GEMINI,
    "conformance_program": CONFORMANCE,
}
"""By the name of their fixture."""

_found: dict[str, Path | str] = {}
_ran: dict[str, int] = {}


@pytest.fixture
def codex_program() -> Path:
    """Return the native program of Codex."""
    return _lent(CODEX)


@pytest.fixture
def claude_program() -> Path:
    """Return the native program of Claude Code."""
    return _lent(CLAUDE)


@pytest.fixture
def opencode_program() -> Path:
    """Return the native program of opencode."""
    return _lent(OPENCODE)


@pytest.fixture
def gemini_program() -> Path:
    """Return the script of Gemini CLI, which node runs."""
    return _lent(GEMINI)


@pytest.fixture
def conformance_program() -> Path:
    """Return the script of the conformance suite of MCP, which a node of 22 or later runs."""
    return _lent(CONFORMANCE)


def _lent(tool: RealTool) -> Path:
    found = _looked_for(tool)
    if isinstance(found, str):
        pytest.skip(found)
    _ran[tool.title] = _ran.get(tool.title, 0) + 1
    return found


def _looked_for(tool: RealTool) -> Path | str:
    """Return the program, or why it is not there; asked once in a session."""
    if tool.name not in _found:
        try:
            _found[tool.name] = installed(tool)
        except Unavailable as error:
            _found[tool.name] = error.reason
    return _found[tool.name]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch what tests will need before the first of them, and its clock, begins."""
    if session.config.option.collectonly:
        return
    names = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for name in sorted(names & TOOLS.keys()):
        _looked_for(TOOLS[name])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which real tools ran, and why others did not."""
    say: Callable[[str], None] = terminalreporter.write_line
    if _ran:
        say("Real tools: " + ", ".join(f"{name} in {n} tests" for name, n in _ran.items()) + ".")
    for name, found in _found.items():
        if isinstance(found, str):
            say(f"Real tool {name} did not run: {found}")
