"""What the file of the warehouse promises beyond its port."""

import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from missioncontrol.adapters.warehouses.duckdb import database_file, ingestion
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.warehouse import Full, Policy, Statement
from tests.contracts.captures import captured

NOW = datetime.fromisoformat("2026-11-23T12:00:00").replace(tzinfo=UTC)
COUNT = Statement("SELECT count(*), count(DISTINCT properties->>'n') FROM counted")


def test_all_is_there_after_it_was_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    batch = [captured(n, user=f"u{n % 3}", properties={"n": n}) for n in range(50)]
    with closing(DuckDbWarehouse(path)) as warehouse:
        warehouse.settle("shop", Policy(people=("u1",)))
        before = warehouse.store("shop", batch)
        warehouse.forget("shop", "u2")
        position = warehouse.position()
    with closing(DuckDbWarehouse(path)) as warehouse:
        assert warehouse.position() == position > before.position
        again = warehouse.store("shop", [*batch, captured(99, user="u2")])
        assert (again.stored, again.duplicates, again.refused) == (0, 50, 1)
        assert warehouse.store("shop", [captured(98, user="u1")]).stored == 1
        assert warehouse.rows(COUNT) == [(17, 17)]


def test_events_are_known_however_long_ago_they_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ingestion, "RECENT", 10)
    batch = [captured(n, user=f"u{n}") for n in range(50)]
    with closing(DuckDbWarehouse(None)) as warehouse:
        warehouse.store("shop", batch)
        warehouse.forget("shop", "u7")
        again = warehouse.store("shop", [*batch, captured(7, user="x"), captured(99, user="x")])
        assert (again.stored, again.duplicates) == (1, 51)


def test_its_file_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "analytics"
    with closing(SharedWarehouse(folder)) as warehouse:
        assert not warehouse.exists
        warehouse.store("shop", [captured(1, user="ann")])
        assert warehouse.exists
        assert folder.stat().st_mode & 0o077 == 0
        names = {each.name for each in folder.iterdir()}
        assert {"events.duckdb", "events.duckdb.wal", "events.sock", "events.where"} <= names
        for each in folder.iterdir():
            assert each.stat().st_mode & 0o077 == 0, each.name


def test_what_an_earlier_release_stored_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    with closing(DuckDbWarehouse(path)) as warehouse:
        warehouse.store("shop", [captured(1, person={"x": 1}, user="ann"), captured(2)])
        warehouse.store("blog", [captured(3)])
        stored = {product: warehouse.used(product) for product in ("shop", "blog")}
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("DROP TABLE used")
    for _ in range(2):
        with closing(DuckDbWarehouse(path)) as warehouse:
            assert {product: warehouse.used(product) for product in stored} == stored


def test_no_page_holds_a_word_of_who_was_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    secret = "mail-of-ann@private.example"
    people = [captured(n, user=f"u{n}", properties={"n": n}) for n in range(5_000)]
    with closing(DuckDbWarehouse(path)) as warehouse:
        warehouse.store("shop", people)
        mine = [
            captured(
                f"a{n}", user=secret, person={"mail": secret, "n": n}, properties={"t": secret}
            )
            for n in range(50)
        ]
        warehouse.store("shop", mine)
        warehouse.save_cohort("shop", "all", Statement("SELECT person FROM people"))
    with closing(DuckDbWarehouse(path)) as warehouse:
        warehouse.forget("shop", secret)
        assert warehouse.tidy(NOW) == 0
        assert warehouse.rows(COUNT) == [(5_000, 5_000)]
        assert warehouse.store("shop", mine[:1]).duplicates == 1
        assert warehouse.store("shop", [captured("new", user="u1")]).stored == 1
        assert warehouse.forget("shop", secret).ids == ()
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()


SECRET = "mail-of-ann@private.example"
MINE = [
    captured(f"a{n}-of-ann", user=SECRET, person={"mail": SECRET}, properties={"t": SECRET})
    for n in range(50)
]
OTHERS = [captured(n, user=f"u{n}", properties={"n": n}) for n in range(500)]


def holding(folder: Path, words: bytes) -> set[str]:
    """Return the names of files that hold these words."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return {each.name for each in files if words in each.read_bytes()}


@pytest.mark.parametrize("how", ["forget", "clear", "expire"])
def test_no_file_holds_a_word_of_what_was_removed_once_it_is_tidy(tmp_path: Path, how: str) -> None:
    with closing(DuckDbWarehouse(tmp_path / "events.duckdb")) as warehouse:
        warehouse.store("blog", OTHERS)
        warehouse.store("shop", MINE)
        assert holding(tmp_path, SECRET.encode())
        if how == "forget":
            warehouse.forget("shop", SECRET)
        elif how == "clear":
            warehouse.clear("shop")
        else:
            warehouse.settle("shop", Policy(days=1))
        warehouse.tidy(NOW)
        assert holding(tmp_path, SECRET.encode()) == set()
        assert holding(tmp_path, b"-of-ann") == set()
        position = warehouse.position()
        assert (warehouse.tidy(NOW), warehouse.position()) == (0, position)
        assert warehouse.rows(COUNT) == [(500, 500)]


REMOVES = """
import os, signal, sys
from pathlib import Path
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from tests.contracts.test_duckdb_warehouse import MINE, OTHERS, SECRET

warehouse = DuckDbWarehouse(Path(sys.argv[1]))
warehouse.store("shop", [*OTHERS, *MINE])
warehouse.forget("shop", SECRET)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_is_killed_while_forgetting_has_forgotten_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.duckdb"
    subprocess.run([sys.executable, "-c", REMOVES, str(path)], check=False)
    assert holding(tmp_path, SECRET.encode())
    with closing(DuckDbWarehouse(path)) as warehouse:
        assert holding(tmp_path, SECRET.encode()) == set()
        assert warehouse.rows(COUNT) == [(500, 500)]


def test_a_copy_that_finds_no_room_leaves_the_file_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(old: Path, new: Path) -> None:
        new.write_bytes(old.read_bytes()[:100])
        raise OSError(28, "No space left on device")

    path = tmp_path / "events.duckdb"
    with closing(DuckDbWarehouse(path)) as warehouse:
        warehouse.store("shop", [*OTHERS, *MINE])
        warehouse.forget("shop", SECRET)
        with monkeypatch.context() as there:
            there.setattr(database_file, "_copy", full)
            with pytest.raises(Unavailable):
                warehouse.tidy(NOW)
        assert warehouse.rows(COUNT) == [(500, 500)]
        assert not path.with_name("events.duckdb.new").exists()
        warehouse.tidy(NOW)
        assert holding(tmp_path, SECRET.encode()) == set()


def test_a_file_that_is_none_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    path.write_bytes(b"nothing of the kind" * 1_000)
    with pytest.raises(Unavailable) as refused:
        DuckDbWarehouse(path)
    assert refused.value.code == "analytics.unavailable"


def test_more_than_may_wait_is_refused_with_the_time_to_come_back() -> None:
    with closing(DuckDbWarehouse(None, waiting_max=100)) as warehouse:
        waiting, refused = [], None
        for k in range(0, 100_000, 50):
            try:
                batch = [captured(n, user="ann") for n in range(k, k + 50)]
                waiting.append(warehouse.storing("shop", batch))
            except Full as error:
                refused = error
                break
        assert refused is not None
        assert (refused.code, refused.retry_after >= 1) == ("analytics.full", True)
        stored = sum(each.result().stored for each in waiting)
        assert warehouse.rows(Statement("SELECT count(*) FROM counted")) == [(stored,)]
        assert warehouse.store("shop", [captured("last", user="ann")]).stored == 1


def test_a_source_that_sends_without_end_leaves_room_for_others() -> None:
    with closing(DuckDbWarehouse(None, waiting_max=100)) as warehouse:
        begun, goes_on = threading.Event(), threading.Event()

        def hold(_: object) -> None:
            begun.set()
            goes_on.wait(10)

        holding = threading.Thread(target=warehouse._writer.run, args=(hold,))
        holding.start()
        begun.wait(10)
        waiting = [
            warehouse.storing("shop", [captured(f"{source}{n}", user="ann", source=source)] * size)
            for source, size in (("web", 20), ("server", 40))
            for n in range(50 // size)
        ]
        with pytest.raises(Full):
            warehouse.storing("shop", [captured(n, user="ann") for n in range(20)])
        goes_on.set()
        assert sum(each.result().stored for each in waiting) == 3
        assert warehouse.store("shop", [captured(n, user="ann") for n in range(20)]).stored == 20
        holding.join()


def test_what_waits_is_stored_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.duckdb"
    warehouse = DuckDbWarehouse(path)
    waiting = [warehouse.storing("shop", [captured(n, user="ann")]) for n in range(40)]
    warehouse.close()
    assert sum(each.result().stored for each in waiting) == 40
    with pytest.raises(Unavailable):
        warehouse.store("shop", [captured(99, user="ann")])
    with closing(DuckDbWarehouse(path)) as again:
        assert again.store("shop", [captured(n, user="ann") for n in range(41)]).stored == 1


def test_another_takes_over_when_the_owner_ends(tmp_path: Path) -> None:
    first, second = SharedWarehouse(tmp_path), SharedWarehouse(tmp_path)
    with closing(second):
        with closing(first):
            first.store("shop", [captured(1, user="ann")])
            assert second.store("shop", [captured(1, user="ann"), captured(2, user="ann")])
            assert (first.is_owner, second.is_owner) == (True, False)
        assert second.store("shop", [captured(2, user="ann")]).duplicates == 1
        assert second.is_owner


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 60) / ("y" * 60)
    with closing(SharedWarehouse(folder)) as first, closing(SharedWarehouse(folder)) as second:
        first.position()
        assert second.store("shop", [captured(1, user="ann")]).stored == 1
        place = Path((folder / "events.where").read_text("utf-8"))
        assert place.parent != folder
    assert not place.parent.exists()


STORES = """
import sys
from pathlib import Path
from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from tests.contracts.captures import captured

warehouse = SharedWarehouse(Path(sys.argv[1]))
first = int(sys.argv[2])
for batch in range(first, first + 100_000):
    ids = [f"{batch}-{n}" for n in range(20)]
    events = [
        captured(id_, user=f"u{n}", anonymous=f"d{batch}", properties={"n": id_})
        for n, id_ in enumerate(ids)
    ]
    warehouse.store("shop", events)
    print(batch, flush=True)
"""


FILLS = """
import resource, sys
from pathlib import Path
from missioncontrol.adapters.warehouses.duckdb import owner
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.warehouse import Statement
from tests.contracts.captures import captured

owner.CHECKPOINT = sys.argv[2]
warehouse = owner.DuckDbWarehouse(Path(sys.argv[1]))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, hard))
kept, codes = 0, set()
for batch in range(16):
    ids = [f"{batch}-{n}" for n in range(500)]
    try:
        kept += warehouse.store("shop", [captured(id_, user=id_) for id_ in ids]).stored
    except Unavailable as error:
        codes.add(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
try:
    warehouse.rows(Statement("SELECT 1"))
except Unavailable as error:
    codes.add(error.code)
assert codes == {"analytics.unavailable"}, codes
assert warehouse.rows(Statement("SELECT count(*) FROM counted")) == [(kept,)]
again = warehouse.store("shop", [captured("0-0", user="x"), captured("new", user="x")])
assert (again.stored, again.duplicates) == (1, 1), again
warehouse.close()
"""


@pytest.mark.parametrize("checkpoint", ["64MB", "500KB"])
def test_a_full_disk_loses_nothing_and_is_got_over(tmp_path: Path, checkpoint: str) -> None:
    path = str(tmp_path / "events.duckdb")
    done = subprocess.run(
        [sys.executable, "-c", FILLS, path, checkpoint], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.journey
def test_who_is_killed_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged = 0
    for turn in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", STORES, str(tmp_path), str(acknowledged)],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            for _ in range(15 + 4 * turn):
                acknowledged = int(child.stdout.readline()) + 1
            child.send_signal(signal.SIGKILL)
            rest = child.stdout.read().split()
            acknowledged = int(rest[-1]) + 1 if rest else acknowledged
    with closing(SharedWarehouse(tmp_path)) as warehouse:
        [(events, ids)] = warehouse.rows(COUNT)
        # One batch more may have been stored whose acknowledgement was never received.
        assert events == ids
        assert acknowledged * 20 <= events <= (acknowledged + 1) * 20
        every = [
            captured(f"{batch}-{n}", user="x") for batch in range(acknowledged) for n in range(20)
        ]
        assert warehouse.store("shop", every).duplicates == len(every)


@pytest.mark.journey
def test_who_asks_a_killed_owner_takes_over(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STORES, str(tmp_path), "0"], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with closing(SharedWarehouse(tmp_path)) as warehouse:
            [(events, _)] = warehouse.rows(COUNT)
            assert events >= 20
            assert not warehouse.is_owner
            child.send_signal(signal.SIGKILL)
            child.stdout.read()
            assert warehouse.store("shop", [captured("0-0", user="x")]).duplicates == 1
            assert warehouse.is_owner
