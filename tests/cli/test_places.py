"""`mission locate` names where the work for a goal will be, and records nothing."""

import json
from pathlib import Path

import pytest

from tests.cli.command import GOAL, mission, repository

pytestmark = pytest.mark.journey


def test_places_are_named_with_reasons_and_nothing_is_recorded(tmp_path: Path) -> None:
    path = repository(tmp_path / "tiny")
    result = mission(tmp_path / "home", "places", GOAL, "--repo", str(path), "--json")
    assert result.returncode == 0, result.stderr.decode()
    found = json.loads(result.stdout)
    assert [each["id"] for each in found["requirements"]][:1] == ["R1"]
    first = found["likely"][0]["files"][0]
    assert (path / first["path"]).is_file()
    assert first["reasons"]
    shown = mission(tmp_path / "home", "places", GOAL, "--repo", str(path))
    assert f"{first['chance']:.0%}  {first['path']}" in shown.stdout.decode()
    assert not (tmp_path / "home").exists()


def test_places_of_nowhere_are_refused(tmp_path: Path) -> None:
    refused = mission(tmp_path / "home", "places", GOAL)
    assert (refused.returncode, b"--repo" in refused.stderr) == (2, True)
    silent = mission(tmp_path / "home", "places", "   ", "--repo", str(tmp_path))
    assert silent.returncode == 2, silent.stderr.decode()
