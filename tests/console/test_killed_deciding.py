"""Who decides while the engine is killed decides once, or not at all, and can say it again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.house_process import HouseProcess, begun_for_ann, house_process

pytestmark = pytest.mark.journey

SECONDS_MAX = 60.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    """A home whose owner has begun a run, in which a token of `ann` decides."""
    with house_process(tmp_path) as found:
        found.token = begun_for_ann(found)
        yield found


def _waiting(house: HouseProcess) -> dict[str, Any]:
    with house.client() as ann:
        rows = _until(lambda: ann.get("/approvals").json()["items"])
        found: dict[str, Any] = ann.get(f"/approvals/{rows[0]['id']}").json()
        return found


def _until(look: Any) -> Any:
    latest = time.monotonic() + SECONDS_MAX
    while not (found := look()):
        assert time.monotonic() < latest
        time.sleep(0.05)
    return found


def _at_rest(ann: httpx.Client, run: str) -> dict[str, Any] | None:
    """Return the row of a run that has ended or asks for something; None while it does neither."""
    row: dict[str, Any] = ann.get(f"/record/runs/{run}").json()
    return row if row["ended"] or ann.get("/approvals").json()["items"] else None


def _approve(house: HouseProcess, approval: dict[str, Any]) -> httpx.Response | None:
    """Agree under one key; None where the connection breaks off."""
    decision = {"digest": approval["digest"], "reason": "I read it"}
    path = f"/approvals/{approval['approval']}/approve"
    try:
        with house.client() as client:
            return client.post(path, json=decision, headers={"idempotency-key": "once"})
    except httpx.HTTPError:
        return None


@pytest.mark.parametrize("seconds", [0.002, pytest.param(0.15, marks=pytest.mark.slow)])
def test_a_yes_that_an_engine_was_killed_on_counts_once_and_lets_exactly_that_run(
    house: HouseProcess, seconds: float
) -> None:
    approval = _waiting(house)
    deciding = threading.Thread(target=_approve, args=(house, approval))
    deciding.start()
    deciding.join(seconds)
    house.kill()
    deciding.join()
    house.up()
    answer = _approve(house, approval)
    assert answer is not None
    # Where the yes was stored and its answer was not, the second try gets that answer.
    was_cut_off = answer.status_code == 409 and answer.json()["code"] == "request.half_done"
    assert answer.status_code == 200 or was_cut_off, answer.text
    with house.client() as client:
        seen = client.get(f"/approvals/{approval['approval']}").json()
        assert (seen["state"], seen["digest"]) == ("approved", approval["digest"])
        events = [result["event"] for result in seen["history"]]
        assert events == ["approval_given", "approval_granted"]
        run = approval["run"]
        if not _until(lambda: _at_rest(client, run))["ended"]:
            # The step had begun. Its yes went with the attempt, for it is unknown how far that
            # came, and exactly the same is asked again.
            again = client.get("/approvals").json()["items"][0]
            assert again["id"] != approval["approval"]
            assert again["digest"] == approval["digest"]
            decision = {"digest": again["digest"], "reason": "It may run a second time"}
            result = client.post(f"/approvals/{again['id']}/approve", json=decision)
            assert result.status_code == 200, result.text
        row = f"/record/runs/{run}"
        assert _until(lambda: client.get(row).json()["ended"])
        assert client.get(row).json()["status"] == "succeeded"


def test_what_waited_waits_again_when_the_engine_is_back(house: HouseProcess) -> None:
    approval = _waiting(house)
    house.kill()
    house.up()
    with house.client() as client:
        rows = client.get("/approvals").json()["items"]
        assert [(row["id"], row["digest"]) for row in rows] == [
            (approval["approval"], approval["digest"])
        ]
        no = {"reason": "Not after a power cut."}
        response = client.post(f"/approvals/{approval['approval']}/reject", json=no)
        assert response.json()["state"] == "rejected", response.text
        row = f"/record/runs/{approval['run']}"
        _until(lambda: client.get(row).json()["ended"])
        assert client.get(row).json()["status"] == "failed"
