"""Uses of a name are found in every file, whether an index says where its words stand or not."""

from pathlib import Path

import pytest

from missioncontrol.specialists.planner.source import Sources
from missioncontrol.specialists.ranking.facts_cache import CHARACTERS_MAX
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.tree import Tree, read_tree

TEXTS = {
    "plain.py": "order = open_order()\n",
    "joined.py": "reopen_orders = 1\nopen_ordering = 2\n",
    "frozen.py": "# Copied verbatim from another project.\nopen_order()\n",
    "long.py": "# filler\n" * (CHARACTERS_MAX // 9 + 1) + "open_order()\n",
    "zebra.py": "class FileStore(Store):\n    pass\n",
    "test_order.py": "def test_it():\n    open_order()\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for path, text in TEXTS.items():
        (tmp_path / path).write_text(text)
    return read_tree(tmp_path)


def test_an_index_changes_no_answer(tree: Tree) -> None:
    bare, indexed = Sources(tree, {}), Sources(tree, {}, Index(tree))
    for name in ("open_order", "Shop.open_order", "Store", "x", "filler", "missing_name"):
        assert indexed.users(name, "code") == bare.users(name, "code")
        assert indexed.derived_from(name) == bare.derived_from(name)
    assert bare.users("open_order", "code") == ["frozen.py", "long.py", "plain.py"]
    assert bare.derived_from("Store") == [("FileStore", "zebra.py")]
    assert indexed.classes == bare.classes == ["FileStore"]


def test_files_without_the_words_of_a_name_are_not_read(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(tree)
    read: list[str] = []

    def text(_tree: Tree, path: str) -> str:
        read.append(path)
        return ""

    monkeypatch.setattr(Tree, "text", text)
    Sources(tree, {}, index).users("open_order", "code")
    assert "zebra.py" not in read
    assert "plain.py" in read
