"""What every index of what is remembered keeps to, in a file and in memory."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.domain.errors import Corrupt
from missioncontrol.domain.memory import Amendment, Item, MemoryCorrected, Source, item_id
from missioncontrol.knowledge.recall import Match
from missioncontrol.knowledge.recall import searched as ranked
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.memory_index import Wanted

HEAD = Head(7, b"h" * 32)
NOW = 1_000.0
ANY = Wanted()


def item(title: str, text: str = "text", *, kind: str = "lesson", **more: object) -> Item:
    at = more.pop("confirmed", 10.0)
    return Item(
        item_id(kind, "/code", title),
        kind,  # type: ignore[arg-type]
        title,
        text,
        "/code",
        created=at,  # type: ignore[arg-type]
        confirmed=at,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(params=["file", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteMemoryIndex]:
    path = tmp_path / "memory.db" if request.param == "file" else None
    with closing(SqliteMemoryIndex(path)) as found:
        yield found


def titles(found: list[Item]) -> list[str]:
    return [each.title for each in found]


def matches(
    index: SqliteMemoryIndex, text: str, wanted: Wanted = ANY, limit: int = 10
) -> list[Match]:
    return ranked(index, text, wanted=wanted, now=NOW, limit=limit)


def searched(index: SqliteMemoryIndex, *words: str, wanted: Wanted = ANY) -> list[str]:
    return [each.item.title for each in matches(index, " ".join(words), wanted)]


def test_a_new_index_knows_nothing(index: SqliteMemoryIndex) -> None:
    assert index.reached() == Head(0, bytes(32))
    assert index.item_counts(now=NOW) == []
    assert index.item("memory-x") is None


def test_words_of_the_title_count_more_than_those_of_the_text(index: SqliteMemoryIndex) -> None:
    filler = [item(f"Filler {number}", "nothing of it") for number in range(8)]
    inside = item("Something else", "the session is there")
    index.take([*filler, inside, item("Sessions of users", "they end")], [], HEAD)
    assert searched(index, "session") == ["Sessions of users", "Something else"]
    assert index.reached() == HEAD


def test_a_hit_says_which_words_were_found_where(index: SqliteMemoryIndex) -> None:
    found = item("Cookies", "are signed", files=("src/SessionInterface.py",), tags=("web",))
    index.take([found], [], HEAD)
    [match] = matches(index, "session signing web")
    assert match.matched == {
        "text": ("signed",),
        "files": ("sessioninterface",),
        "tags": ("web",),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"', []),
        ("*", []),
        ("NEAR(", ["Near things"]),
        ("{title}:", []),
        ("AND", []),
        ("^plain", ["Plain"]),
        ("-", []),
        ("", []),
        ("plain) OR (near", ["Near things", "Plain"]),
        ("\x01plain\x02", ["Plain"]),
        ("plain\0words", ["Plain"]),
        ('"plain"', ["Plain"]),
    ],
)
def test_what_stands_in_a_query_is_never_an_operator(
    index: SqliteMemoryIndex, query: str, found: list[str]
) -> None:
    index.take([item("Plain", "words"), item("Near things", "elsewhere")], [], HEAD)
    assert sorted(searched(index, query)) == found


ONE_WORD = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=12)


@given(words=st.lists(st.text(max_size=12), max_size=5), known=ONE_WORD)
@example(words=["AND", "*"], known="near")
def test_any_words_can_be_looked_for_and_what_is_said_is_found(
    words: list[str], known: str
) -> None:
    with closing(SqliteMemoryIndex(None)) as index:
        items = [item("Plain", "words"), item("Known", f"there is {known} in it")]
        index.take(items, [], HEAD)
        hits = matches(index, " ".join(words))
        assert {hit.item.title for hit in hits} <= {"Plain", "Known"}
        assert "Known" in [hit.item.title for hit in matches(index, known)]
        assert matches(index, " ".join(words)) == hits
        assert all(0 < hit.relevance <= 1 for hit in hits)


def test_the_best_are_found_also_where_most_that_say_the_words_are_not_wanted(
    index: SqliteMemoryIndex,
) -> None:
    """What is looked at first is a part; what comes of it is what all would have come to."""
    others = [item(f"Cache {number}", "cache cache", expires=1.0) for number in range(200)]
    alike = [item(f"Other {number}", "about a cache of it") for number in range(40)]
    index.take([*others, *alike], [], HEAD)
    hits = matches(index, "cache")
    every = matches(index, "cache", limit=1_000)
    assert len(every) == 40
    assert hits == every[:10]
    assert len(matches(index, "cache", Wanted(with_expired=True), limit=1_000)) == 240


def test_what_is_harvested_again_is_confirmed_and_keeps_its_beginning(
    index: SqliteMemoryIndex,
) -> None:
    index.take([item("Tests", "they fail", confirmed=10.0)], [], HEAD)
    index.take([item("Tests", "they pass", confirmed=20.0)], [], HEAD)
    found = index.item(item("Tests").id)
    assert found is not None
    assert (found.text, found.created, found.confirmed, found.seen) == ("they pass", 10.0, 20.0, 2)


def test_a_correction_outlasts_the_harvest(index: SqliteMemoryIndex) -> None:
    known = item("Tests", "they fail")
    correction = Amendment(known.id, corrected=MemoryCorrected(known.id, "Checks", "they are slow"))
    index.take([known], [correction], HEAD)
    index.take([item("Tests", "they fail again", confirmed=30.0)], [], HEAD)
    found = index.item(known.id)
    assert found is not None
    assert (found.title, found.text, found.is_corrected) == ("Checks", "they are slow", True)
    assert searched(index, "fail") == []
    assert searched(index, "checks") == ["Checks"]


def test_an_expired_item_is_found_only_where_it_is_asked_for(index: SqliteMemoryIndex) -> None:
    known = item("Old ways", "of doing")
    index.take([known], [Amendment(known.id, expires=NOW)], HEAD)
    assert searched(index, "ways") == []
    assert searched(index, "ways", wanted=Wanted(with_expired=True)) == ["Old ways"]
    assert index.listed(Wanted(), now=NOW, before=None, limit=5) == []
    assert index.item_counts(now=NOW) == []


def test_a_forgotten_item_is_gone_and_stays_gone(index: SqliteMemoryIndex) -> None:
    known = item("Private", "the customer is called Zebedee", files=("a.py",))
    index.take([known], [Amendment(known.id, is_forgotten=True)], HEAD)
    index.take([known], [], HEAD)
    assert index.item(known.id) is None
    assert searched(index, "zebedee") == []
    assert index.find("memory-") == []
    assert index.amendment(known.id) == Amendment(known.id, is_forgotten=True)


def test_nothing_of_a_forgotten_item_is_left_in_the_file(tmp_path: Path) -> None:
    others = [item(f"Other {number}", "words " * 50) for number in range(30)]
    known = item("Private", "the customer is called Zebedee")
    with closing(SqliteMemoryIndex(tmp_path / "memory.db")) as index:
        index.take([*others, known], [], HEAD)
        index.take([], [Amendment(known.id, is_forgotten=True)], Head(8, b"i" * 32))
        for path in tmp_path.iterdir():
            assert b"ebedee" not in path.read_bytes(), path.name
        assert titles(index.listed(Wanted(), now=NOW, before=None, limit=1)) != []


def test_items_are_listed_newest_first_page_by_page(index: SqliteMemoryIndex) -> None:
    all_ = [item(f"Item {n}", confirmed=float(n // 2)) for n in range(7)]
    index.take(all_, [], HEAD)
    seen: list[str] = []
    before = None
    while page := index.listed(Wanted(), now=NOW, before=before, limit=2):
        seen += [each.id for each in page]
        before = (page[-1].confirmed, page[-1].id)
    assert sorted(seen) == sorted(each.id for each in all_)
    assert len(set(seen)) == 7


def test_items_are_found_by_kind_repository_tag_and_file(index: SqliteMemoryIndex) -> None:
    one = item("One", kind="risk", files=("a.py",), tags=("web",))
    index.take([one, item("Two")], [], HEAD)
    for wanted in (Wanted("risk"), Wanted(tag="web"), Wanted(file="a.py")):
        assert titles(index.listed(wanted, now=NOW, before=None, limit=5)) == ["One"]
    assert index.listed(Wanted(repository=""), now=NOW, before=None, limit=5) == []
    assert len(index.listed(Wanted(repository="/code"), now=NOW, before=None, limit=5)) == 2


def test_neighbours_share_a_file_or_the_mission(index: SqliteMemoryIndex) -> None:
    source = Source("mission-1", "run-1")
    one = item("One", files=("a.py", "b.py"), source=source)
    both = item("Both", files=("a.py", "b.py"))
    some = item("Some", files=("b.py",))
    same = item("Same mission", source=source)
    index.take([one, both, some, same, item("Stranger", files=("c.py",))], [], HEAD)
    near = titles(index.near(one, now=NOW, limit=10))
    assert near[0] == "Both"
    assert sorted(near) == ["Both", "Same mission", "Some"]


def test_an_index_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.write_bytes(b"no database" * 100)
    with closing(SqliteMemoryIndex(path)) as index:
        assert index.reached().position == 0
        index.take([item("One")], [], HEAD)
    with closing(SqliteMemoryIndex(path)) as index:
        assert index.reached() == HEAD


def test_one_at_a_time_follows(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with closing(SqliteMemoryIndex(path)) as one, closing(SqliteMemoryIndex(path)) as other:
        with one.turn() as mine:
            assert mine
            with other.turn() as theirs:
                assert not theirs
            one.clear()
            one.take([item("One")], [], HEAD)
        assert other.reached() == HEAD
        assert other.item(item("One").id) is not None


def test_a_row_that_cannot_be_read_is_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with closing(SqliteMemoryIndex(path)) as index:
        index.take([item("One")], [], HEAD)
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE items SET body = x'7b'")
        with pytest.raises(Corrupt, match="damaged"):
            index.item(item("One").id)


def test_what_people_took_back_or_said_otherwise_is_silenced(index: SqliteMemoryIndex) -> None:
    gone, changed, over, later = (f"memory-{letter * 20}" for letter in "abcd")
    index.take(
        [item("Something")],
        [
            Amendment(gone, is_forgotten=True),
            Amendment(changed, corrected=MemoryCorrected(changed, "New", "words")),
            Amendment(over, expires=NOW),
            Amendment(later, expires=NOW + 1),
            Amendment("memory-" + "e" * 20, expires=0.0),
        ],
        HEAD,
    )
    assert index.silenced(now=NOW, limit=10) == [gone, changed, over]
    assert index.silenced(now=NOW + 1, limit=10) == [gone, changed, over, later]
    assert index.silenced(now=NOW, limit=1) == [gone]


def test_those_who_come_at_once_to_a_home_without_an_index_all_get_it(tmp_path: Path) -> None:
    for home in range(12):
        path = tmp_path / f"{home}.db"

        def reached(path: Path = path) -> int:
            index = SqliteMemoryIndex(path)
            try:
                return index.reached().position
            finally:
                index.close()

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(lambda _: reached(), range(8))) == [0] * 8
