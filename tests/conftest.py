"""What holds for all tests."""

import pytest

from tests.real_tools import (  # noqa: F401 - fixtures and hooks are found by their names here
    claude_program,
    codex_program,
    gemini_program,
    opencode_program,
    pytest_collection_finish,
    pytest_terminal_summary,
)

JOURNEY_SECONDS = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a journey the time that a whole path through real processes takes."""
    for item in items:
        if item.get_closest_marker("journey") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(JOURNEY_SECONDS))
