"""Packs after a person has named what a task changes: what they show of the code follows it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.application.checkout import reader_of
from missioncontrol.documents.excerpts import chosen
from missioncontrol.documents.pack import ABSENT, TITLE, packed
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.scope import TaskScope, identity
from tests.documents.records import redis_run

TEXT = """# Pack

90 of at most 8,000 tokens, counting one token for every 4 characters.

## Tasks, in this order

### 1. Do it (`survey`)

Begin at `src/old.py` (2 lines; says `a.b()` in 0.9.1). Then look at `src/kept.py`.

- [ ] It is done.
- Read first: E1, E2 (below)

## Files

- Change `src/old.py`: planned. Shown below as E1.
- Change `README.rst`: says how.
- Read `src/kept.py`: used. Shown below as E2.

## Do not touch

- `src/new.py` (task `other` changes it)
- `PKG-INFO` (written by a tool, not by hand)

## Code to read first

### E1 `old`, `src/old.py:1-2`

Planned.

```python
def old():
    ...
```

### E2 `kept`, `src/kept.py:1-1`

Used.

```python
KEPT = 1
```
"""
DATA: dict[str, Any] = {
    "task": {
        "key": "build",
        "detail": "Begin at `src/old.py` (2 lines). Then look at `src/kept.py`.",
        "read": ["E1", "E2"],
    },
    "code": [
        {"id": "E1", "path": "src/old.py", "tasks": ["build"], "text": "def old():\n    ..."},
        {"id": "E2", "path": "src/kept.py", "tasks": ["build"], "text": "KEPT = 1"},
    ],
    "files": [
        {"path": "src/old.py", "part": "change"},
        {"path": "src/kept.py", "part": "read", "excerpts": ["E2"]},
        {"path": "README.rst", "part": "change"},
    ],
    "keep_out": [{"what": "`src/new.py`", "why": "task `other` changes it"}],
    "budget": {"tokens_max": 8_000, "tokens": 90},
}
NEW = "import os\n\n\ndef load(path):\n    return path\n"


def rescoped(*files: str) -> MissionRecord:
    record = redis_run().record
    task = next(record.plan.tasks())
    scope = TaskScope(task.key, identity(task), files, "root", 1.0)
    planned = {task.key: ("src/old.py",)}
    return msgspec.structs.replace(record, scopes=(scope,), planned=planned)


def both(record: MissionRecord, files: dict[str, str] | None) -> tuple[str, dict[str, Any]]:
    key = record.scopes[0].task
    read = files.get if files is not None else None
    data = json.loads(json.dumps(DATA).replace('"build"', json.dumps(key)))
    text = packed(record.rescoped, TEXT.encode(), "md", key, read).decode()
    return text, json.loads(packed(record.rescoped, json.dumps(data).encode(), "json", key, read))


def test_excerpts_follow_the_files_that_somebody_named() -> None:
    text, data = both(rescoped("src/new.py", "src/kept.py"), {"src/new.py": NEW})
    assert "def old" not in text
    assert "### E1 `the whole file`, `src/new.py:1-5`" in text
    assert "root named this file to change; shown as it lies in the repository now." in text
    assert "    return path" in text
    assert "- Change `src/kept.py`: declared by root; used. Shown below as E2." in text
    assert "- Change `src/new.py`: declared by root. Shown below as E1." in text
    assert "- Change `src/old.py`" not in text
    assert "- `src/new.py` (task" not in text
    assert "- `PKG-INFO`" in text
    assert "- Read first: E1, E2 (below)" in text
    assert "90 of at most" not in text
    assert data["task"]["read"] == ["E1", "E2"]
    assert [each["id"] for each in data["code"]] == ["E1", "E2"]
    assert "root" in data["code"][0]["why"]
    named = {each["path"]: each for each in data["files"]}
    assert named["src/new.py"]["why"] == ["declared by root"]
    assert named["src/kept.py"]["excerpts"] == ["E2"]
    assert [each["path"] for each in data["code"]] == ["src/new.py", "src/kept.py"]
    assert data["keep_out"] == []
    assert {each["path"]: each["part"] for each in data["files"]} == {
        "src/kept.py": "change",
        "src/new.py": "change",
        "README.rst": "read",
    }
    assert "- Read `README.rst`: says how." in text


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param(None, "the repository is not where this pack was made", id="no repository"),
        pytest.param({}, ABSENT, id="no file"),
    ],
)
def test_an_excerpt_that_cannot_be_had_is_told(files: dict[str, str] | None, why: str) -> None:
    text, data = both(rescoped("src/new.py"), files)
    assert f"- Nothing of `src/new.py` is shown: {why}." in text.partition(f"## {TITLE}")[2]
    assert data["not_shown"] == [{"path": "src/new.py", "why": why}]


def test_new_excerpts_stay_within_the_budget() -> None:
    small = TEXT.replace("90 of at most 8,000", "90 of at most 95")
    record = rescoped("src/new.py", "src/old.py")
    key = record.scopes[0].task
    text = packed(record.rescoped, small.encode(), "md", key, {"src/new.py": NEW}.get).decode()
    assert "### E1 `the whole file`, `src/new.py:1-5`" in text
    assert "### E2" not in text
    assert "E2" not in text
    assert "Left out for lack of room: `src/kept.py:1-1`, `src/old.py:1-2`." in text


def test_of_what_has_no_room_the_files_to_change_go_last() -> None:
    large = TEXT.replace("90 of at most 8,000", "90 of at most 140")
    record = rescoped("src/new.py", "src/old.py")
    key = record.scopes[0].task
    text = packed(record.rescoped, large.encode(), "md", key, {"src/new.py": NEW}.get).decode()
    assert "### E2 `old`, `src/old.py:1-2`" in text
    assert "Left out for lack of room: `src/kept.py:1-1`." in text


@pytest.mark.parametrize(
    ("files", "begins"),
    [
        (
            ("src/new.py",),
            "Begin at `src/new.py`, as root declared; the plan began at `src/old.py`.",
        ),
        (
            ("tests/test_new.py", "src/new.py"),
            "Begin at `src/new.py`, as root declared; the plan began at `src/old.py`.",
        ),
        ((), "root declared that no file is to change; the plan began at `src/old.py`."),
        (("src/new.py", "src/old.py"), "Begin at `src/old.py` (2 lines"),
    ],
    ids=["another", "no test", "none", "still among them"],
)
def test_where_a_task_begins_follows_what_somebody_named(
    files: tuple[str, ...], begins: str
) -> None:
    text, data = both(rescoped(*files), {"src/new.py": NEW})
    assert begins in text
    assert "Then look at `src/kept.py`." in text
    assert data["task"]["detail"].startswith(begins)


def test_of_a_long_file_the_definition_is_shown_that_the_task_names() -> None:
    rest = "".join(f"LINE_{n} = {n}\n" for n in range(200))
    found = chosen(
        "a.py", f"{rest}\ndef load(\n    path,\n):\n    return path\n{rest}", ["`A.load()`"]
    )
    assert (found.title, found.start, found.end) == ("load", 202, 205)
    assert chosen("CHANGELOG.md", rest, ["`LINE_150`"]).start == 1
    assert chosen("b.txt", rest, ["`LINE_150`"]).start == 150


def test_no_file_outside_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    root = tmp_path / "repository"
    root.mkdir()
    (root / "link.py").symlink_to(tmp_path / "secret.txt")
    (root / "a.py").write_text(NEW)
    read = reader_of(str(root))
    assert read is not None
    assert (read("a.py"), read("../secret.txt"), read("link.py"), read("b.py")) == (
        NEW,
        None,
        None,
        None,
    )
    assert reader_of(str(tmp_path / "gone")) is None
