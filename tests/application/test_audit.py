"""Tampering with stored events is detected, at the first event that was changed."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.event_stores.sqlite import TRIGGERS, SqliteEventStore
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.application import audit
from missioncontrol.application.audit import Verdict
from missioncontrol.application.journal import Journal
from missioncontrol.domain.envelope import chain
from missioncontrol.domain.run.commands import CreateRun, ReportSuccess, StartSteps
from missioncontrol.domain.run.events import ReusedResult
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef, Work
from missioncontrol.ports.event_store import Append, Head, NewEvent
from tests.application.parts import StandingClock, run

EVENTS = 60
INTACT = ("unproven", EVENTS, 1, 1)
COLUMNS = [
    "position",
    "stream",
    "version",
    "type",
    "schema",
    "time",
    "actor",
    "on_behalf",
    "cause",
    "correlation",
    "body",
    "hash",
]


class Archive:
    """A log of `EVENTS` events of runs with one artifact, and its heads, in a directory."""

    def __init__(self, root: Path) -> None:
        self.path = root / "log.db"
        self.heads = FileHeads(root / "heads.jsonl", root / "key.pem")
        self.artifacts = FolderArtifactStore(root / "artifacts")
        self.digest = self.artifacts.put(b"words")

    def fill(self, *, sign_at: tuple[int, ...] = (EVENTS,)) -> None:
        """Write the events, signing where `sign_at` says."""
        store = SqliteEventStore(self.path, writable=True)
        journal = Journal(store, StandingClock())
        work = Work(artifacts=(ArtifactRef("a.txt", self.digest, 5, "text/plain"),))

        async def story() -> None:
            for number in range(EVENTS // 5):
                name = f"run-{number}"
                create = CreateRun(name, "größe", (Step("a", "hand"),), 1)
                journal.handle_run(name, create, actor="jo", cause=number)
                journal.handle_run(name, StartSteps(("a",)))
                journal.handle_run(name, ReportSuccess("a", 1, work))
                await journal.commit()
                head = await store.head()
                if head.position in sign_at:
                    self.heads.sign(head, 1.0)

        run(story())
        store.close()

    def verify(self, *, with_artifacts: bool = False) -> Verdict:
        """Read the file as an auditor does."""
        store = SqliteEventStore(self.path, writable=False)
        try:
            artifacts = self.artifacts if with_artifacts else None
            return run(audit.verify(store, self.heads.all(), artifacts))
        finally:
            store.close()

    def edit(self, *statements: str, values: tuple[Any, ...] = ()) -> None:
        """Change the file behind the program's back."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            for name in TRIGGERS:
                other.execute(f"DROP TRIGGER IF EXISTS {name}")
            for statement in statements:
                other.execute(statement, values)

    def rows(self) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as other:
            return other.execute("SELECT * FROM events ORDER BY position").fetchall()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path)
    made.fill()
    return made


def assert_bad(verdict: Verdict, position: int) -> None:
    assert not verdict.is_intact
    assert verdict.position == position, verdict.problem
    assert verdict.problem


# A log that nothing contradicts.


def test_a_log_without_heads_elsewhere_is_unproven(archive: Archive) -> None:
    verdict = archive.verify(with_artifacts=True)
    assert (verdict.state, verdict.events, verdict.artifacts, verdict.heads) == INTACT


def test_an_empty_log_is_unproven(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    SqliteEventStore(archive.path, writable=True).close()
    assert (archive.verify().state, archive.verify().events) == ("unproven", 0)


def test_a_log_without_any_head_has_a_warning(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.fill(sign_at=())
    verdict = archive.verify()
    assert verdict.is_intact
    assert "holds no signed heads" in verdict.warnings[0]


def test_long_logs_are_read_page_by_page(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "READ_AT_ONCE", 7)
    assert (archive.verify().state, archive.verify().events) == ("unproven", EVENTS)
    monkeypatch.setattr(audit, "READ_AT_ONCE", EVENTS)
    assert (archive.verify().state, archive.verify().events) == ("unproven", EVENTS)


# One byte.


def changed(value: Any) -> Any:
    """Return `value` with one byte changed."""
    if isinstance(value, int):
        return value ^ 64
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return chr(ord(value[0]) ^ 1) + value[1:] if value else "x"


@pytest.mark.parametrize("position", [1, 31, EVENTS])
@pytest.mark.parametrize("column", COLUMNS[1:])
def test_one_changed_byte_names_its_event(archive: Archive, column: str, position: int) -> None:
    old = archive.rows()[position - 1][COLUMNS.index(column)]
    archive.edit(
        f"UPDATE events SET {column} = ? WHERE position = {position}", values=(changed(old),)
    )
    assert_bad(archive.verify(), position)


@pytest.mark.parametrize("place", range(0, 30, 3))
def test_any_byte_of_the_data_counts(archive: Archive, place: int) -> None:
    body = bytearray(archive.rows()[30][COLUMNS.index("body")])
    body[place] ^= 0x80
    archive.edit("UPDATE events SET body = ? WHERE position = 31", values=(bytes(body),))
    assert_bad(archive.verify(), 31)


@pytest.mark.parametrize("column", ["stream", "type", "actor", "on_behalf", "correlation"])
def test_a_byte_that_makes_no_text_names_its_event(archive: Archive, column: str) -> None:
    archive.edit(f"UPDATE events SET {column} = CAST(x'61ff62' AS TEXT) WHERE position = 31")
    assert_bad(archive.verify(), 31)


def test_a_changed_place_is_found_where_it_is_missing(archive: Archive) -> None:
    archive.edit("UPDATE events SET position = 1000 WHERE position = 31")
    assert_bad(archive.verify(), 31)


def test_a_time_before_the_epoch_is_no_way_around(archive: Archive) -> None:
    archive.edit("UPDATE events SET time = -time WHERE position = 31")
    assert_bad(archive.verify(), 31)


# Events deleted, moved and inserted.


@pytest.mark.parametrize("position", [1, 31, EVENTS - 1])
def test_a_deleted_event_is_named(archive: Archive, position: int) -> None:
    archive.edit(f"DELETE FROM events WHERE position = {position}")
    verdict = archive.verify()
    assert_bad(verdict, position)
    assert f"Event {position} is missing" in verdict.problem


def test_a_deleted_event_whose_gap_was_closed_is_named(archive: Archive) -> None:
    archive.edit(
        "DELETE FROM events WHERE position = 31",
        "UPDATE events SET position = -position WHERE position > 31",
        "UPDATE events SET position = -position - 1 WHERE position < 0",
    )
    assert_bad(archive.verify(), 31)


def test_two_swapped_events_are_found_at_the_first(archive: Archive) -> None:
    archive.edit(
        "UPDATE events SET position = -1 WHERE position = 31",
        "UPDATE events SET position = 31 WHERE position = 32",
        "UPDATE events SET position = 32 WHERE position = -1",
    )
    assert_bad(archive.verify(), 31)


def test_two_events_with_swapped_data_are_found_at_the_first(archive: Archive) -> None:
    first, second = (archive.rows()[n][COLUMNS.index("body")] for n in (30, 35))
    archive.edit("UPDATE events SET body = ? WHERE position = 31", values=(second,))
    archive.edit("UPDATE events SET body = ? WHERE position = 36", values=(first,))
    assert_bad(archive.verify(), 31)


@pytest.mark.parametrize("left", [0, 1, EVENTS - 1])
def test_a_missing_end_is_found_against_the_signed_head(archive: Archive, left: int) -> None:
    archive.edit(f"DELETE FROM events WHERE position > {left}")
    verdict = archive.verify()
    assert_bad(verdict, left + 1)
    assert "its end is missing" in verdict.problem


def rechained(archive: Archive, rows: list[tuple[Any, ...]]) -> None:
    """Replace the log by `rows` with hashes that fit."""
    archive.edit("DELETE FROM events")
    previous, made = bytes(32), []
    for place, row in enumerate(rows, start=1):
        fields = (place, *row[1:11])
        previous = chain(previous, *fields)
        made.append((*fields, previous))
    with closing(sqlite3.connect(archive.path, isolation_level=None)) as other:
        other.executemany(f"INSERT INTO events VALUES ({','.join('?' * 12)})", made)


def test_a_forged_event_with_new_hashes_is_found_at_the_next_signed_head(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.fill(sign_at=(20, 40, EVENTS))
    rows = archive.rows()
    forged = list(rows[30])
    forged[COLUMNS.index("actor")] = "somebody else"
    rechained(archive, [*rows[:30], tuple(forged), *rows[31:]])
    verdict = archive.verify()
    assert_bad(verdict, 40)
    assert "head signed at" in verdict.problem
    assert verdict.heads == 1


def test_an_inserted_event_with_new_hashes_is_found_at_the_signed_head(archive: Archive) -> None:
    rows = archive.rows()
    position, _, _, *rest = rows[0]
    rechained(archive, [*rows[:30], (position, "run-forged", 1, *rest), *rows[30:]])
    assert_bad(archive.verify(), EVENTS)


def test_an_inserted_event_without_new_hashes_is_named(archive: Archive) -> None:
    row = archive.rows()[0]
    archive.edit(
        f"INSERT INTO events VALUES ({','.join('?' * 12)})",
        values=(EVENTS + 1, "run-forged", 1, *row[3:]),
    )
    assert_bad(archive.verify(), EVENTS + 1)


def test_a_log_that_was_cut_and_grew_again_is_found_against_the_older_head(
    archive: Archive,
) -> None:
    archive.edit(f"DELETE FROM events WHERE position > {EVENTS - 1}")
    store = SqliteEventStore(archive.path, writable=True)
    event = NewEvent("run_created", 1, archive.rows()[0][10], 1, "jo", "", 0, "x")
    archive.heads.sign(run(store.append([Append("run-new", 0, [event])])), 2.0)
    store.close()
    verdict = archive.verify()
    assert_bad(verdict, EVENTS)


def test_an_event_out_of_its_stream_is_named_though_its_hash_fits(archive: Archive) -> None:
    rows = archive.rows()
    odd = (0, "run-odd", 2, *rows[0][3:])
    rechained(archive, [*rows[:30], odd])
    verdict = archive.verify()
    assert_bad(verdict, 31)
    assert "not the next of stream 'run-odd'" in verdict.problem


@pytest.mark.parametrize(
    ("kind", "schema", "body"),
    [
        ("step_dreamt", 1, b"{}"),
        ("run_settled", 1, b'{"outcome":"splendid"}'),
        ("cancel_requested", 1, b'{"reason":"\xff"}'),
        ("cancel_requested", 1, b'{"deep":' + b"[" * 100_000),
    ],
    ids=["unknown", "malformed", "not utf-8", "too deep"],
)
def test_an_event_that_no_release_wrote_is_named_though_its_hash_fits(
    archive: Archive, kind: str, schema: int, body: bytes
) -> None:
    rows = archive.rows()
    odd = (0, "run-odd", 1, kind, schema, *rows[0][5:10], body, b"")
    rechained(archive, [*rows[:30], odd])
    assert_bad(archive.verify(), 31)


# What lies beside the events.


@pytest.mark.parametrize("name", TRIGGERS)
def test_a_missing_trigger_is_a_warning_by_name(archive: Archive, name: str) -> None:
    with closing(sqlite3.connect(archive.path)) as other:
        other.execute(f"DROP TRIGGER {name}")
    verdict = archive.verify()
    assert verdict.is_intact
    assert verdict.warnings == (f"The log's trigger {name} is missing.",)


def test_a_missing_artifact_names_the_event_that_speaks_of_it(archive: Archive) -> None:
    archive.artifacts.path(archive.digest).unlink()
    assert archive.verify().is_intact
    verdict = archive.verify(with_artifacts=True)
    assert_bad(verdict, 4)
    assert archive.digest in verdict.problem


def test_a_changed_artifact_names_the_event_that_speaks_of_it(archive: Archive) -> None:
    path = archive.artifacts.path(archive.digest)
    path.chmod(0o644)
    path.write_bytes(b"sword")
    assert_bad(archive.verify(with_artifacts=True), 4)


def test_an_artifact_kept_from_another_run_is_looked_for_too(archive: Archive) -> None:
    store = SqliteEventStore(archive.path, writable=True)
    journal = Journal(store, StandingClock())
    lost = Work(artifacts=(ArtifactRef("b.txt", "0" * 64, 5, "text/plain"),))
    steps = (Step("a", "hand"), Step("b", "hand"))
    journal.handle_run(
        "run-kept", CreateRun("run-kept", "w", steps, 1, kept={"a": ReusedResult("run-0", lost)})
    )
    run(journal.commit())
    store.close()
    assert_bad(archive.verify(with_artifacts=True), EVENTS + 1)


# The file itself.


def overwrite(path: Path, place: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content)


@pytest.mark.parametrize("position", [2, 31, EVENTS])
def test_one_byte_changed_in_the_file_names_its_event(archive: Archive, position: int) -> None:
    content = archive.path.read_bytes()
    place = content.find(archive.rows()[position - 1][COLUMNS.index("hash")])
    overwrite(archive.path, place + 5, bytes([content[place + 5] ^ 0xFF]))
    assert_bad(archive.verify(), position)


def test_a_page_of_noise_is_found_and_the_events_before_it_stand(archive: Archive) -> None:
    content = archive.path.read_bytes()
    page = content.find(archive.rows()[30][COLUMNS.index("hash")]) // 4096 * 4096
    assert page >= 8192
    first = next(
        number
        for number, row in enumerate(archive.rows(), start=1)
        if content.find(row[COLUMNS.index("hash")]) // 4096 * 4096 == page
    )
    overwrite(archive.path, page, b"\xa5" * 4096)
    assert_bad(archive.verify(), first)


def test_a_file_cut_short_is_told(archive: Archive) -> None:
    content = archive.path.read_bytes()
    archive.path.write_bytes(content[: len(content) // 2])
    verdict = archive.verify()
    assert not verdict.is_intact
    assert verdict.problem


# The way out.


def exported(archive: Archive) -> list[dict[str, Any]]:
    store = SqliteEventStore(archive.path, writable=False)

    async def lines() -> list[bytes]:
        return [line async for line in audit.export(store)]

    try:
        return [json.loads(line) for line in run(lines())]
    finally:
        store.close()


def test_an_export_can_be_verified_by_whoever_reads_json(archive: Archive) -> None:
    previous = bytes(32)
    lines = exported(archive)
    assert len(lines) == EVENTS
    for line in lines:
        header = json.dumps(
            [line[name] for name in COLUMNS[:10]], separators=(",", ":"), ensure_ascii=False
        )
        content = previous + header.encode() + b"\n" + line["body"].encode()
        previous = hashlib.sha256(content).digest()
        assert line["hash"] == previous.hex()
    assert archive.heads.all()[-1].hash == previous.hex()


def test_an_export_holds_every_column(archive: Archive) -> None:
    first = exported(archive)[0]
    assert sorted(first) == sorted(COLUMNS)
    assert first["actor"] == "jo"
    assert json.loads(first["body"])["workflow"] == "größe"


def test_the_walk_takes_its_heads_from_anywhere(archive: Archive) -> None:
    elsewhere = FileHeads(archive.path.with_name("other.jsonl"), archive.path.with_name("k.pem"))
    elsewhere.sign(Head(3, b"\x00" * 32), 5.0)
    store = SqliteEventStore(archive.path, writable=False)
    verdict = run(audit.verify(store, elsewhere.all()))
    store.close()
    assert_bad(verdict, 3)
