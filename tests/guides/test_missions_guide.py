"""The guide to missions: each of its commands does what it says, on the package it speaks of."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import checkout

GUIDE = (Path(__file__).parents[2] / "docs/guides/missions.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.journey
def test_each_command_of_the_guide_can_be_typed(tmp_path: Path) -> None:
    checkout("cachetools", tmp_path / "cachetools")
    typed = re.findall(r"(?m)^\$ mission (.+)$", GUIDE)
    assert len(typed) > 15
    for line in typed:
        done = subprocess.run(
            [sys.executable, "-m", "missioncontrol", *shlex.split(line)],
            env={**os.environ, "MISSION_HOME": str(tmp_path / "home")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    written = {path.name for path in tmp_path.iterdir()}
    assert {"AGENTS.md", "brief.pdf", "proposed.svg", "report.pdf", "decisions"} <= written
