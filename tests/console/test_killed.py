"""What is asked for with a key is done once, whatever is killed while it is done."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from missioncontrol.client import Client
from tests.console.house_process import HouseProcess, asked, house_process
from tests.console.running import GREETING

BODY = {"workflow": "greeting", "inputs": {"name": "Ada"}}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with house_process(tmp_path) as found, found.client() as client:
        asked(client, "SaveWorkflow", {"text": GREETING, "file": "greeting.yaml"})
        yield found


def _ask(house: HouseProcess, key: str) -> httpx.Response | None:
    """Begin a run under a key; None where the connection breaks off."""
    try:
        with house.client() as client:
            return client.post("/runs", json=BODY, headers={"idempotency-key": key})
    except httpx.HTTPError:
        return None


def _runs(house: HouseProcess) -> list[str]:
    with house.client() as client:
        return [row["id"] for row in client.get("/record/runs").json()]


@pytest.mark.journey
@pytest.mark.parametrize("seconds", [0.002, pytest.param(0.02, marks=pytest.mark.slow)])
def test_a_console_that_is_killed_while_a_run_is_begun_leaves_one_run(
    house: HouseProcess, seconds: float
) -> None:
    asking = threading.Thread(target=_ask, args=(house, "once"))
    asking.start()
    asking.join(seconds)
    house.console().kill()
    asking.join()
    with Client(house.url, house.token) as client:  # It asks until the console is there again.
        begun = client.runs.start("greeting", inputs=BODY["inputs"], key="once")  # type: ignore[arg-type]
        assert client.runs.wait(begun.run, seconds_max=60).status == "succeeded"
    assert _runs(house) == [begun.run]


@pytest.mark.journey
@pytest.mark.parametrize("seconds", [0.002, pytest.param(0.02, marks=pytest.mark.slow)])
def test_an_engine_that_is_killed_while_a_run_is_begun_leaves_one_run(
    house: HouseProcess, seconds: float
) -> None:
    asking = threading.Thread(target=_ask, args=(house, "once"))
    asking.start()
    asking.join(seconds)
    house.kill()
    asking.join()
    house.up()
    with Client(house.url, house.token) as client:
        begun = client.runs.start("greeting", inputs=BODY["inputs"], key="once")  # type: ignore[arg-type]
        assert client.runs.wait(begun.run, seconds_max=60).status == "succeeded"
    assert _runs(house) == [begun.run]
