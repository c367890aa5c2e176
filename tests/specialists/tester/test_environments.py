"""Environments are made from wheels as the project says, stored by digest, and bounded."""

import os
import sys
from pathlib import Path

import pytest

from missioncontrol.confinement import within
from missioncontrol.specialists.tester import environments as subject
from missioncontrol.specialists.tester.environment import ENVIRONMENTS_DIRECTORY, REGISTRIES_SWITCH
from missioncontrol.specialists.tester.environments import Environments, Made, environments
from tests.specialists.tester.projects import wheel


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "wheels"
    wheel(place, "oddlib", "1.0", {"oddlib.py": "VALUE = 1\n"})
    wheel(place, "oddlib", "2.0", {"oddlib.py": "VALUE = 2\n"})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    return place


def kept_below(place: Path, seconds_max: float = 120.0) -> Environments:
    place.mkdir(exist_ok=True)
    return Environments(place, within(os.environ), lambda _: None, seconds_max)


def made(cache: Environments, *requirements: str, locked: tuple[str, ...] = ()) -> Made:
    version = ".".join(map(str, sys.version_info[:3]))
    return cache.python(sys.executable, version, requirements, locked)


def value_in(found: Made) -> str:
    assert found.directory is not None, found.reason
    [module] = found.directory.glob("lib/python*/site-packages/oddlib.py")
    return module.read_text()


@pytest.mark.usefixtures("wheels")
def test_an_environment_is_made_once_and_its_programs_start_it(tmp_path: Path) -> None:
    cache = kept_below(tmp_path / "kept")
    first = made(cache, "oddlib", locked=("oddlib==1.0",))
    assert (value_in(first), first.is_locked) == ("VALUE = 1\n", True)
    assert first.seconds > 0
    again = made(cache, "oddlib", locked=("oddlib==1.0",))
    assert (again.directory, again.seconds) == (first.directory, 0.0)
    pip = Path(first.python).with_name("pip").read_bytes()
    assert first.python.encode() in pip.partition(b"import")[0]  # it stands in its first lines
    [only] = (tmp_path / "kept").iterdir()  # nothing half made is left
    assert only == first.directory


@pytest.mark.slow
@pytest.mark.usefixtures("wheels")
def test_what_is_locked_and_has_no_wheel_gives_way_and_so_does_one_requirement(
    tmp_path: Path,
) -> None:
    found = made(kept_below(tmp_path / "kept"), "oddlib", "no-such-lib", locked=("oddlib==3.0",))
    assert (value_in(found), found.is_locked) == ("VALUE = 2\n", False)
    assert found.lacks == ("no-such-lib",)


@pytest.mark.slow
@pytest.mark.usefixtures("wheels")
def test_nothing_is_kept_of_one_that_cannot_be_made(tmp_path: Path) -> None:
    found = made(kept_below(tmp_path / "kept"), "no-such-lib")
    assert found.directory is None
    assert "no-such-lib" in found.reason
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_time_limit_ends_it(tmp_path: Path) -> None:
    found = made(kept_below(tmp_path / "kept", seconds_max=0.0), "oddlib")
    assert found.directory is None
    assert "time limit" in found.reason


@pytest.mark.slow
def test_those_longest_unused_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "COUNT_MAX", 2)
    cache = kept_below(tmp_path / "kept")
    for number, name in enumerate(("a", "b", "c")):
        (tmp_path / "kept" / name).mkdir()
        mark = tmp_path / "kept" / name / "made.json"
        mark.write_text('{"bytes": 1}')
        os.utime(mark, (number, number))
    left = tmp_path / "kept" / ".making-x-99999999"
    left.mkdir()
    made(cache, "oddlib")  # whether that one is made does not matter here
    assert {path.name for path in (tmp_path / "kept").iterdir()} <= {"c", *_keys(tmp_path)}
    assert (tmp_path / "kept" / "c").is_dir()


def _keys(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "kept").iterdir() if len(path.name) == 32}


def test_they_are_off_where_people_say_so_or_no_directory_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENTS_DIRECTORY, raising=False)
    monkeypatch.setenv(REGISTRIES_SWITCH, "on")
    assert environments(within(os.environ), lambda _: None, 100.0) is None
    monkeypatch.setenv(ENVIRONMENTS_DIRECTORY, str(tmp_path))
    assert environments(within(os.environ), lambda _: None, 100.0) is not None
    monkeypatch.setenv(REGISTRIES_SWITCH, "off")
    assert environments(within(os.environ), lambda _: None, 100.0) is None
