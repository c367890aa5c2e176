"""One search over all that is known: what is found, in which order, and when nothing is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest
from bench.knowledge.corpus import passages, questions
from bench.knowledge.search import MRR_MIN, NONE_MIN, RECALL_MIN, finder, indexed, scores

from missioncontrol.adapters.memory_indexes.passages import LOOKED_AT_MAX
from missioncontrol.adapters.memory_indexes.sqlite import SqliteMemoryIndex
from missioncontrol.knowledge.passages import LENGTH_MAX, pieces
from missioncontrol.knowledge.search import EACH_MAX, Hit, newest, search, source
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.knowledge_index import Choice, Kind, Passage, Use
from missioncontrol.ports.memory_index import Taken

ANY = Choice()
TABLES = "missioncontrol.adapters.memory_indexes.passages"


@pytest.fixture
def index() -> Iterator[SqliteMemoryIndex]:
    with closing(SqliteMemoryIndex(None)) as found:
        yield found


def passage(title: str, text: str = "", kind: Kind = "decision", **more: object) -> Passage:
    source = str(more.pop("source", f"{kind}:{title}"))
    return Passage(kind, source, title, text or title, **more)  # type: ignore[arg-type]


def take(index: SqliteMemoryIndex, *given: Passage, uses: Sequence[tuple[str, Use]] = ()) -> None:
    sources: dict[str, list[Passage]] = {}
    for each in given:
        sources.setdefault(each.source, []).append(each)
    index.take([], [], Head(1, b"h" * 32), others=Taken(sources, uses))


def hits(index: SqliteMemoryIndex, text: str, choice: Choice = ANY, **more: bool) -> list[Hit]:
    return search(index, text, choice, now=9.0, **more).hits  # type: ignore[arg-type]


def test_a_hit_has_the_section_its_place_and_the_missions_that_quoted_it(
    index: SqliteMemoryIndex,
) -> None:
    whole: dict[str, Any] = {"source": "decision:D1", "item": "memory-1", "cite": "decision D1"}
    take(
        index,
        passage("Sessions", "They stay in Redis.", section="Decision", href="/d#decision", **whole),
        passage("Sessions", "Cookies hold 4 KiB.", section="Context", href="/d#context", **whole),
        uses=[("memory-1", Use("mission-a", "Add a cart", 5.0))],
    )
    [hit] = hits(index, "how large are cookies?")
    assert (hit.id, hit.section, hit.href) == ("decision:D1", "Context", "/d#context")
    assert [hit.passage[start:end] for start, end in hit.marks] == ["Cookies"]
    assert hit.used_by == (Use("mission-a", "Add a cart", 5.0),)
    opened = source(index, "decision:D1", "cookies")
    assert opened is not None
    assert [each.title for each in opened.sections] == ["Decision", "Context"]


def test_scores_compare_across_kinds_and_of_equals_the_newest_comes_first(
    index: SqliteMemoryIndex,
) -> None:
    take(
        index,
        passage("Cart totals", kind="run", time=1.0),
        passage("Totals: cart", kind="memory", time=2.0),
        passage("Of carts", kind="document", time=3.0),
    )
    found = hits(index, "cart totals")
    assert [hit.kind for hit in found] == ["memory", "run", "document"]
    assert 1 >= found[0].score == found[1].score > found[2].score > 0


def test_kinds_that_are_not_wanted_are_counted(index: SqliteMemoryIndex) -> None:
    take(index, passage("Cart"), passage("Cart", kind="run"), passage("Cart 2", kind="run"))
    found = search(index, "cart", Choice(("decision",)), now=9.0)
    assert [hit.kind for hit in found.hits] == ["decision"]
    assert found.counts == {"decision": 1, "run": 2}


@pytest.mark.parametrize(
    ("choice", "titles"),
    [
        (Choice(repository="/shop"), {"Cart of the shop"}),
        (Choice(repository=""), {"Cart elsewhere"}),
        (Choice(mission="mission-a"), {"Cart of the shop"}),
        (Choice(since=4.0), {"Cart elsewhere"}),
    ],
)
def test_a_search_is_narrowed(index: SqliteMemoryIndex, choice: Choice, titles: set[str]) -> None:
    shop = passage("Cart of the shop", repository="/shop", mission="mission-a", time=1.0)
    take(index, shop, passage("Cart elsewhere", time=5.0), passage("Cart, over", expires=8.0))
    assert {hit.title for hit in hits(index, "cart", choice)} == titles


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sessons", "Sessions of users"),  # misspelled
        ("Сессия корзины", "Корзины и сессии"),  # another case of each word
        ("造纸", "造纸术的历史"),  # a part of a text without blanks
        ("キャッシュ", "古いキャッシュ"),
        ("creme brulee", "La crème brûlée"),
        ("Größe", "Grosse Dateien"),
        ("token bucket", "The TokenBucket limits calls"),  # parts of a name
        ("TokenBucket", "The TokenBucket limits calls"),
    ],
)
def test_words_are_found_in_any_script_and_form(
    index: SqliteMemoryIndex, text: str, found: str
) -> None:
    titles = ("Sessions of users", "Корзины и сессии", "造纸术的历史", "古いキャッシュ")
    others = ("La crème brûlée", "Grosse Dateien", "The TokenBucket limits calls")
    take(index, *(passage(title) for title in (*titles, *others)))
    assert hits(index, text)[0].title == found


def test_the_last_word_may_be_typed_in_part_where_that_is_told(index: SqliteMemoryIndex) -> None:
    take(index, passage("Authentication of users"), passage("Limits"))
    assert [hit.title for hit in hits(index, "authen", is_typed=True)] == [
        "Authentication of users"
    ]


@pytest.mark.parametrize("text", ["", "?!", "whale hunting season", '" OR *'])
def test_what_nothing_answers_finds_nothing(index: SqliteMemoryIndex, text: str) -> None:
    """One word of three in common is chance; so the season of a sale answers no such question."""
    take(index, passage("The season of sales"), passage("Runs of a mission"))
    assert hits(index, text) == []


def test_a_source_that_is_replaced_leaves_no_word_behind(index: SqliteMemoryIndex) -> None:
    take(index, passage("Zebedee pays", source="document:1"), passage("Others"))
    take(index, passage("Customers pay", source="document:1"))
    assert hits(index, "zebedee") == []
    assert index.counts(["zebede", "other", "pay"]) == {"other": 1, "pay": 1}
    assert index.sizes()[0] == 2
    assert index.kinds() == {"decision": 2}


def test_pages_follow_each_other_without_a_gap(index: SqliteMemoryIndex) -> None:
    take(index, *(passage(f"Cart {n}", time=float(n % 3)) for n in range(12)))
    every = hits(index, "cart")
    first = search(index, "cart", ANY, now=9.0, limit=5).hits
    last = first[-1]
    after = (-last.score, -last.time, last.id)
    rest = search(index, "cart", ANY, now=9.0, after=after, limit=50).hits
    assert [hit.id for hit in (*first, *rest)] == [hit.id for hit in every]


def test_words_that_all_passages_say_find_the_newest_of_each_kind(
    index: SqliteMemoryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of a search is bounded: it does not look at each of all passages."""
    monkeypatch.setattr(f"{TABLES}.LOOKED_AT_MAX", 20)
    assert LOOKED_AT_MAX > 20
    kinds: tuple[Kind, ...] = ("run", "document")
    take(index, *(passage(f"Cart {n}", kind=kind) for kind in kinds for n in range(80)))
    found = search(index, "cart", ANY, now=9.0)
    assert found.counts == {"run": EACH_MAX, "document": EACH_MAX}
    assert {hit.title for hit in found.hits} == {f"Cart {n}" for n in range(30, 80)}


def test_the_newest_sources_stand_once_where_nothing_is_asked(index: SqliteMemoryIndex) -> None:
    two = [passage("Cart", text, source="document:1", kind="document") for text in "ab"]
    take(index, *two, passage("Session"))
    found = newest(index, ANY, now=9.0, limit=5)
    assert [hit.title for hit in found] == ["Session", "Cart"]
    assert [hit.title for hit in newest(index, Choice(("document",)), now=9.0, limit=5)] == ["Cart"]


def test_a_long_text_is_found_in_pieces_that_lose_no_word() -> None:
    text = "\n\n".join(f"{n} " + "word " * 90 for n in range(20))
    found = pieces(text)
    assert all(0 < len(piece) <= LENGTH_MAX for piece in found)
    assert " ".join(found).split() == text.split()


def test_held_out_questions_find_their_source_and_others_find_nothing() -> None:
    """The floor of `make bench ONLY=knowledge`, on the questions that no weight was fitted on."""
    _, held_out = questions()
    known = passages()
    assert len({each.source for each in known}) >= 300
    assert len(held_out) >= 60
    with closing(indexed(known, None)) as index:
        figures: Mapping[str, float] = scores(held_out, finder(index))
    recall, rank, nothing = figures.values()
    assert (recall >= RECALL_MIN, rank >= MRR_MIN, nothing >= NONE_MIN) == (True, True, True)
