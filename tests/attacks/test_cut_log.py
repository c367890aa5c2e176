"""A log that was cut or rewritten behind a killed engine is never accepted."""

import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from missioncontrol.cli.exit_codes import BAD_INPUT, FAILED, SUCCEEDED, UNPROVEN
from tests.attacks.forging import TRIGGERS_DROPPED, rechain
from tests.cli.command import ARGV, environment, mission

WORKFLOW = "name: two\nsteps:\n  a: {agent: command, with: {argv: ['true']}}\n"
RUNS = 3


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory whose engine was killed as soon as its third run had ended."""
    root = tmp_path_factory.mktemp("killed")
    home, vault = root / "home", root / "vault"
    vault.mkdir()
    file = root / "two.yaml"
    file.write_text(WORKFLOW)
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    with subprocess.Popen(
        [*ARGV, "up", "--no-console", "--heads-to", str(vault / "heads.jsonl")],
        env=environment(home),
        stderr=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stderr is not None
        next(line for line in engine.stderr if "Ctrl-C ends it" in line)
        for _ in range(RUNS):
            assert mission(home, "workflow", "run", "two", "--wait").returncode == 0
        engine.send_signal(signal.SIGKILL)
    return root


@pytest.fixture
def root(killed: Path, tmp_path: Path) -> Path:
    shutil.copytree(killed, tmp_path / "copy")
    return tmp_path / "copy"


def verify(root: Path, *more: str) -> tuple[int, str]:
    done = mission(root / "home", "audit", "verify", *more)
    return done.returncode, (done.stdout + done.stderr).decode()


def elsewhere(root: Path) -> tuple[str, str]:
    return "--heads", str(root / "vault" / "heads.jsonl")


def last_event_before_the_second_run(root: Path) -> int:
    with closing(sqlite3.connect(root / "home" / "log.db")) as log:
        runs = "SELECT position FROM events WHERE type = 'run_created' ORDER BY position"
        return int(log.execute(runs).fetchall()[1][0]) - 1


def cut(root: Path, left: int) -> None:
    with closing(sqlite3.connect(root / "home" / "log.db", isolation_level=None)) as log:
        log.executescript(TRIGGERS_DROPPED)
        log.execute("DELETE FROM events WHERE position > ?", (left,))


def cut_heads(path: Path, left: int) -> None:
    from missioncontrol.adapters.heads_file import read_heads

    count = sum(head.position <= left for head in read_heads(path))
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:count]))


def test_an_untouched_log_is_unproven_without_heads_elsewhere(root: Path) -> None:
    status, output = verify(root)
    assert status == UNPROVEN
    assert "The log is unproven" in output
    assert "--heads-to" in output


def test_an_untouched_log_is_verified_by_the_heads_elsewhere(root: Path) -> None:
    status, output = verify(root, *elsewhere(root))
    assert status == SUCCEEDED, output
    assert "The log is verified to position" in output


def test_a_log_cut_to_its_first_run_contradicts_its_own_heads(root: Path) -> None:
    cut(root, last_event_before_the_second_run(root))
    status, output = verify(root)
    assert status == FAILED
    assert "its end is missing" in output


def test_even_the_end_of_the_last_run_is_signed_by_the_time_of_its_answer(root: Path) -> None:
    with closing(sqlite3.connect(root / "home" / "log.db")) as log:
        ends = "SELECT max(position) FROM events WHERE type = 'run_settled'"
        (end,) = log.execute(ends).fetchone()
    cut(root, end - 1)
    assert verify(root)[0] == FAILED


@pytest.mark.parametrize("own", ["cut", "deleted"])
def test_a_log_that_was_cut_with_its_heads_contradicts_the_heads_elsewhere(
    root: Path, own: str
) -> None:
    left = last_event_before_the_second_run(root)
    cut(root, left)
    if own == "cut":
        cut_heads(root / "home" / "heads.jsonl", left)
    else:
        (root / "home" / "heads.jsonl").unlink()
    assert verify(root)[0] == UNPROVEN
    status, output = verify(root, *elsewhere(root))
    assert status == FAILED
    assert "its end is missing" in output


def delete_own_heads(home: Path) -> None:
    for file in home.glob("heads*"):
        file.unlink()


def sign_again(home: Path) -> None:
    delete_own_heads(home)
    from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
    from missioncontrol.adapters.heads_file import FileHeads
    from tests.application.parts import run

    store = SqliteEventStore(home / "log.db", writable=False)
    with closing(store):
        FileHeads(home / "heads.jsonl", home / "signing-key.pem").sign(run(store.head()), 1.0)


@pytest.mark.parametrize("hide", [delete_own_heads, sign_again])
def test_a_rechained_log_is_unproven_by_itself_and_broken_by_the_heads_elsewhere(
    root: Path, hide: Callable[[Path], None]
) -> None:
    rechain(root / "home" / "log.db")
    hide(root / "home")
    status, output = verify(root)
    assert (status, "unproven" in output) == (UNPROVEN, True)
    status, output = verify(root, *elsewhere(root))
    assert status == FAILED
    assert "is not the one in the head signed at" in output


def test_no_engine_goes_on_with_a_rechained_log(root: Path) -> None:
    rechain(root / "home" / "log.db")
    done = mission(root / "home", "workflow", "run", "two")
    assert done.returncode == FAILED
    assert b"is not the one that was signed" in done.stderr


@pytest.mark.parametrize("name", ["heads.jsonl", "link.jsonl"])
def test_heads_of_the_data_directory_are_no_proof_by_any_name(root: Path, name: str) -> None:
    path = root / name
    if name == "link.jsonl":
        path.hardlink_to(root / "home" / "heads.jsonl")
    else:
        path = root / "home" / name
    status, output = verify(root, "--heads", str(path))
    assert status == UNPROVEN
    assert "lies in the data directory" in output


def test_a_file_of_heads_that_is_not_there_is_bad_input(root: Path) -> None:
    status, output = verify(root, "--heads", str(root / "vault" / "none"))
    assert status == BAD_INPUT
    assert "There is no file" in output


def test_no_engine_goes_on_where_the_heads_elsewhere_know_more(root: Path) -> None:
    left = last_event_before_the_second_run(root)
    cut(root, left)
    cut_heads(root / "home" / "heads.jsonl", left)
    before = (root / "vault" / "heads.jsonl").read_bytes()
    done = mission(root / "home", "up", "--no-console", "--heads-to", elsewhere(root)[1])
    assert done.returncode == FAILED
    assert b"The external heads are not of this log." in done.stderr
    assert (root / "vault" / "heads.jsonl").read_bytes() == before
