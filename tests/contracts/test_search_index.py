"""The search index finds what a walk over the whole log finds, and nothing else."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.search_indexes import event_owners, segment
from missioncontrol.adapters.search_indexes import file as file_module
from missioncontrol.adapters.search_indexes.segment import marked, may_hold
from missioncontrol.adapters.search_indexes.sqlite import SqliteSearchIndex
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Corrupt, Unavailable
from missioncontrol.ports.search_index import Field, Query, folded, words
from tests.contracts import search_oracle
from tests.contracts.search_oracle import Walk, recorded

LONG = 60.0


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteSearchIndex]:
    keeper = SqliteSearchIndex(tmp_path / "search.db")
    yield keeper
    keeper.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make segments so small that a short log has many."""
    monkeypatch.setattr(segment, "EVENTS_MAX", 4)


def saying(*texts: str) -> list[Recorded]:
    return [recorded(n, "run-1", {"note": text}) for n, text in enumerate(texts, start=1)]


def positions(index: SqliteSearchIndex, **asked: Any) -> list[int]:
    page = index.search(Query(**asked), before=None, limit=1000, seconds_max=LONG)
    return [hit.position for hit in page.hits]


LETTERS = [
    *"aAbBeEéÉzZ019 %_*\"'\\-/.",
    "ß",
    "ẞ",
    "e\u0301",
    "ﬁ",
    "½",
    "İ",
    "\u0131",
    "\u017f",
    "K",
    "Σ",
    "ς",
]
LETTERS += [
    *"中文数据库شيعربיא",
    "\ufee9",
    "ｶ",
    "ア",
    "\u3099",
    "\u200b",
    "\u00ad",
    "\ufe0f",
    "\x00",
]
LETTERS += [
    "😀",
    "👩\u200d👩\u200d👧",
    "\n",
    "\t",
    "\u3000",
    "\u2028",
    "𐐀",
    "𐐨",
    "\ue000",
    "\uffff",
]
SAID = st.lists(st.sampled_from(LETTERS), max_size=12).map("".join)
RUNS = st.sampled_from(["", "run-1", "run-2", "nothing"])
STREAMS = ["run-1", "run-2", "approval-1", "schedule-s", "workflow-a", "ledger-1"]
DATA = st.fixed_dictionaries(
    {},
    optional={
        "note": SAID,
        "title": st.lists(SAID, max_size=3),
        "inputs": st.dictionaries(SAID, st.one_of(SAID, st.integers(), st.none()), max_size=3),
        "run": RUNS,
        "workflow": st.sampled_from(["", "w", "v", "w@2"]),
        "agent": st.sampled_from(["", "a", "b"]),
        "step": st.sampled_from(["", "one", "two"]),
        "by": st.sampled_from(["one", "alice"]),
        "approval": st.just("approval-1"),
        "schedule": st.just("s"),
        "steps": st.lists(
            st.fixed_dictionaries(
                {"key": st.sampled_from(["one", "two"]), "agent": st.sampled_from(["a", "b"])}
            ),
            max_size=2,
        ),
    },
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(STREAMS),
        DATA,
        st.sampled_from(["noted", "asked"]),
        st.sampled_from(["engine", "alice"]),
        st.sampled_from(["", "run-1", "trace"]),
        st.integers(0, 12),
    ),
    max_size=14,
)
QUERIES = st.builds(
    Query,
    text=SAID,
    kind=st.sampled_from(["", "", "noted", "unheard"]),
    actor=st.sampled_from(["", "", "alice"]),
    workflow=st.sampled_from(["", "", "w", "a"]),
    agent=st.sampled_from(["", "", "a"]),
    run=st.sampled_from(["", "", "run-1"]),
    since=st.one_of(st.none(), st.integers(0, 12)),
    until=st.one_of(st.none(), st.integers(0, 12)),
)


def a_log(events: Sequence[Any]) -> list[Recorded]:
    return [
        recorded(n, stream, data, kind=kind, actor=actor, correlation=trace, time=time)
        for n, (stream, data, kind, actor, trace, time) in enumerate(events, start=1)
    ]


def all_pages(index: SqliteSearchIndex, query: Query, limit: int) -> list[Any]:
    hits: list[Any] = []
    before: int | None = None
    while before != 0:
        page = index.search(query, before=before, limit=limit, seconds_max=LONG)
        assert len(page.hits) <= limit
        hits += page.hits
        before = page.next
    return hits


def all_runs(index: SqliteSearchIndex, query: Query, limit: int) -> dict[str, tuple[int, int]]:
    runs: dict[str, tuple[int, int]] = {}
    before: int | None = None
    while before != 0:
        page = index.runs(query, before=before, limit=limit, seconds_max=LONG)
        assert not runs.keys() & {each.run for each in page.runs}
        runs |= {each.run: (each.events, each.newest) for each in page.runs}
        before = page.next
    return runs


def assert_found(index: SqliteSearchIndex, walk: Walk, query: Query, limit: int) -> None:
    """Check every page of events and of runs against a walk over the log."""
    expected = walk.found(query)
    hits = all_pages(index, query, limit)
    assert [hit.position for hit in hits] == [event.position for event, _ in expected]
    assert [(hit.run, hit.workflow, hit.agent) for hit in hits] == [about for _, about in expected]
    runs = {about[0] for _, about in expected} - {""}
    assert all_runs(index, query, limit) == {
        run: (
            sum(about[0] == run for _, about in expected),
            max(event.position for event, about in expected if about[0] == run),
        )
        for run in runs
    }


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=EVENTS,
    queries=st.lists(QUERIES, min_size=1, max_size=6),
    size=st.integers(1, 5),
    batch=st.integers(1, 6),
    limit=st.integers(1, 5),
)
def test_what_is_found_is_what_a_walk_over_the_log_finds(
    events: list[Any], queries: list[Query], size: int, batch: int, limit: int
) -> None:
    log = a_log(events)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(segment, "EVENTS_MAX", size)
        index = SqliteSearchIndex(None)
        for first in range(0, len(log), batch):
            index.follow(log[: first + batch])
        for query in queries:
            assert_found(index, Walk(log), query, limit)
        index.close()


@pytest.mark.parametrize("few", [0, 1, 500])
@pytest.mark.parametrize("seed", range(6))
def test_a_hundred_questions_to_a_longer_log(
    seed: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(segment, "EVENTS_MAX", chance.choice([2, 7, 20]))
    monkeypatch.setattr(segment, "FEW", few)
    monkeypatch.setattr(event_owners, "REMEMBERED_MAX", chance.choice([0, 2, 200_000]))
    log = a_log([an_event(chance) for _ in range(45)])
    index, walk = SqliteSearchIndex(None), Walk(log)
    while index.reached().position < len(log):
        done = index.reached().position
        index.follow(log[max(done - 2, 0) : done + chance.randint(1, 9)])
    texts = [text for event in log for text in search_oracle.texts(event.data) if text]
    for _ in range(100):
        assert_found(index, walk, a_query(chance, texts), chance.randint(1, 30))
    index.close()


def an_event(chance: random.Random) -> tuple[Any, ...]:
    data: dict[str, Any] = {
        "note": "".join(chance.choices(LETTERS, k=chance.randrange(20))),
        "inputs": {chance.choice(LETTERS): chance.choice(LETTERS)},
        "run": chance.choice(["", "run-1", "run-2"]),
        "workflow": chance.choice(["", "", "w", "v@2"]),
        "agent": chance.choice(["", "a", "b"]),
        "step": chance.choice(["", "one", "two"]),
        "approval": "approval-1",
        "schedule": "s",
        "steps": [{"key": "one", "agent": chance.choice("ab")}],
    }
    some = chance.sample(list(data), k=chance.randrange(len(data)))
    return (
        chance.choice(STREAMS),
        {name: data[name] for name in some},
        chance.choice(["noted", "asked"]),
        chance.choice(["engine", "alice"]),
        chance.choice(["", "run-1", "trace"]),
        chance.randrange(12),
    )


def a_query(chance: random.Random, texts: list[str]) -> Query:
    """Return a question to which there mostly is an answer."""
    text = chance.choice(texts)
    start = chance.randrange(len(text))
    return Query(
        text=chance.choice(["", text[start : start + chance.randint(1, 4)]]),
        kind=chance.choice(["", "", "", "noted", "unheard"]),
        actor=chance.choice(["", "", "", "alice"]),
        workflow=chance.choice(["", "", "", "w", "v"]),
        agent=chance.choice(["", "", "", "a"]),
        run=chance.choice(["", "", "", "run-1"]),
        since=chance.choice([None, None, chance.randrange(12)]),
        until=chance.choice([None, None, chance.randrange(12)]),
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("The Index was rebuilt", "INDEX"),
        ("Die Straße ist gesperrt", "STRASSE"),
        ("Die Prüfsumme stimmt", "pru\u0308fsumme"),
        ("Die Pru\u0308fsumme stimmt", "prüf"),
        ("Ошибка подключения", "ОШИБКА"),
        ("ΟΔΟΣ", "οδος"),
        ("数据库连接失败", "连接"),
        ("数据库连接失败", "库"),
        ("فشل الاتصال بقاعدة البيانات", "الاتصال"),
        ("\ufee3\ufea4\ufee4\ufeaa", "محمد"),  # letters as they are drawn, and as they are typed
        ("ﾃﾞｰﾀﾍﾞｰｽ", "データ"),
        ("\uff26\uff35\uff2c\uff2c width", "full"),
        ("ﬁne", "fine"),
        ("pass\u200bword", "password"),  # an invisible character hides nothing
        ("soft\u00adware", "software"),
        ("done 👩\u200d👩\u200d👧 ❤\ufe0f", "👩‍👩‍👧 ❤"),
        ('100% of a_b "quoted" *all* back\\slash', '100% a_b "quoted" *all* back\\slash'),
        ("red green blue", "blue red"),
        ("path/to/report.json:12", "report.json"),
    ],
)
def test_texts_are_found_as_people_write_them(text: str, asked: str) -> None:
    index = SqliteSearchIndex(None)
    index.follow(saying("something else", text))
    assert positions(index, text=asked) == [2]
    index.close()


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("résumé", "resume"),
        ("anything", "%"),
        ("anything", "any_hing"),
        ("anything", "any*"),
        ("anything", '"anything"'),
        ("anything", "^any"),
        ("red green", "red blue"),
        ("kein", "Keim"),
        ("a b", "ab"),
    ],
)
def test_nothing_else_is_found(text: str, asked: str) -> None:
    index = SqliteSearchIndex(None)
    index.follow(saying(text))
    assert positions(index, text=asked) == []
    index.close()


@pytest.mark.parametrize("asked", ["", " ", "\n", "\u200b"])
def test_a_text_without_words_asks_for_nothing(asked: str) -> None:
    index = SqliteSearchIndex(None)
    index.follow(saying("one", "two"))
    assert positions(index, text=asked) == [2, 1]
    index.close()


def test_folding_twice_changes_nothing_more() -> None:
    for code in (*range(0x3000), *range(0xA000, 0xD800), *range(0xF900, 0x1F800)):
        once = folded(chr(code))
        assert folded(once) == once, hex(code)


def test_words_are_found_in_what_was_escaped_and_in_what_is_no_json() -> None:
    index = SqliteSearchIndex(None)
    bodies = [rb'{"note":"\u4e2d\u6587 \ud83d\ude00 \"x\" \/y"}', b"{broken \xff", b'"\\ud800"']
    bodies.append(b"[" * 5000 + b'"deep"' + b"]" * 5000)
    index.follow([recorded(n, "run-1", {}, body=b) for n, b in enumerate(bodies, start=1)])
    assert positions(index, text='中文 😀 "x" /y') == [1]
    assert positions(index, text="broken") == [2]
    assert positions(index, text="deep") == [4]
    index.close()


def test_keys_that_people_chose_are_texts_and_names_of_our_fields_are_not() -> None:
    index = SqliteSearchIndex(None)
    data = {"step": "survey", "work": {"output": {"customer-4711": True}, "summary": "All read."}}
    index.follow([recorded(1, "run-1", data)])
    assert positions(index, text="customer-4711 survey read") == [1]
    assert positions(index, text="summary") == []
    index.close()


def belongings(log: Sequence[Recorded]) -> list[tuple[str, str, str]]:
    index = SqliteSearchIndex(None)
    index.follow(log)
    page = index.search(Query(), before=None, limit=100, seconds_max=LONG)
    index.close()
    return [(hit.run, hit.workflow, hit.agent) for hit in reversed(page.hits)]


def in_order(*events: tuple[str, dict[str, Any]], correlation: str = "") -> list[Recorded]:
    return [
        recorded(n, stream, data, correlation=correlation)
        for n, (stream, data) in enumerate(events, start=1)
    ]


def test_events_of_a_run_belong_to_its_workflow_and_those_of_a_step_to_its_agent() -> None:
    steps = [{"key": "a", "agent": "surveyor"}, {"key": "b", "agent": "tester"}]
    assert belongings(
        in_order(
            ("run-7", {"run": "run-7", "workflow": "release-check", "steps": steps}),
            ("run-7", {}),
            ("run-7", {"step": "a"}),
            ("run-7", {"step": "c", "agent": "writer"}),
            ("run-7", {"step": "c"}),
            ("run-7", {"by": "b", "steps": ["c"]}),
            ("run-7", {"step": "b", "steps": [{"key": "b[0]", "agent": "auditor"}]}),
            ("run-7", {"step": "b[0]"}),
        )
    ) == [
        ("run-7", "release-check", agent)
        for agent in ("", "", "surveyor", "writer", "writer", "tester", "tester", "auditor")
    ]


def test_an_approval_belongs_to_the_run_and_agent_that_it_was_asked_for() -> None:
    run = ("run-7", {"run": "run-7", "workflow": "w", "steps": [{"key": "a", "agent": "command"}]})
    asked = ("approval-1", {"approval": "approval-1", "run": "run-7", "step": "a"})
    given_by = ("approval-1", {"by": "alice", "reason": "It is fine."})
    assert belongings(in_order(run, asked, given_by))[1:] == [("run-7", "w", "command")] * 2


def test_a_schedule_belongs_to_its_workflow_and_a_slot_to_its_run() -> None:
    added = ("schedule-nightly", {"schedule": "nightly", "workflow": "audit"})
    fired = ("schedule-nightly", {"slot": 1.0, "run": "run-9"})
    paused = ("schedule-nightly", {"reason": "holiday"})
    other = ("schedule-nightly", {"schedule": "nightly", "workflow": "docs"})
    assert belongings(in_order(added, fired, paused, other, paused)) == [
        ("", "audit", ""),
        ("run-9", "audit", ""),
        ("", "audit", ""),
        ("", "docs", ""),
        ("", "docs", ""),
    ]


def test_budgets_and_limits_belong_to_what_they_are_about() -> None:
    scopes = [["workspace", ""], ["workflow", "w"], ["agent", "planner"], ["step", "run-7/a"]]
    events: list[tuple[str, dict[str, Any]]] = [
        ("ledger-1", {"number": 1}),
        ("ledger-1", {"reservation": "r", "scopes": [*scopes, ["run", "run-7"]]}),
        ("ledger-1", {"scope": ["agent", "writer"], "period": "day"}),
        ("operation", {"kind": "agent", "name": "tester", "starts": 5}),
        ("ledger-1", {"run": "run-8", "workflow": "v"}),
        ("ledger-1", {"number": 2}),
    ]
    assert belongings(in_order(*events)) == [
        ("", "", ""),
        ("run-7", "w", "planner"),
        ("", "", "writer"),
        ("", "", "tester"),
        ("run-8", "v", ""),
        ("", "", ""),
    ]


def test_a_correlation_that_is_a_run_names_it() -> None:
    about = belongings(in_order(("ledger-1", {"reservation": "r"}), correlation="run-3"))
    assert about == [("run-3", "", "")]


@pytest.mark.usefixtures("small")
def test_a_search_that_runs_out_of_time_says_where_to_go_on(index: SqliteSearchIndex) -> None:
    index.follow(saying(*(f"event {n}" for n in range(1, 31))))
    seen: list[int] = []
    before: int | None = None
    cuts = 0
    while before != 0:
        page = index.search(Query(text="event"), before=before, limit=100, seconds_max=0.0)
        seen += [hit.position for hit in page.hits]
        before = page.next
        cuts += page.is_cut
    assert seen == list(range(30, 0, -1))
    assert cuts >= 5


@pytest.mark.usefixtures("small")
def test_counting_runs_that_runs_out_of_time_says_how_far_it_came(index: SqliteSearchIndex) -> None:
    index.follow([recorded(n, f"run-{n % 3}", {}) for n in range(1, 31)])
    page = index.runs(Query(), before=None, limit=10, seconds_max=0.0)
    assert page.counted_from > 1
    assert sum(each.events for each in page.runs) == 31 - page.counted_from
    assert index.runs(Query(), before=None, limit=10, seconds_max=LONG).counted_from == 1


@pytest.mark.usefixtures("small")
def test_a_log_with_a_hole_is_searched_on_both_sides_of_it(index: SqliteSearchIndex) -> None:
    log = saying(*(f"event {n}" for n in range(1, 31)))
    index.follow([event for event in log if event.position not in (6, 7, 20)])
    assert positions(index, text="event") == [n for n in range(30, 0, -1) if n not in (6, 7, 20)]
    assert positions(index, text="event 21") == [21]


def test_many_names_and_times_far_apart_fit_into_one_segment(
    index: SqliteSearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "EVENTS_MAX", 600)
    times = [n * 10**16 for n in range(1, 601)]
    log = [recorded(n, f"run-{n}", {"note": f"w{n}"}, time=times[n - 1]) for n in range(1, 601)]
    index.follow(log)
    assert positions(index, run="run-599") == [599]
    assert positions(index, since=times[4], until=times[6]) == [6, 5]
    page = index.runs(Query(since=times[300]), before=600, limit=2, seconds_max=LONG)
    assert [(each.run, each.events, each.newest) for each in page.runs] == [
        ("run-599", 1, 599),
        ("run-598", 1, 598),
    ]


def test_times_and_positions_beyond_any_log_are_no_error(index: SqliteSearchIndex) -> None:
    index.follow(saying("one"))
    assert positions(index, since=-(2**90), until=2**90) == [1]
    page = index.search(Query(), before=2**90, limit=1, seconds_max=LONG)
    assert [hit.position for hit in page.hits] == [1]


def test_a_long_text_closes_its_segment(index: SqliteSearchIndex) -> None:
    index.follow(saying("x" * segment.LETTERS_MAX, "short", "y" * segment.LETTERS_MAX))
    assert positions(index, text="short") == [2]
    assert positions(index, text="y" * 100) == [3]


@given(st.lists(st.binary(max_size=8), max_size=20), st.data())
def test_a_word_that_is_there_is_never_taken_to_be_absent(each: list[bytes], data: Any) -> None:
    threes = marked(b"\n".join(each))
    for word in each:
        start = data.draw(st.integers(0, len(word)))
        assert may_hold(threes, word[start : start + 5])


def test_a_word_that_is_not_there_is_mostly_seen_not_to_be() -> None:
    threes = marked(b"\n".join(b"alpha%d beta%d" % (n, n) for n in range(1000)))
    assert not may_hold(threes, b"gamma")
    assert may_hold(threes, b"qq"), "short words have no threes"
    assert may_hold(marked(b"x" * 5_000_000), b"gamma"), "more than is worth looking at"


def test_names_are_told_newest_first(index: SqliteSearchIndex) -> None:
    fields: dict[Field, list[str]] = {"kind": ["b", "a"], "actor": ["engine"]}
    index.follow([recorded(n, "run-1", {}, kind=kind) for n, kind in ((1, "a"), (2, "b"))])
    assert {field: index.names(field) for field in fields} == fields
    assert index.names("kind", limit=1) == ["b"]


# How the file is stored.


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    index = SqliteSearchIndex(tmp_path / "search.db")
    with index.turn() as mine:
        assert mine
        index.follow(saying("one"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert set(modes) >= {"search.db", "search.lock"}
    assert set(modes.values()) == {0o600}
    index.close()


def test_what_was_followed_is_there_after_reopening(tmp_path: Path) -> None:
    log = saying("one", "two")
    first = SqliteSearchIndex(tmp_path / "search.db")
    first.follow(log)
    first.close()
    again = SqliteSearchIndex(tmp_path / "search.db")
    assert (again.reached().position, again.reached().hash) == (2, log[1].hash)
    assert positions(again, text="one") == [1]
    again.close()


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    match how:
        case "garbage":
            path.write_bytes(b"\xa5" * len(content))
        case "header":
            path.write_bytes(b"SQLite format 4\0" + content[16:])
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "other shape":
            with sqlite3.connect(path) as other:
                other.execute("PRAGMA user_version = 7")
            other.close()


@pytest.mark.parametrize("how", ["garbage", "header", "cut", "empty", "other shape"])
def test_a_file_that_is_of_no_use_is_made_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "search.db"
    log = saying(*(f"event {n}" for n in range(5000)))
    index = SqliteSearchIndex(path)
    index.follow(log)
    index.close()
    damage(path, how)
    index = SqliteSearchIndex(path)
    assert index.reached().position == 0
    index.follow(log)
    assert positions(index, text="event 4999") == [5000]
    assert path.stat().st_mode & 0o777 == 0o600
    index.close()


def test_a_changed_byte_in_what_was_packed_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    index = SqliteSearchIndex(path)
    index.follow(saying(*(f"event {n}" for n in range(5000))))
    index.close()
    content = bytearray(path.read_bytes())
    place = content.index(b"\n1234\n")
    content[place + 1 : place + 5] = b"9999"
    path.write_bytes(content)
    index = SqliteSearchIndex(path)
    with pytest.raises(Corrupt) as caught:
        positions(index, text="1234")
    assert caught.value.code == "search.damaged"
    index.close()


def test_a_batch_that_fails_leaves_nothing_behind(index: SqliteSearchIndex) -> None:
    index.follow(saying("one"))
    bad = recorded(3, "run-2", {"note": "three", "workflow": "w", "run": "run-2"}, time=2**70)
    two = recorded(2, "run-1", {"note": "two", "agent": "a", "step": "s"}, actor="bob")
    with pytest.raises(OverflowError):
        index.follow([two, bad])
    assert index.reached().position == 1
    assert index.names("actor") == ["engine"]
    with pytest.raises(Corrupt):  # It breaks off as late as it can.
        index.follow([msgspec.structs.replace(two, hash="no hash")])
    index.follow([two, recorded(3, "run-1", {"note": "three", "step": "s"})])
    assert positions(index, agent="a", actor="bob") == [2]
    assert positions(index, agent="a") == [3, 2]


KILLED = """
import os, signal, sys
from pathlib import Path
from missioncontrol.adapters.search_indexes import sqlite
from tests.contracts.search_oracle import recorded

log = [recorded(n, "run-1", {"note": f"event {n}"}) for n in range(1, 5001)]
index = sqlite.SqliteSearchIndex(Path(sys.argv[1]))
with index.turn():
    index.follow(log[:1000])
    index.follow(log[1000:2000])
    kept = index._keep
    def killed(rows):
        kept(rows)
        os.kill(os.getpid(), signal.SIGKILL)
    index._keep = killed
    index.follow(log[2000:])
"""


def test_a_crash_in_the_middle_of_a_batch_is_gone_on_from(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "search.db")],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -9, done.stderr.decode()
    index = SqliteSearchIndex(tmp_path / "search.db")
    assert index.reached().position == 2000
    with index.turn() as mine:
        assert mine, "the lock went with the process"
        index.follow(saying(*(f"event {n}" for n in range(1, 5001)))[2000:])
    assert len(positions(index, text="event")) == 1000
    assert positions(index, text="event 4321") == [4321]
    index.close()


# Several processes, each with the file open.


def test_one_follows_at_a_time_and_all_can_search(tmp_path: Path) -> None:
    first, second = (SqliteSearchIndex(tmp_path / "search.db") for _ in range(2))
    with first.turn() as mine, second.turn() as theirs:
        assert (mine, theirs) == (True, False)
        first.follow(saying("one"))
        assert positions(second, text="one") == [1]
    with second.turn() as theirs:
        assert theirs
    first.close()
    second.close()


@pytest.mark.usefixtures("small")
def test_two_that_follow_by_turns_agree(tmp_path: Path) -> None:
    log = [
        recorded(n, "run-1", {"step": f"s{n % 5}", "agent": f"a{n % 3}"}, actor=f"actor-{n}")
        for n in range(1, 31)
    ]
    both = [SqliteSearchIndex(tmp_path / "search.db") for _ in range(2)]
    for first in range(0, 30, 3):
        index = both[first % 2]
        with index.turn():
            index.follow(log[: first + 3])
    for index in both:
        assert positions(index) == list(range(30, 0, -1))
        assert positions(index, actor="actor-17", agent="a2") == [17]
        assert sorted(index.names("actor")) == sorted(f"actor-{n}" for n in range(1, 31))
        index.close()


def test_a_file_that_was_made_anew_is_taken_up_by_those_who_had_the_old_one(tmp_path: Path) -> None:
    """Who had the old file neither writes to the new one unawares nor takes its log away."""
    path = tmp_path / "search.db"
    old, other = SqliteSearchIndex(path), SqliteSearchIndex(path)
    with old.turn():
        old.follow(saying("before"))
    with other.turn():
        other.clear()
        other.follow(saying("after"))
    left_behind = SqliteSearchIndex(path)
    assert positions(old, text="before") == [1], "as if nothing had happened, until it looks"
    assert old.reached().position == 1
    assert (positions(old, text="before"), positions(old, text="after")) == ([], [1])
    with old.turn():
        old.follow([*saying("after"), recorded(2, "run-1", {"note": "more"})])
    old.close()
    assert positions(other, text="more") == positions(left_behind, text="more") == [2]
    other.close()
    left_behind.close()
    last = SqliteSearchIndex(path)
    assert positions(last) == [2, 1]
    last.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        SqliteSearchIndex(tmp_path / "nowhere" / "search.db")
    assert caught.value.code == "search.unwritable"
    assert "nowhere" in caught.value.reason


def test_waiting_for_who_makes_the_file_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "search.db"
    other = SqliteSearchIndex(path)
    monkeypatch.setattr(file_module, "OPENING_SECONDS_MAX", 0.1)
    with other.turn():
        path.unlink()
        with pytest.raises(Unavailable) as caught:
            SqliteSearchIndex(path)
    assert "another process is making it" in caught.value.reason
    other.close()


def test_words_are_what_stands_between_spaces_each_once() -> None:
    assert words(" One\ttwo\u3000ONE \u2028 three ") == ["one", "two", "three"]
