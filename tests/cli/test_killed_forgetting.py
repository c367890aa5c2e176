"""A removal of a person that is killed anywhere is finished when the store opens next."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.ports.warehouse import Statement
from tests.cli.command import answer, environment
from tests.cli.test_analytics import event
from tests.console.house_process import house_process
from tests.some import some

pytestmark = pytest.mark.journey

ANN = "mail-of-ann@private.example"
KILLED = """
import os, signal, sys
from missioncontrol.adapters.warehouses.duckdb import database_file, maintenance
from missioncontrol.cli.analytics_places import Here
from missioncontrol.cli.main import main

where, home, person = sys.argv[1:]

def end(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def before(owner, name):
    setattr(owner, name, end)

def after(owner, name):
    real = getattr(owner, name)
    def done(*arguments):
        real(*arguments)
        end()
    setattr(owner, name, done)

def recording(verb, when):
    real = Here._executed
    def executed(self, operation, product, given):
        if operation.verb != verb:
            return real(self, operation, product, given)
        if when == "after":
            real(self, operation, product, given)
        end()
    Here._executed = executed

{
    "intended": lambda: recording("begin_forgetting", "before"),
    "begun": lambda: recording("begin_forgetting", "after"),
    "removed": lambda: after(maintenance, "forget"),
    "copied": lambda: after(database_file, "_copy"),
    "wiped": lambda: recording("confirm_forgotten", "before"),
    "confirmed": lambda: recording("confirm_forgotten", "after"),
}[where]()
main(["analytics", "forget", "shop", person, "--home", home])
"""


def told(home: Path) -> Counter[str]:
    """Return how often each type of event stands in the log."""
    store = SqliteEventStore(Home(home).log, writable=False)
    with closing(store):
        rows = asyncio.run(store.read(after=0, limit=1_000))
    return Counter(row.type for row in rows if "forg" in row.type)


def holding(home: Path, words: str) -> list[str]:
    """Return the names of files that hold these words."""
    files = [each for each in home.rglob("*") if each.is_file()]
    return [each.name for each in files if words.encode() in each.read_bytes()]


def a_shop(home: Path) -> None:
    answer(home, "analytics", "add-product", "shop")
    with closing(SharedWarehouse(home / "analytics")) as warehouse:
        warehouse.store("shop", [event(ANN, "signup"), event(ANN, "order"), event("ben", "signup")])


def killed(home: Path, where: str) -> None:
    command = [sys.executable, "-c", KILLED, where, str(home), ANN]
    done = subprocess.run(command, env=environment(home), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def people(home: Path) -> list[Any]:
    with closing(SharedWarehouse(home / "analytics")) as warehouse:
        return warehouse.rows(Statement("SELECT label FROM people ORDER BY label"))


@pytest.mark.parametrize(
    "where", some(["begun", "removed", "copied", "wiped", "confirmed"], 0, 2, 4)
)
def test_a_removal_that_is_killed_is_finished_once_by_whoever_comes_next(
    tmp_path: Path, where: str
) -> None:
    a_shop(tmp_path)
    killed(tmp_path, where)
    for _ in range(2):
        answer(tmp_path, "analytics", "active", "--product", "shop")
        assert told(tmp_path) == {"forgetting_begun": 1, "person_forgotten": 1}
        assert holding(tmp_path, ANN) == []
        assert people(tmp_path) == [("ben",)]
    with closing(SharedWarehouse(tmp_path / "analytics")) as warehouse:
        assert warehouse.store("shop", [event(ANN, "again")]).refused == 1
    [shop, _] = answer(tmp_path, "analytics", "products")
    assert shop["forgotten"] == 1


def test_what_was_killed_before_the_log_says_it_is_begun_was_never_asked_for(
    tmp_path: Path,
) -> None:
    a_shop(tmp_path)
    killed(tmp_path, "intended")
    answer(tmp_path, "analytics", "active", "--product", "shop")
    assert told(tmp_path) == {}
    assert people(tmp_path) == [("ben",), (ANN,)]
    gone = answer(tmp_path, "analytics", "forget", "shop", ANN)
    assert (gone["events"], gone["ids"]) == (2, 1)
    assert told(tmp_path) == {"forgetting_begun": 1, "person_forgotten": 1}


def test_a_console_that_starts_finishes_it(tmp_path: Path) -> None:
    with house_process(tmp_path) as house:
        a_shop(house.home.root)
        house.close()
        killed(house.home.root, "begun")
        house.up()
        latest = time.monotonic() + 60
        while told(house.home.root)["person_forgotten"] < 1:
            assert time.monotonic() < latest
            time.sleep(0.05)
        assert holding(house.home.root / "analytics", ANN) == []
        house.close()
        assert told(house.home.root) == {"forgetting_begun": 1, "person_forgotten": 1}
