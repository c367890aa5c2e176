"""The user who halted all work, and the rate limit of a run, follow from the log alone."""

import math
from pathlib import Path

import pytest

from missioncontrol.application.blockers import RateLimitHit, find_rate_limit_hit, find_stage_actor
from missioncontrol.domain.operation import RateLimit, RemoveRateLimit, SetRateLimit
from tests.application.parts import NOW, run
from tests.application.play import Play

TWO = "name: work\nsteps:\n  a: {agent: hand}\n  b: {agent: hand}\n  c: {agent: maker}\n"


def begun(directory: Path, *limits: tuple[str, str, int, float]) -> Play:
    """Begin a run of which `a` has started under these limits, and write it down."""
    played = Play(directory, TWO)
    for kind, name, starts, seconds in limits:
        assert kind in ("agent", "workspace")
        asked = SetRateLimit(kind, name, starts, seconds, "Slowly.")  # type: ignore[arg-type]
        played.command_bus.operations.limit(asked, actor="user:alice")
    played.command_bus.execution.look(played.run)
    played.command_bus.execution.start(played.name, ("a",))
    played.settle()
    return played


def brake(played: Play, after: float = 1.0) -> RateLimitHit | None:
    office = played.command_bus
    return run(
        find_rate_limit_hit(office.store, played.run, office.operations.present, NOW + after)
    )


def test_a_full_window_says_which_limit_it_is_and_when_a_place_becomes_free(
    tmp_path: Path,
) -> None:
    played = begun(tmp_path, ("agent", "hand", 1, 90.0))
    assert brake(played) == RateLimitHit("agent", "hand", RateLimit(1, 90.0), NOW + 90.0)
    assert brake(played, after=90.0) is None
    assert brake(played, after=3_600.0) is None


def test_the_longest_of_several_limits_is_told(tmp_path: Path) -> None:
    played = begun(tmp_path, ("agent", "hand", 1, 90.0), ("workspace", "", 1, 3600.0))
    for after in (1.0, 100.0):  # Both windows are full, and then the longer one alone.
        found = RateLimitHit("workspace", "", RateLimit(1, 3600.0), NOW + 3600.0)
        assert brake(played, after) == found


def test_a_limit_of_nothing_at_all_never_ends(tmp_path: Path) -> None:
    played = begun(tmp_path, ("agent", "maker", 0, 60.0))
    found = brake(played)
    assert found is not None
    assert found.until == math.inf


@pytest.mark.parametrize(
    "limit", [("agent", "hand", 2, 90.0), ("agent", "thinker", 0, 90.0), ("workspace", "", 2, 90.0)]
)
def test_a_limit_with_a_free_place_or_for_others_holds_nothing_up(
    tmp_path: Path, limit: tuple[str, str, int, float]
) -> None:
    assert brake(begun(tmp_path, limit)) is None


def test_without_limits_and_where_all_is_stopped_no_limit_is_told(tmp_path: Path) -> None:
    played = begun(tmp_path, ("agent", "hand", 1, 90.0))
    played.command_bus.operations.stop("Smoke.", actor="user:carol")
    assert brake(played) is None
    played.command_bus.operations.start("all", "", actor="user:dave")
    assert brake(played) is not None
    gone = RemoveRateLimit("agent", "hand", "Enough.")
    played.command_bus.operations.remove_limit(gone, actor="user:alice")
    assert brake(played) is None


def test_who_said_how_far_work_may_go_is_whoever_said_it_last(tmp_path: Path) -> None:
    played = begun(tmp_path, ("agent", "hand", 1, 90.0))
    assert run(find_stage_actor(played.command_bus.store)) == ""
    played.command_bus.operations.stop("Smoke.", actor="user:carol")
    played.command_bus.operations.start("drain", "Gone.", actor="user:dave")
    remove = RemoveRateLimit("agent", "hand", "Enough.")
    played.command_bus.operations.remove_limit(remove, actor="user:alice")
    played.settle()
    assert run(find_stage_actor(played.command_bus.store)) == "user:dave"
