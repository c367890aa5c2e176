"""The guide to evaluations, done as it stands."""

from pathlib import Path

import pytest

from tests.guides.terminal import Terminal

GUIDE = Path(__file__).parents[2] / "docs/guides/evaluation.md"


@pytest.mark.slow
@pytest.mark.journey
def test_every_command_of_the_guide_prints_what_it_shows(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert terminal.follow(GUIDE.read_text("utf-8")) >= 10
