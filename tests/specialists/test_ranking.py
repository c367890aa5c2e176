"""A goal leads to the files that will change, for reasons that hold, whatever was read before."""

import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missioncontrol.specialists.architect import import_graph as architect_reading
from missioncontrol.specialists.historian import walk
from missioncontrol.specialists.indexing import read_index
from missioncontrol.specialists.ranking import facts_cache as keeping
from missioncontrol.specialists.ranking import index as indexing
from missioncontrol.specialists.ranking.facts_cache import (
    FactsCache,
    FileFacts,
    content_key,
    facts_of,
)
from missioncontrol.specialists.ranking.field import Field
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import Past, PastChange
from missioncontrol.specialists.ranking.ranker import Ranked, ranked
from missioncontrol.specialists.ranking.terms import counted, goal_stems, spelt, title
from missioncontrol.specialists.tree import read_tree
from missioncontrol.specialists.words import stem

FILES = {
    "shop/sessions.py": "class SessionStore:\n    def open_session(self):\n        return 1\n",
    "shop/mail.py": "import smtplib\n\ndef send_mail(to):\n    return smtplib\n",
    "shop/cart.py": "from shop.sessions import SessionStore\n\ndef total(cart):\n    return cart\n",
    "tests/test_sessions.py": "import shop.sessions\n\ndef test_it():\n    pass\n",
    "docs/guide.md": "# Guide\n\nHow to send mail from the shop.\n",
    "CHANGES.md": "# 1.0\n\nFirst.\n",
}


PATHS = [f"f{number}.py" for number in range(6)]


def _never(*_: object, **__: object) -> None:
    raise AssertionError("it was read already")


def shop(folder: Path, files: dict[str, str] = FILES) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def change(name: str, message: str, *paths: str, **more: object) -> PastChange:
    moved = more.get("moved", ())
    assert isinstance(moved, tuple)
    return PastChange(name, 1_700_000_000.0, message, paths, moved)


def first(index: Index, goal: str, **more: object) -> Ranked:
    return ranked(index, goal, limit=1, **more)[0]  # type: ignore[arg-type]


def test_words_inside_identifiers_meet_words_of_prose() -> None:
    inside = counted("open_session SessionStore HTTPServer")
    assert inside.keys() == counted("sessions opened, stores, an HTTP server").keys() - {"an"}
    assert inside[stem("session")] == 2


def test_what_tools_write_into_messages_is_not_asked() -> None:
    message = (
        "Merge pull request #12 from somebody/patch-1\n\nKeep mail in order\n\n"
        "See https://example.org/tickets/9\nCo-authored-by: Redis Cache <r@example.org>\n"
    )
    assert title(message) == "Keep mail in order"
    assert goal_stems(message).keys() == {stem("mail"), stem("order"), stem("see")}
    assert spelt("Sessions and session") == {stem("session"): "Sessions"}


def test_a_rare_word_counts_more_and_a_long_document_less() -> None:
    field = Field(
        [{"common": 1, "rare": 1}, {"common": 1}, {"common": 1, "padding": 60}], length_share=0.75
    )
    scores = field.scores(["common", "rare"])
    assert scores[0] > scores[1] > scores[2] > 0
    assert field.weight("rare") > field.weight("common")
    assert field.scores(["absent"]) == {}


def test_the_file_whose_names_answer_comes_first_with_its_definitions(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path)))
    best = first(index, "Let the session store expire sessions")
    assert best.path == "shop/sessions.py"
    assert ("SessionStore", 1) in [(spot.name, spot.line) for spot in best.spots]
    assert any("`session" in reason and "path" in reason for reason in best.reasons)


def test_the_past_leads_to_files_that_share_no_word_with_the_goal(tmp_path: Path) -> None:
    past = [
        change("c3", "Deliver newsletters twice a week", "shop/mail.py"),
        change("c2", "Round prices to cents", "shop/cart.py"),
    ]
    index = Index(read_tree(shop(tmp_path)), past)
    best = first(index, "Stop newsletters that nobody wants")
    assert best.path == "shop/mail.py"
    assert "“Deliver newsletters twice a week” (c3) changed it" in best.reasons


def test_a_file_is_followed_through_its_renames() -> None:
    past = Past(
        [
            change("c3", "Move mail", "shop/mail.py", moved=(("post.py", "shop/mail.py"),)),
            change("c2", "Move post", "post.py", moved=(("letters.py", "post.py"),)),
            change("c1", "Send letters", "letters.py"),
        ],
        ["shop/mail.py"],
    )
    assert [each.id for each in past.changes] == ["c3", "c2", "c1"]
    assert past.counts == [3]


def test_an_old_name_that_another_file_has_today_stays_that_files() -> None:
    past = Past(
        [
            change("c2", "Split", "new.py", "old.py", moved=(("old.py", "new.py"),)),
            change("c1", "Begin", "old.py"),
        ],
        ["new.py", "old.py"],
    )
    assert past.counts == [1, 2]


def test_a_commit_over_everything_ties_no_files_together() -> None:
    paths = [f"f{number}.py" for number in range(40)]
    past = Past([change("c1", "Reformat", *paths), change("c0", "Pair", *paths[:2])], paths)
    assert past.together[0].keys() == {1}
    assert past.together[5] == {}


def test_a_name_in_the_goal_leads_to_its_definition(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path)))
    best = first(index, "`send_mail` drops the session of the cart")
    assert best.path == "shop/mail.py"
    assert best.reasons[0] == "defines `send_mail`, which the goal names"
    assert best.spots[0].name == "send_mail"


def test_a_test_is_likelier_when_what_it_tests_is(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path)))
    found = ranked(index, "Session tests", limit=9, kinds=("test",))
    assert [each.path for each in found] == ["tests/test_sessions.py"]
    assert index.tested_by[index.numbers["shop/sessions.py"]] == (
        index.numbers["tests/test_sessions.py"],
    )


def test_a_goal_of_which_nothing_stands_anywhere_leads_nowhere(tmp_path: Path) -> None:
    past = [change("c1", "Begin", "shop/cart.py")]
    index = Index(read_tree(shop(tmp_path)), past)
    assert ranked(index, "Quaternion zoology", limit=9) == []
    assert ranked(Index(read_tree(shop(tmp_path / "none", {}).parent)), "", limit=9) == []


def test_generated_and_binary_files_are_nobodys_to_edit(tmp_path: Path) -> None:
    shop(tmp_path, {**FILES, "package-lock.json": '{"session": 1, "sessions": 2}'})
    (tmp_path / "session.png").write_bytes(b"\x89PNG\0\0session")
    paths = Index(read_tree(tmp_path)).paths
    assert "session.png" not in paths
    assert "package-lock.json" not in paths


def test_the_same_files_give_the_same_ranking_with_and_without_what_is_kept(tmp_path: Path) -> None:
    tree = read_tree(shop(tmp_path / "shop"))
    cache = FactsCache(tmp_path / "kept" / "facts.db")
    goal = "Send mail when a session ends"
    plain = ranked(Index(tree), goal, limit=9)
    assert ranked(Index(tree, cache=cache), goal, limit=9) == plain
    assert ranked(Index(tree, cache=cache), goal, limit=9) == plain


def test_only_what_changed_is_read_apart_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = shop(tmp_path / "shop"), FactsCache(tmp_path / "facts.db")
    Index(read_tree(root), cache=cache)
    read: list[str] = []

    def watched(text: str, *, is_code: bool) -> FileFacts:
        read.append(text)
        return facts_of(text, is_code=is_code)

    monkeypatch.setattr(indexing, "facts_of", watched)
    (root / "shop/mail.py").write_text("def send_post():\n    pass\n")
    index = Index(read_tree(root), cache=cache)
    assert read == ["def send_post():\n    pass\n"]
    assert first(index, "`send_post`").path == "shop/mail.py"


def test_what_is_kept_and_damaged_is_read_anew(tmp_path: Path) -> None:
    root, path = shop(tmp_path / "shop"), tmp_path / "facts.db"
    Index(read_tree(root), cache=FactsCache(path))
    path.write_bytes(b"no database at all" * 100)
    index = Index(read_tree(root), cache=FactsCache(path))
    assert first(index, "session store").path == "shop/sessions.py"
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM facts").fetchone() == (len(FILES),)
    connection.close()


def test_what_is_kept_is_bounded_and_the_longest_unused_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "CACHED_MAX", 2)
    cache = FactsCache(tmp_path / "facts.db")
    keys = [content_key(text, is_code=True) for text in ("a", "b", "c")]
    facts = facts_of("a", is_code=True)
    cache.keep({keys[0]: facts, keys[1]: facts}, [])
    cache.keep({keys[2]: facts}, [keys[0]])
    assert cache.find(keys).keys() == {keys[0], keys[2]}


def test_the_past_and_the_imports_are_read_once_for_all_who_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, cache = shop(tmp_path / "shop"), FactsCache(tmp_path / "facts.db")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "Begin")):
        _git(root, *words)
    once = read_index(root, cache=cache)
    walk.forget_history()
    monkeypatch.setattr(walk, "read_log", _never)
    monkeypatch.setattr(architect_reading, "_graphs", _never)
    again = read_index(root, cache=cache)
    assert again.imports == once.imports
    assert [each.id for each in again.past.changes] == [each.id for each in once.past.changes]
    goal = "Send mail when a session ends"
    assert ranked(again, goal, limit=9) == ranked(once, goal, limit=9)


def test_readings_of_whole_repositories_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "WHOLES_MAX", 2)
    monkeypatch.setattr(keeping, "WHOLE_BYTES_MAX", 100)
    cache = FactsCache(tmp_path / "facts.db")
    for key in (b"1", b"2", b"3"):
        cache.keep_whole(key, [key])
    cache.keep_whole(b"4", ["x" * 200])
    found = [cache.find_whole(key, list[bytes]) for key in (b"1", b"2", b"3", b"4")]
    assert found == [None, [b"2"], [b"3"], None]
    assert cache.find_whole(b"3", dict[str, int]) is None


def test_several_at_once_keep_their_facts_beside_each_other(tmp_path: Path) -> None:
    cache = FactsCache(tmp_path / "facts.db")
    texts = [f"word{number}" for number in range(40)]

    def keep(text: str) -> None:
        cache.keep({content_key(text, is_code=False): facts_of(text, is_code=False)}, [])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, texts))
    assert len(cache.find(content_key(text, is_code=False) for text in texts)) == len(texts)


def test_where_nothing_can_be_kept_the_ranking_is_the_same(tmp_path: Path) -> None:
    root = shop(tmp_path / "shop")
    (tmp_path / "file").write_text("no directory")
    blocked = FactsCache(tmp_path / "file" / "facts.db")
    assert first(Index(read_tree(root), cache=blocked), "session store").path == "shop/sessions.py"


def test_the_commit_that_brought_everything_in_ties_nothing_together(tmp_path: Path) -> None:
    past = Past([change("c1", "Import", *(f"f{number}.py" for number in range(6)))], PATHS)
    assert past.together == [{}] * 6
    assert past.knowers(0) == []


def test_how_often_a_file_changes_is_no_reason_by_itself(tmp_path: Path) -> None:
    past = [change(f"c{number}", "Round prices", "shop/cart.py") for number in range(30)]
    index = Index(read_tree(shop(tmp_path)), past)
    assert [each.path for each in ranked(index, "Quaternion smtplib", limit=9)] == ["shop/mail.py"]


def test_what_stands_everywhere_says_nothing(tmp_path: Path) -> None:
    index = Index(read_tree(shop(tmp_path)), everywhere=("Shop",))
    assert first(index, "Add mail to the shop").path == "shop/mail.py"
    assert all("`shop`" not in each for each in first(index, "Add mail to the shop").reasons)


def test_what_a_code_host_reads_comes_late_unless_it_is_asked_for(tmp_path: Path) -> None:
    form = ".github/ISSUE_TEMPLATE/config.yml"
    files = {**FILES, form: "name: session\n", "shop/open.py": "def open_it():\n    session = 1\n"}
    index = Index(read_tree(shop(tmp_path, files)))

    def place(goal: str) -> int:
        return [each.path for each in ranked(index, goal, limit=9)].index(form)

    assert place("Let a session stay open") > place("Ask for the session name in GitHub issues")


def test_the_same_text_as_code_and_as_prose_is_kept_apart() -> None:
    text = "def open_session(): ..."
    assert content_key(text, is_code=True) != content_key(text, is_code=False)


def test_a_repository_is_read_with_its_history(tmp_path: Path) -> None:
    root = shop(tmp_path)
    _git(root, "init", "-q")
    _git(root, "add", ".")
    _git(root, "commit", "-qm", "Begin")
    (root / "shop/mail.py").write_text("def send_mail(to):\n    return to\n")
    _git(root, "commit", "-qam", "Queue newsletters overnight")
    index = read_index(root)
    assert [each.message for each in index.past.changes] == ["Queue newsletters overnight", "Begin"]
    assert first(index, "Newsletters arrive overnight", kinds=("code",)).path == "shop/mail.py"
    assert index.imports[index.numbers["shop/cart.py"]] == (index.numbers["shop/sessions.py"],)


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=3))
def test_no_goal_and_no_message_breaks_it(goal: str, messages: list[str]) -> None:
    paths = ["a.py", "b.py"]
    past = Past([change(str(n), text, paths[n % 2]) for n, text in enumerate(messages)], paths)
    assert all(0 <= share <= 1 for shares in past.together for share in shares.values())
    assert spelt(goal).keys() == goal_stems(goal).keys()
    assert past.said.scores(goal_stems(goal)).keys() <= {0, 1}


def _git(root: Path, *args: str) -> None:
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *names, *args], cwd=root, check=True, capture_output=True)
