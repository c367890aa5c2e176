"""A console that is killed while events come in loses none that it acknowledged."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from segment.analytics.client import Client as Segment  # type: ignore[import-untyped]

from tests.capture.shops import kept, key_of
from tests.console.house_process import HouseProcess, house_process

pytestmark = pytest.mark.journey

KILLS = 3
SENDERS = 3
BATCH = 100
SECONDS_MAX = 120.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with house_process(tmp_path) as found:
        yield found


class Sender(threading.Thread):
    """Sends batches, each until it is acknowledged; also again when it was, now and then."""

    def __init__(self, url: str, key: str, name: str, stop: threading.Event) -> None:
        super().__init__()
        self._url, self._key, self._called, self._stop_now = url, key, name, stop
        self.acknowledged: list[str] = []
        self.tries = 0

    def run(self) -> None:
        number = 0
        with httpx.Client(base_url=self._url, timeout=10) as client:
            while not self._stop_now.is_set():
                ids = [f"{self._called}-{number}-{each}" for each in range(BATCH)]
                self._until_kept(client, ids)
                self.acknowledged += ids
                number += 1

    def _until_kept(self, client: httpx.Client, ids: list[str]) -> None:
        latest = time.monotonic() + SECONDS_MAX
        events = [
            {"type": "track", "event": "a", "userId": id_.rpartition("-")[2], "messageId": id_}
            for id_ in ids
        ]
        while True:
            self.tries += 1
            try:
                body = {"batch": events, "writeKey": self._key}
                answer = client.post("/v1/batch", json=body)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 200:
                assert answer.json()["stored"] + answer.json()["duplicates"] == len(ids)
                return
            assert time.monotonic() < latest, answer
            time.sleep(0.05)


@pytest.mark.slow
def test_each_acknowledged_event_is_there_once_however_often_the_console_is_killed(
    house: HouseProcess,
) -> None:
    key, stop = key_of(house), threading.Event()
    senders = [Sender(house.url, key, f"s{number}", stop) for number in range(SENDERS)]
    for each in senders:
        each.start()
    for _ in range(KILLS):
        before = sum(len(each.acknowledged) for each in senders)
        _wait(lambda before=before: sum(len(e.acknowledged) for e in senders) > before + 5 * BATCH)
        house.console().kill()
    _wait(lambda: all(each.tries > KILLS for each in senders))
    stop.set()
    for each in senders:
        each.join(SECONDS_MAX)
        assert not each.is_alive()
    found = Counter(each.id for each in kept(house))
    acknowledged = {id_ for each in senders for id_ in each.acknowledged}
    assert acknowledged <= found.keys()
    assert found.keys() == acknowledged  # Whatever was not acknowledged was sent again.
    assert set(found.values()) == {1}


def test_a_library_that_tries_again_brings_everything_across_a_kill(house: HouseProcess) -> None:
    faults: list[Any] = []
    client = Segment(
        key_of(house),
        host=house.url,
        upload_size=20,
        on_error=lambda error, _: faults.append(error),
    )
    for number in range(400):
        client.track(f"user-{number}", "opened", message_id=f"m-{number}")
        if number == 200:
            house.console().kill()
        time.sleep(0.002)
    client.flush()
    client.join()
    assert faults == []
    found = Counter(each.id for each in kept(house))
    assert found == {f"m-{number}": 1 for number in range(400)}


def _wait(holds: Any) -> None:
    latest = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < latest
        time.sleep(0.02)
