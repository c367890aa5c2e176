"""Random kills of an engine in the middle of model calls leave no call out of the ledger."""

from pathlib import Path

import pytest

from tests.attacks.kill_rounds import fault_of, rounds

pytestmark = pytest.mark.journey


def test_each_call_that_reached_the_model_is_charged_whenever_the_engine_is_killed(
    tmp_path: Path,
) -> None:
    found = rounds(tmp_path / "home", 4, seed=7, cap=1_900_000)
    assert found.kills == 4
    assert not fault_of(found), found
    assert found.estimated > 0


def test_kills_do_not_bring_the_workspace_beyond_its_cap(tmp_path: Path) -> None:
    found = rounds(tmp_path / "home", 10, seed=8, cap=1_400)
    assert not fault_of(found), found
    assert found.kills < 10
