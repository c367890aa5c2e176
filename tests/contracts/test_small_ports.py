"""What clocks, ids and repositories promise."""

from pathlib import Path

import pytest

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.ids import SystemIds
from missioncontrol.adapters.repositories import locate
from missioncontrol.domain.errors import Rejected


def test_the_clock_goes_on_while_the_machine_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    times, ticks = iter([100.0, 50.0, 51.0, 104.0]), iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr("missioncontrol.adapters.clocks.time.time", lambda: next(times))
    monkeypatch.setattr("missioncontrol.adapters.clocks.time.monotonic", lambda: next(ticks))
    seen = [clock.now() for _ in range(4)]
    monkeypatch.undo()
    assert seen == [100.0, 101.0, 102.0, 104.0]


def test_ids_sort_by_their_birth_and_say_what_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = SystemIds()
    names = []
    for millisecond in range(1_790_000_000_000, 1_790_000_000_050):
        monkeypatch.setattr(
            "missioncontrol.adapters.ids.time.time_ns", lambda now=millisecond: now * 1_000_000
        )
        names.append(ids.new("run"))
    assert names == sorted(names)
    assert all(name.startswith("run-") and len(name) == 18 for name in names)


def test_ids_differ() -> None:
    ids = SystemIds()
    assert len({ids.new("run") for _ in range(1_000)}) == 1_000


def test_chance_lies_between_nought_and_one() -> None:
    draws = [SystemIds().jitter() for _ in range(1_000)]
    assert all(0 <= draw < 1 for draw in draws)
    assert max(draws) - min(draws) > 0.5


def test_a_repository_is_an_absolute_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert locate("repo") == tmp_path / "repo"
    assert locate(f"file://{tmp_path}/repo") == tmp_path / "repo"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("~/repo") == tmp_path / "repo"


@pytest.mark.parametrize(
    "text", ["https://example.org/x.git", "git@example.org:x/y.git", "ssh://host/x"]
)
def test_a_repository_elsewhere_is_refused_with_the_way_to_fetch_it(text: str) -> None:
    with pytest.raises(Rejected) as no:
        locate(text)
    assert no.value.code == "repository.not_here"
    assert f"git clone {text}" in no.value.hint


@pytest.mark.parametrize("text", ["no/such/place", "a\x00b", "x" * 5_000])
def test_a_repository_that_is_not_there_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as no:
        locate(text)
    assert no.value.code in {"repository.not_here", "repository.unreadable"}


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(Rejected):
        locate(str(tmp_path / "a"))


def test_a_file_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(Rejected) as no:
        locate(str(tmp_path / "file"))
    assert no.value.code == "repository.not_a_directory"
