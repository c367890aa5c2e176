"""The guide to workspaces, done as it stands."""

from pathlib import Path

import pytest

from missioncontrol.domain.workspace import WORKSPACES_MAX
from tests.guides.terminal import Terminal

GUIDE = (Path(__file__).parents[2] / "docs/guides/workspaces.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.journey
def test_every_command_of_the_guide_prints_what_it_shows(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert terminal.follow(GUIDE) >= 8


def test_the_guide_states_the_bound() -> None:
    assert f"up to {WORKSPACES_MAX} of them" in GUIDE
