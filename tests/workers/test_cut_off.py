"""A worker in a network of its own is cut off in the middle of a step, and comes back."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import answer
from tests.workers.house import House, is_alive, until, until_gone

pytestmark = pytest.mark.journey
AGAIN = "name: again\nsteps: {forge: {agent: smith, retry: {attempts: 2, wait: 10ms}}}\n"


def ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True)


class Network:
    """A pair of ends: one here, one in a network namespace."""

    def __init__(self, number: int) -> None:
        self.space = f"mc-test-{number}"
        self.here, there = f"mch{number}", f"mct{number}"
        third = number % 250
        self.address = f"10.213.{third}.1"
        ip("netns", "add", self.space)
        ip("link", "add", self.here, "type", "veth", "peer", "name", there, "netns", self.space)
        ip("addr", "add", f"{self.address}/30", "dev", self.here)
        ip("-n", self.space, "addr", "add", f"10.213.{third}.2/30", "dev", there)
        ip("-n", self.space, "link", "set", there, "up")
        self.mend()

    def cut(self) -> None:
        ip("link", "set", self.here, "down")

    def mend(self) -> None:
        ip("link", "set", self.here, "up")

    def close(self) -> None:
        subprocess.run(("ip", "link", "del", self.here), check=False, capture_output=True)
        ip("netns", "del", self.space)


@pytest.fixture
def network() -> Iterator[Network]:
    """Lend a network, where this process may make one."""
    if shutil.which("ip") is None:
        pytest.skip("`ip` is not installed")
    try:
        made = Network(os.getpid() % 10_000)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode()[:100]}")
    try:
        yield made
    finally:
        made.close()


def there(house: House, network: Network, name: str = "box") -> None:
    house.worker(name, before=("ip", "netns", "exec", network.space))


def test_what_was_done_while_the_network_was_gone_is_taken_in_once(
    tmp_path: Path, network: Network
) -> None:
    house = House(tmp_path, bind=network.address)
    there(house, network)
    run = house.begin()
    (pid,) = house.begun()
    network.cut()
    house.open_gate()
    until_gone(pid)
    spool = tmp_path / "home-of-box/workers/box/leases"
    until(lambda: '"done"' in "".join(p.read_text() for p in spool.glob("*/said.jsonl")), "an end")
    assert "step_succeeded" not in house.types(run)
    network.mend()
    house.until_settled(run)
    types = house.types(run)
    assert types.count("step_succeeded") == types.count("step_started") == 1
    assert house.begun() == [pid]


def test_a_worker_that_was_away_for_too_long_ends_its_work_and_is_heard_no_more_about_it(
    tmp_path: Path, network: Network
) -> None:
    house = House(tmp_path, lease="2s", bind=network.address)
    there(house, network)
    run = house.begin(AGAIN)
    (pid,) = house.begun()
    network.cut()
    until(lambda: "attempt_interrupted" in house.types(run), "the loss")
    assert is_alive(pid)
    house.worker("near")
    (_, second) = house.begun(2)
    network.mend()
    until_gone(pid)
    until(lambda: "report_refused" in house.types(run), "the refusal")
    assert is_alive(second)
    house.open_gate()
    house.until_settled(run)
    assert house.types(run).count("step_succeeded") == 1
    assert {each["name"] for each in answer(house.home, "worker", "list")} == {"box", "near"}
