"""Files of events are read with a mapping, and what was written is read as it was."""

import csv
import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import pytest

from missioncontrol.adapters.event_files.files import LocalEventFiles
from missioncontrol.adapters.event_files.mapping import moment
from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.application.analytics.event_transfer import (
    ImportReport,
    Progress,
    exported_pages,
    import_events,
)
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.ports.event_files import FileKind, Mapping
from missioncontrol.ports.warehouse import Captured, Policy, Statement
from tests.contracts.captures import NOON, captured

FILES = LocalEventFiles()
GUESSED = Mapping()
KINDS: list[FileKind] = ["jsonl", "csv", "parquet"]
ROWS: list[dict[str, Any]] = [
    {"event": "signup", "time": "2026-09-21T14:13:20Z", "user_id": "ann", "plan": "pro", "n": 1},
    {"event": "opened", "time": "2026-09-21T16:13:20+02:00", "user_id": "bob", "plan": "free"},
]


@pytest.fixture
def warehouse() -> Iterator[DuckDbWarehouse]:
    with closing(DuckDbWarehouse(None)) as found:
        yield found


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as a file of the kind that its name says."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, names)
            table.writeheader()
            table.writerows(rows)
    elif path.suffix == ".parquet":
        source = written(path.with_suffix(".jsonl"), rows)
        duckdb.execute(f"COPY (FROM read_json_auto('{source}')) TO '{path}'").fetchall()
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def read(path: Path, mapping: Mapping = GUESSED) -> tuple[list[Captured], dict[int, str]]:
    found = list(FILES.read(path, mapping, source="file", received=NOON))
    events = [event for page in found for event in page.events]
    return events, {fault.row: fault.reason for page in found for fault in page.faults}


def carried(warehouse: DuckDbWarehouse, path: Path, **more: Any) -> ImportReport:
    mapping = more.pop("mapping", GUESSED)
    return import_events(
        FILES, warehouse, "shop", path, mapping, source="file", received=NOON, **more
    )


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_known_by_their_names(tmp_path: Path, kind: FileKind) -> None:
    events, faults = read(written(tmp_path / f"events.{kind}", ROWS))
    assert faults == {}
    assert [each.name for each in events] == ["signup", "opened"]
    assert [each.happened for each in events] == [NOON, NOON]
    assert [each.user for each in events] == ["ann", "bob"]
    assert json.loads(events[0].properties)["plan"] == "pro"
    assert len({each.id for each in events}) == 2


def test_a_mapping_says_which_column_is_what(tmp_path: Path) -> None:
    rows = [
        {"what": "buy", "who": {"id": 7, "plan": "pro"}, "when": 1790000000.5, "x": 1, "e": "9"}
    ]
    mapping = Mapping(
        fields={"name": "what", "user": "who.id", "happened": "when", "id": "e", "session": "=all"},
        person={"plan": "who.plan"},
    )
    [event], _ = read(written(tmp_path / "rows.jsonl", rows), mapping)
    assert event == Captured(
        "9",
        "buy",
        NOON + 500_000,
        NOON,
        "file",
        user="7",
        session="all",
        properties=b'{"x":1}',
        person=b'{"plan":"pro"}',
    )


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "nothing"}, "import.unknown_column"),
        ({"colour": "plan"}, "import.unknown_field"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    tmp_path: Path, fields: dict[str, str], code: str
) -> None:
    path = written(tmp_path / "events.csv", ROWS)
    with pytest.raises(Rejected) as refused:
        read(path, Mapping(fields=fields))
    assert refused.value.code == code


def test_what_is_not_mapped_and_not_guessed_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "events.csv", [{"a": 1, "b": 2}])
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.code == "import.unmapped"
    assert "name and happened and user" in refused.value.reason


FAULTY: list[tuple[str, str]] = [
    ('{"event":"a","time":1790000000,"user":"x"}', ""),
    ('{"event":"a","time":"soon","user":"x"}', "'soon' is not a timestamp"),
    ('{"event":"a","time":-5,"user":"x"}', "-5 is not a timestamp since 1990"),
    ('{"event":"a","user":"x"}', "it has no happened"),
    ('{"event":"","time":1790000000,"user":"x"}', "it has no name"),
    ('{"event":"a","time":1790000000}', "it names no user"),
    ('{"event":{"a":1},"time":1790000000,"user":"x"}', "its name is not text"),
    ('{"event":"a","time":1790000000,"user":"x","properties":[1]}', "are not an object"),
    ('{"event":"a","time":1790000000,"user":"' + "x" * 600 + '"}', "600 characters"),
    ("[1, 2]", "not a JSON object"),
    ('{"event":', "not a JSON object"),
    ('{"event":"b","time":1790000000,"user":"x"}', ""),
]


def test_a_bad_row_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(line for line, _ in FAULTY) + "\n", "utf-8")
    events, faults = read(path)
    assert [each.name for each in events] == ["a", "b"]
    wrong = {number: reason for number, (_, reason) in enumerate(FAULTY, 1) if reason}
    assert set(faults) == set(wrong)
    assert all(wrong[row] in faults[row] for row in wrong)


def test_a_bad_row_of_csv_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(
        b"\xef\xbb\xbfevent;time;user\na;2026-09-21;x\nb;2026-09-21\nc;2026-09-21;\xff\xfe\n"
        b'"d\nd";2026-09-21 10:00;y\n'
    )
    events, faults = read(path, Mapping(zone="Europe/Zurich"))
    assert [each.name for each in events] == ["a", "d\nd"]
    assert faults == {2: "2 cells where the header has 3", 3: "it is not UTF-8"}
    assert events[0].happened == moment("2026-09-20T22:00Z", ZoneInfo("UTC"))
    assert events[1].happened == moment("2026-09-21T08:00Z", ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.parquet", b"PAR1 nothing"),
        ("events.csv", b""),
        ("events.jsonl.gz", b"not packed"),
    ],
)
def test_a_file_that_is_damaged_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.code == "import.unreadable"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("broken.jsonl", '{"event": \n{"event":\n', "row 1: not a JSON object"),
        ("broken.csv", "event,time,user\na,b\n", "row 1: 2 cells where the header has 3"),
        ("nothing.jsonl", "\n", "it has no rows"),
    ],
)
def test_a_file_without_a_row_that_can_be_read_says_why(
    tmp_path: Path, name: str, content: str, why: str
) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(Rejected) as refused:
        read(path)
    assert refused.value.code == "import.unreadable"
    assert why in refused.value.reason


def test_a_source_that_somebody_said_of_an_event_stays(tmp_path: Path) -> None:
    [event, _], _ = read(written(tmp_path / "ads.jsonl", [{**ROWS[0], "source": "ad"}, ROWS[1]]))
    assert json.loads(event.properties)["source"] == "ad"


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    for name, code in (("no.csv", "import.unreadable"), ("no.xlsx", "import.unknown_kind")):
        with pytest.raises(Rejected) as refused:
            read(tmp_path / name)
        assert refused.value.code == code
        assert "Errno" not in refused.value.reason


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in ROWS).encode()))
    assert [each.user for each in read(path)[0]] == ["ann", "bob"]


def test_a_name_with_letters_of_patterns_is_that_file(tmp_path: Path) -> None:
    path = written(tmp_path / "plain.parquet", ROWS).rename(tmp_path / "a*[b]'?{c}.parquet")
    written(tmp_path / "other.parquet", ROWS * 2).rename(tmp_path / "axb'y{c}.parquet")
    assert len(read(path)[0]) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_carried_in_twice_is_stored_once(
    tmp_path: Path, warehouse: DuckDbWarehouse, kind: FileKind
) -> None:
    path = written(tmp_path / f"events.{kind}", ROWS * 2)
    dry = carried(warehouse, path, is_dry=True)
    assert (dry.rows, dry.events, dry.stored, dry.names) == (4, 4, 0, {"signup": 2, "opened": 2})
    assert (dry.new, dry.duplicates) == (4, 0)
    assert warehouse.position() == 0
    assert carried(warehouse, path).stored == 4
    again = carried(warehouse, path)
    assert (again.stored, again.duplicates) == (0, 4)


def test_a_dry_run_counts_as_the_import_then_does(
    tmp_path: Path, warehouse: DuckDbWarehouse
) -> None:
    warehouse.store("shop", [captured("known", user="eve"), captured("x", user="fay")])
    warehouse.forget("shop", "fay")
    warehouse.settle("shop", Policy(days=30))
    rows = [
        {**ROWS[0], "event_id": id_, "user_id": who, "time": time}
        for id_, who, time in (
            ("known", "eve", "2026-09-21"),
            ("a", "ann", "2026-09-21"),
            ("a", "bob", "2026-09-21"),
            ("b", "fay", "2026-09-21"),
            ("b", "ann", "2026-09-21"),
            ("c", "ann", "2026-01-01"),
            ("d", "ann", "2026-12-01"),
            ("", "ann", "soon"),
        )
    ]
    path = written(tmp_path / "events.jsonl", rows)
    dry, done = carried(warehouse, path, is_dry=True), carried(warehouse, path)
    assert dry == msgspec.structs.replace(done, stored=0)
    assert (done.stored, done.duplicates, done.refused, done.ahead, done.faulty) == (3, 2, 2, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_id_is_the_events_own_only_where_each_row_has_another(
    tmp_path: Path, kind: FileKind
) -> None:
    rows = [{**ROWS[n % 2], "id": f"row {n}"} for n in range(4)]
    events, _ = read(written(tmp_path / f"own.{kind}", rows))
    assert [each.id for each in events] == [each["id"] for each in rows]
    rows = [{**ROWS[n % 2], "id": f"customer {n % 2}"} for n in range(4)]
    path = written(tmp_path / f"others.{kind}", rows)
    events, _ = read(path)
    assert len({each.id for each in events}) == 4
    assert json.loads(events[0].properties)["id"] == "customer 0"
    events, _ = read(path, Mapping(fields={"id": "id"}))
    assert len({each.id for each in events}) == 2
    events, _ = read(tmp_path / f"own.{kind}", Mapping(fields={"id": "="}))
    assert {each.id[:4] for each in events} == {"row-"}


@pytest.mark.parametrize(
    "more",
    [
        {"user_agent": "bot/1"},
        {"context": {"userAgent": "bot/1", "page": "/"}},
        {"properties": {"$raw_user_agent": "bot/1"}},
        {"agent_of_it": "bot/1"},
    ],
)
def test_bots_of_a_file_are_known_by_their_user_agent(tmp_path: Path, more: dict[str, Any]) -> None:
    path = written(tmp_path / "events.jsonl", [{**ROWS[0], **more}, ROWS[1]])
    mapping = Mapping(fields={"agent": "agent_of_it"} if "agent_of_it" in more else {})
    files = LocalEventFiles(lambda agent: agent == "bot/1")
    [page] = files.read(path, mapping, source="file", received=NOON)
    assert [each.is_bot for each in page.events] == [True, False]
    stored = json.loads(page.events[0].properties)
    assert ("context" in stored) == ("context" in more)


def test_times_without_an_offset_are_of_the_zone_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "events.csv", [{**ROWS[0], "time": "2026-09-21 16:13:20"}])
    [event], _ = read(path, Mapping(zone="Europe/Zurich"))
    assert event.happened == NOON


def test_progress_goes_from_nothing_to_all(tmp_path: Path, warehouse: DuckDbWarehouse) -> None:
    rows = [{**ROWS[0], "user_id": f"u{number}"} for number in range(12_000)]
    path = written(tmp_path / "events.csv", [*rows, {"event": "x", "time": "no", "user_id": "u"}])
    reports: list[Progress] = []
    found = carried(warehouse, path, on_progress=reports.append)
    assert (found.rows, found.stored, found.faulty) == (12_001, 12_000, 1)
    assert [each.rows for each in reports] == [5_000, 10_000, 12_001]
    assert 0 < reports[0].share < reports[1].share <= reports[2].share == 1.0


EVENTS = [
    captured(1, "=cmd|'x'!A1", anonymous="d1", session="s", once={"from": "ad"}, is_bot=True),
    captured(2, "signup", anonymous="d1", user="ann", person={"plan": "pro", "n": 1.5}),
    captured(3, 'quoted "é"\n', user="ann", alias="old", properties={"t": "é\n,;", "n": [1, None]}),
    captured(4, "joined", user="ann", group="company:acme", person={"size": 3}, minutes=0.001),
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_read_as_it_was(
    tmp_path: Path, warehouse: DuckDbWarehouse, kind: FileKind
) -> None:
    warehouse.store("shop", EVENTS)
    path = tmp_path / f"out.{kind}"
    assert FILES.write(path, kind, exported_pages(warehouse, "shop")) == 4
    assert path.stat().st_mode & 0o077 == 0
    events, faults = read(path)
    assert faults == {}
    for before, after in zip(EVENTS, events, strict=True):
        assert plain(after) == plain(before)


def plain(event: Captured) -> dict[str, Any]:
    objects = {
        name: json.loads(getattr(event, name) or b"{}") for name in ("properties", "person", "once")
    }
    return {
        **{name: getattr(event, name) for name in event.__struct_fields__ if name != "source"},
        **objects,
        "name": event.name.strip(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_written_piece_by_piece(
    tmp_path: Path, warehouse: DuckDbWarehouse, kind: FileKind
) -> None:
    warehouse.store("shop", EVENTS)
    path = tmp_path / f"sent.{kind}"
    path.write_bytes(b"".join(FILES.written(kind, exported_pages(warehouse, "shop"))))
    assert len(read(path)[0]) == 4


def test_where_nothing_can_be_written_it_is_said(
    tmp_path: Path, warehouse: DuckDbWarehouse
) -> None:
    with pytest.raises(Unavailable) as refused:
        FILES.write(tmp_path / "no" / "out.csv", "csv", exported_pages(warehouse, "shop"))
    assert refused.value.code == "export.unwritable"


def test_pages_are_all_events_in_their_order(warehouse: DuckDbWarehouse) -> None:
    warehouse.store("shop", [captured(n, user="ann") for n in range(10_001)])
    ids = [each.event.id for page in exported_pages(warehouse, "shop") for each in page]
    assert ids == [str(n) for n in range(10_001)]
    assert warehouse.rows(Statement("SELECT count(*) FROM counted")) == [(10_001,)]


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        (1_790_000_000, NOON),
        ("1790000000", NOON),
        (1_790_000_000_000, NOON),
        (1_790_000_000_000_000, NOON),
        (1_790_000_000_000_000_000, NOON),
        (1_790_000_000.25, NOON + 250_000),
        ("2026-09-21T14:13:20.000001+00:00", NOON + 1),
        ("2026-09-21T14:13:20Z", NOON),
        ("2026-09-21 14:13:20", NOON),
        ("20260921", NOON - 51_200_000_000),
        (20_260_921, NOON - 51_200_000_000),
    ],
)
def test_moments_are_read_as_they_are_written(value: object, micros: int) -> None:
    assert moment(value, ZoneInfo("UTC")) == micros
