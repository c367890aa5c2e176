"""`mission document share`: a link to the report of one run, made, listed and revoked."""

from argparse import Namespace
from pathlib import Path

import pytest

from missioncontrol.adapters.home import Home
from missioncontrol.cli.desk import Desk
from tests.cli.command import GOAL, answer, mission


@pytest.mark.journey
def test_a_link_is_shown_once_listed_and_revoked(tmp_path: Path) -> None:
    answer(tmp_path, "plan", GOAL, "--context", "a small library")
    run = answer(tmp_path, "list")[0]["run"]
    made = mission(
        tmp_path, "share", "new", run, "--note", "the board", "--url", "https://m.example.com/"
    )
    assert made.stdout.startswith(b"https://m.example.com/shared/mcs_")
    assert b"not shown again" in made.stderr
    (listed,) = answer(tmp_path, "share", "list")
    assert (listed["run"], listed["note"]) == (run, "the board")
    assert (
        made.stdout.strip().rpartition(b"_")[2]
        not in mission(tmp_path, "share", "list", "--json").stdout
    )
    done = mission(tmp_path, "share", "revoke", listed["id"], "--reason", "read")
    assert done.returncode == 0
    assert b"No link to a report holds" in mission(tmp_path, "share", "list").stdout
    long = mission(tmp_path, "share", "new", run, "--expires", "91d")
    assert long.returncode != 0
    assert b"would hold 91 days" in long.stderr
    odd = mission(tmp_path, "share", "new", run, "--expires", "soon")
    assert b"--expires is 'soon'" in odd.stderr
    gone = mission(tmp_path, "share", "revoke", "b2b2")
    assert b"No link 'b2b2' is known here." in gone.stderr


def test_a_link_leads_to_the_console_that_answers_now(tmp_path: Path) -> None:
    desk = Desk(Namespace(home=str(tmp_path / "home")), {})
    assert desk.console() == "http://127.0.0.1:8700"
    held = Home(tmp_path / "home")
    held.hold()
    held.announce(socket="/tmp/s", token="abc")
    assert desk.console() == "http://127.0.0.1:8700"
    held.announce_console("http://127.0.0.1:8797")
    assert desk.console() == "http://127.0.0.1:8797"
    assert desk.console("https://m.example.com/") == "https://m.example.com"
    held.release()
    desk.close()
