"""Workers as processes of their own carry steps out for a server, whatever ends or breaks."""

import re
from pathlib import Path

import pytest

from tests.cli.command import answer, mission
from tests.workers.house import House, is_alive, until, until_gone

pytestmark = pytest.mark.journey
AGAIN = "name: again\nsteps: {forge: {agent: smith, retry: {attempts: 2, wait: 10ms}}}\n"


def test_a_worker_carries_a_step_out_and_its_agent_is_listed_with_its_place(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker("box", "--location", "the cellar", "--scale", "2")
    run = house.begin()
    house.begun()
    (seen,) = answer(house.home, "worker", "list")
    assert (seen["name"], seen["location"], seen["load"]) == ("box", "the cellar", 1)
    assert (seen["scale"], seen["status"], seen["agents"]) == (
        2,
        "present",
        ["smith", "teller"],
    )
    assert seen["version"]
    assert seen["silent_seconds"] < 30
    house.open_gate()
    shown = house.until_settled(run)
    assert (house.agent()["location"], house.agent()["source"]) == ("box", "worker")
    assert shown["steps"][0]["agent"] == "smith"
    assert "The fire is lit." in house.output(run)
    assert house.types(run).count("step_succeeded") == 1
    assert not list((tmp_path / "home-of-box/workers/box/leases").iterdir())


def test_cancelling_a_run_ends_the_process_on_the_worker(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker()
    run = house.begin()
    (pid,) = house.begun()
    assert mission(house.home, "cancel", run).returncode == 0
    house.until_settled(run, "cancelled")
    until_gone(pid)


def test_a_worker_whose_server_is_dead_leaves_when_it_is_told_twice_and_its_next_one_tells(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    worker = house.worker()
    run = house.begin(AGAIN)
    (pid,) = house.begun()
    house.server.kill()
    worker.until("can't be reached")
    worker.process.terminate()
    worker.until("nothing new starts")
    worker.process.terminate()
    worker.until("stay in")
    assert worker.process.wait(30) == 0
    assert not is_alive(pid)
    house.open_gate()
    house.open()
    house.worker()
    house.until_settled(run)
    types = house.types(run)
    assert (types.count("attempt_interrupted"), types.count("attempt_failed")) == (1, 0)


def test_a_worker_that_is_asked_to_end_finishes_its_work_first(tmp_path: Path) -> None:
    house = House(tmp_path)
    worker = house.worker()
    run = house.begin()
    house.begun()
    worker.process.terminate()
    worker.until("nothing new starts")
    assert worker.process.poll() is None
    house.open_gate()
    house.until_settled(run)
    assert worker.process.wait(30) == 0
    assert answer(house.home, "worker", "list") == []
    house.until_agent("lost")


def test_the_work_of_a_worker_that_may_not_take_longer_is_begun_again(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    worker = house.worker("box", "--drain-within", "100ms")
    run = house.begin()
    (pid,) = house.begun()
    assert worker.end() == 0
    until_gone(pid)
    until(lambda: "attempt_interrupted" in house.types(run), "the interruption")
    house.worker()
    house.begun(2)
    house.open_gate()
    house.until_settled(run)


def test_the_server_can_send_a_worker_home(tmp_path: Path) -> None:
    house = House(tmp_path)
    worker = house.worker()
    assert mission(house.home, "worker", "drain", "box").returncode == 0
    assert worker.process.wait(30) == 0


def test_a_second_worker_of_the_same_name_is_refused_here_and_elsewhere(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker()
    here = house.begin_worker()
    assert here.process.wait(30) == 1
    here.until("A worker is running in")
    elsewhere = house.begin_worker("box", "--state", str(tmp_path / "other"))
    assert elsewhere.process.wait(30) == 1
    elsewhere.until("A worker 'box' at .* was connected")


def test_a_worker_with_a_token_that_is_void_is_refused(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert mission(house.home, "worker", "token", "box").returncode == 0
    house.begin_worker().until("Connected to the server")
    stored = (house.home / "workers.toml").read_text()
    secret = (tmp_path / "box.token").read_text().strip()
    assert secret not in stored
    assert (house.home / "workers.toml").stat().st_mode & 0o077 == 0
    (tmp_path / "box.token").write_text("box:something-else")
    refused = house.begin_worker("box", "--state", str(tmp_path / "other"))
    assert refused.process.wait(30) == 2
    refused.until("The token is not known here")


def test_work_that_ends_while_the_server_is_dead_is_taken_in_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker()
    run = house.begin()
    house.begun()
    house.server.kill()
    house.open_gate()
    leases = tmp_path / "home-of-box/workers/box/leases"
    until(lambda: '"done"' in "".join(p.read_text() for p in leases.glob("*/said.jsonl")), "an end")
    house.open()
    house.until_settled(run)
    types = house.types(run)
    assert types.count("step_succeeded") == types.count("step_started") == 1
    assert "attempt_interrupted" not in types
    assert len(house.begun()) == 1


@pytest.mark.parametrize("how", ["kill", "end"])
def test_a_step_goes_on_through_the_restart_of_its_server(tmp_path: Path, how: str) -> None:
    house = House(tmp_path)
    house.worker()
    run = house.begin()
    (pid,) = house.begun()
    getattr(house.server, how)()
    house.open()
    assert is_alive(pid)
    until(lambda: answer(house.home, "worker", "list"), "the worker again")
    house.open_gate()
    house.until_settled(run)
    assert "attempt_interrupted" not in house.types(run)
    assert house.begun() == [pid]


def test_a_worker_that_does_not_come_back_to_a_new_server_has_its_step_interrupted(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, lease="1s")
    worker = house.worker()
    run = house.begin()
    (pid,) = house.begun()
    house.server.kill()
    worker.kill()
    house.open()
    until(lambda: "attempt_interrupted" in house.types(run), "the interruption")
    house.worker()
    until_gone(pid)
    house.open_gate()
    house.until_settled(run)
    assert house.types(run).count("step_succeeded") == 1
    assert len(house.begun(2)) == 2


def test_a_worker_that_was_killed_ends_its_orphans_when_it_begins_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    worker = house.worker()
    run = house.begin(AGAIN)
    (pid,) = house.begun()
    worker.kill()
    assert is_alive(pid)
    house.worker()
    until_gone(pid)
    house.begun(2)
    house.open_gate()
    house.until_settled(run)
    reason = dict(house.events(run))["attempt_interrupted"]["reason"]
    assert "restarted in the middle of the attempt" in reason


def test_the_step_of_a_silent_worker_is_done_by_another_one(tmp_path: Path) -> None:
    house = House(tmp_path, lease="2s")
    first = house.worker("first")
    run = house.begin(AGAIN)
    house.begun()
    first.kill()
    until(lambda: "attempt_interrupted" in house.types(run), "the loss")
    house.worker("second")
    house.begun(2)
    house.open_gate()
    house.until_settled(run)
    assert house.agent()["location"] == "any"


def test_a_late_report_is_refused_and_recorded(tmp_path: Path) -> None:
    house = House(tmp_path, lease="2s")
    first = house.worker("first")
    run = house.begin(AGAIN)
    house.begun()
    first.kill()
    until(lambda: "attempt_interrupted" in house.types(run), "the loss")
    house.worker("second")
    house.begun(2)
    house.worker("first")  # It says now that its attempt came to nothing.
    until(lambda: "report_refused" in house.types(run), "the refusal")
    refused = dict(house.events(run))["report_refused"]
    assert (refused["fence"], refused["kind"]) == (1, "failure")
    house.open_gate()
    house.until_settled(run)
    assert house.types(run).count("step_succeeded") == 1


def test_a_built_in_specialist_works_elsewhere_under_a_name_of_its_own(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker("box", "--agents", "tester")
    house.until_agent("idle", name="box-tester")
    shown = answer(house.home, "agent", "show", "box-tester")
    assert shown["declared"]["settings"] == {"agent": "tester"}
    assert "runs_tests_in_copy" in shown["declared"]["effects"]


def test_an_agent_declared_beside_the_server_is_carried_out_where_it_is_declared(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "agents.toml").write_text(
        '[agents.blade]\nkind = "worker"\nlocation = "box"\nsettings = {agent = "smith"}\n'
        '[agents.smith]\nkind = "command"\nlocation = "box"\neffects = ["reads_files"]\n'
        'settings = {argv = ["nowhere-here"], output = "json"}\n'
    )
    house = House(tmp_path)
    house.until_agent("failed", name="blade")
    house.open_gate()
    house.worker()
    house.until_agent("idle", name="blade")
    result = mission(home, "agent", "test", "blade")
    assert (result.returncode, b"Runs on box" in result.stdout) == (0, True), result
    run = house.begin("name: both\nsteps: {one: {agent: smith}, two: {agent: blade}}\n")
    house.until_settled(run)
    assert len(house.begun(2)) == 2
    names = {each["name"]: each["source"] for each in answer(home, "agent", "list")}
    assert (names["smith"], names["blade"]) == ("file", "file")
    assert "box-smith" not in names


def test_an_emergency_stop_ends_the_process_on_the_worker(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker()
    house.begin()
    (pid,) = house.begun()
    assert mission(house.home, "stop", "--reason", "Fire.").returncode == 0
    until_gone(pid)


def test_the_list_of_workers_is_readable(tmp_path: Path) -> None:
    house = House(tmp_path)
    [shown] = mission(house.home, "worker", "list").stdout.decode().splitlines()
    assert "No worker is connected" in shown
    house.worker("box", "--location", "the cellar")
    head, row = mission(house.home, "worker", "list").stdout.decode().splitlines()
    assert head.split() == [
        "NAME",
        "STATUS",
        "LOCATION",
        "VERSION",
        "LOAD",
        "LAST",
        "SEEN",
        "AGENTS",
    ]
    assert row.startswith("box   present  the cellar  ")
    guide = (Path(__file__).parents[2] / "docs/guides/workers.md").read_text("utf-8")
    assert f"    {' '.join(head.split())}" in re.sub(r"(?<=\S) +", " ", guide)
    assert row.endswith("  smith, teller")
    house.server.end()
    closed = mission(house.home, "worker", "list")
    assert closed.returncode == 1
    assert b"`mission up --workers PORT` accepts workers" in closed.stderr


def test_usage_is_counted_once_however_often_its_server_is_killed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.worker()
    run = house.begin("name: tell\nsteps: {tell: {agent: teller}}\n")
    for count in (5, 30, 60):
        house.until_told(run, count)
        house.server.kill()
        house.open()
    house.until_settled(run)
    types = house.types(run)
    assert types.count("usage_reported") == 100
    assert types.count("step_started") == types.count("step_succeeded") == 1
    assert (
        sum(e["usage"]["input_tokens"] for k, e in house.events(run) if k == "usage_reported")
        == 100
    )
