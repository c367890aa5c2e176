import signal
import time
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from tests.cli.command import GOAL, Running, answer, mission, repository, waiting_for
from tests.some import some

pytestmark = pytest.mark.journey


class Scene:
    """A home, and a repository whose tests last until they are released."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self._gate = root / "gate"
        self._repository = repository(root / "tiny", waiting_for(self._gate))

    def begin(self) -> Running:
        return Running(self.home, "run", GOAL, "--repo", str(self._repository))

    def let_through(self) -> None:
        self._gate.touch()

    def status(self) -> str:
        return str(answer(self.home, "list")[0]["status"])

    def resume(self) -> Running:
        self.let_through()
        running = Running(self.home, "resume", "last")
        code, err = running.end()
        assert code == 0, err
        return running


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_ctrl_c_once_cancels_and_leaves_no_process(scene: Scene) -> None:
    running = scene.begin()
    running.until_at_work("tests")
    running.signal(signal.SIGINT)
    code, err = running.end()
    assert code == 3
    assert "Ctrl-C again leaves it to be resumed" in err
    assert running.lines[-1]["status"] == "cancelled"
    assert Path(running.lines[-1]["report"]).exists()
    assert running.left_over() == []
    assert scene.status() == "cancelled"
    assert mission(scene.home, "resume", "last").returncode == 2


def test_ctrl_c_twice_leaves_a_run_that_is_resumed(scene: Scene) -> None:
    running = scene.begin()
    run = running.until_at_work("tests")
    running.signal(signal.SIGINT)
    time.sleep(0.3)
    running.signal(signal.SIGINT)
    code, err = running.end()
    assert code == 3
    assert f"`mission runs resume {run}` takes it up" in err
    assert running.left_over() == []
    assert scene.status() == "building"
    shown = mission(scene.home, "show", "last").stdout.split()  # Lines break where they are full.
    assert b"No engine is running" in b" ".join(shown)
    assert scene.resume().lines[-1]["status"] == "succeeded"


@pytest.mark.parametrize("number", some([signal.SIGTERM, signal.SIGHUP], 0))
def test_a_request_to_end_leaves_a_run_that_is_resumed(
    scene: Scene, number: signal.Signals
) -> None:
    running = scene.begin()
    running.until_at_work("tests")
    running.process.send_signal(number)
    code, err = running.end()
    assert code == 3, err
    assert running.left_over() == []
    assert scene.status() == "building"
    assert scene.resume().lines[-1]["status"] == "succeeded"


@pytest.mark.parametrize("step", some(["plan", "tests"], 1))
def test_after_kill_9_the_run_is_resumed_and_keeps_what_was_done(scene: Scene, step: str) -> None:
    running = scene.begin()
    run = running.until_started(step)
    running.process.kill()
    running.process.communicate()
    done = {
        view["step"]: view["work"]
        for view in answer(scene.home, "show", run)["steps"]
        if view["state"] == "succeeded"
    }
    resumed = scene.resume()
    after = {view["step"]: view for view in answer(scene.home, "show", run)["steps"]}
    assert {name: after[name]["work"] for name in done} == done
    assert {view["state"] for view in after.values()} == {"succeeded"}
    again = {line["data"]["step"] for line in resumed.lines if line.get("event") == "step_started"}
    assert not again & set(done)
    report = Path(resumed.lines[-1]["report"]).read_text(encoding="utf-8")
    assert all(f"{name}" in report for name in after)
    assert mission(scene.home, "audit", "verify").returncode == UNPROVEN
    assert running.left_over() == []


def test_readers_look_on_a_second_engine_is_refused_and_a_cancel_gets_through(scene: Scene) -> None:
    running = scene.begin()
    run = running.until_at_work("tests")
    assert scene.status() == "building"
    assert answer(scene.home, "show", "last")["status"] == "running"
    assert mission(scene.home, "audit", "verify").returncode == UNPROVEN
    second = mission(scene.home, "up")
    assert second.returncode == 1
    assert f"is held by process {running.process.pid} (" in second.stderr.decode()
    assert GOAL in second.stderr.decode()
    assert mission(scene.home, "cancel", "last").stdout.decode() == f"{run} is being cancelled.\n"
    code, _ = running.end()
    assert code == 3
    assert running.left_over() == []
    assert scene.status() == "cancelled"


def test_a_run_that_nobody_works_on_is_cancelled_at_once(scene: Scene) -> None:
    running = scene.begin()
    run = running.until_at_work("tests")
    running.process.kill()
    running.process.communicate()
    assert answer(scene.home, "cancel", run[:-2]) == {"run": run, "status": "cancelled"}
    assert running.left_over() == []
    assert scene.status() == "cancelled"


def test_an_engine_cancels_a_run_that_an_earlier_one_left(scene: Scene) -> None:
    left = scene.begin()
    old = left.until_started("plan")
    left.process.kill()
    left.process.communicate()
    running = scene.begin()
    new = running.until_at_work("tests")
    assert answer(scene.home, "cancel", old) == {"run": old, "status": "cancelled"}
    assert answer(scene.home, "show", old)["status"] == "cancelled"
    assert answer(scene.home, "show", new)["status"] == "running"
    scene.let_through()
    assert running.end()[0] == 0
    assert old not in {line.get("stream") for line in running.lines}
    assert running.lines[-1]["status"] == "succeeded"
