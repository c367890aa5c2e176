"""A mission whose engine is killed while it settles is completed once, and only with its proof."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.application.audit import verify
from tests.agents.repositories import repository
from tests.agents.test_built_missions import FILES, GOAL
from tests.cli.command import answer, environment, mission
from tests.cli.killed import MOMENTS
from tests.runtime.workshop import run as played

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
CODER = f"""[agents.coder]
kind = "acp"
[agents.coder.settings]
argv = ["{sys.executable}", "-m", "tests.agents.building_agent"]
variables = {{PYTHONPATH = "{ROOT}"}}
"""


def furnished(home: Path) -> Path:
    home.mkdir()
    (home / "agents.toml").write_text(CODER)
    return home


def killed(home: Path, where: str, moment: str, word: str, *words: str) -> None:
    """Run one command line that is killed at a moment."""
    path = f"{ROOT / 'src'}:{ROOT}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed", where, moment, word, *words],
        env=environment(home, PYTHONPATH=path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (done.stdout + done.stderr).decode()


def told(home: Path, *streams: str) -> Counter[str]:
    """Return how often each event stands in some streams of a log that is whole."""

    async def story() -> Counter[str]:
        store = SqliteEventStore(home / "log.db", writable=False)
        try:
            assert (await verify(store, [])).is_intact
            rows = [row for each in streams for row in await store.read_stream(each, limit=9_999)]
            return Counter(row.type for row in rows)
        finally:
            store.close()

    found: Counter[str] = played(story())
    return found


def shown(home: Path, run: str) -> dict[str, Any]:
    found: dict[str, Any] = answer(home, "show", run)
    return found


@pytest.mark.parametrize(
    "moment", [MOMENTS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in MOMENTS[1:])]
)
def test_a_mission_that_was_cut_off_while_it_settled_is_completed_once(
    tmp_path: Path, moment: str
) -> None:
    source = repository(tmp_path / "source", FILES)
    home = furnished(tmp_path / "home")
    begin = ("run", GOAL, "--repo", str(source), "--builder", "coder")
    killed(home, "log", moment, "run_settled", *begin)
    view = shown(home, "last")
    streams = view["run"], view["mission"]
    if moment == "after":
        assert view["is_completed"], view["lacking"]
        assert mission(home, "resume", "last").returncode == 2
    else:
        # The log at that point is not the end, so no listener is notified of an end.
        assert view["status"] == "running"
        assert not view["is_completed"]
        assert view["lacking"]
        assert told(home, *streams)["mission_completed"] == 0
        done = mission(home, "resume", "last")
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        view = shown(home, "last")
        assert view["is_completed"], view["lacking"]
    count = told(home, *streams)
    ends = ("run_settled", "mission_settled", "mission_completed")
    assert {each: count[each] for each in ends} == dict.fromkeys(ends, 1)
    # Looking again, and another engine on the same home, say nothing a second time.
    assert mission(home, "trace", "check", "last").returncode == 0
    assert mission(home, "memory", "list").returncode == 0
    assert told(home, *streams) == count
