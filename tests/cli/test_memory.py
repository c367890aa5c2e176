"""`mission knowledge memory`: added, searched, corrected, expired and forgotten."""

from pathlib import Path

import pytest

from tests.cli.command import answer, mission

pytestmark = pytest.mark.journey

ADD = (
    "Redis drops values over 512 MB",
    *("--text", "The session store cuts them at 512 MB without an error."),
    *("--kind", "risk", "--tag", "redis", "--file", "sessions.py"),
)


def test_an_item_lives_and_is_forgotten(tmp_path: Path) -> None:
    made = answer(tmp_path, "memory", "add", *ADD)
    [listed] = answer(tmp_path, "memory", "list", "--kind", "risk")
    assert listed["id"] == made["item"]
    [found] = answer(tmp_path, "memory", "search", "values of redis sessions")
    assert found["item"]["id"] == made["item"]
    assert {part["name"] for part in found["parts"]} >= {"words", "repository", "links"}

    short = made["item"].removeprefix("memory-")[:8]
    answer(tmp_path, "memory", "correct", short, "--title", "Redis cuts values")
    shown = answer(tmp_path, "memory", "show", short)
    assert shown["item"]["title"] == "Redis cuts values"
    assert shown["item"]["tags"] == ["redis"]

    answer(tmp_path, "memory", "expire", short)
    assert answer(tmp_path, "memory", "list") == []
    [expired] = answer(tmp_path, "memory", "list", "--expired")
    assert expired["status"] == "expired"

    gone = answer(tmp_path, "memory", "forget", short, "--reason", "wrong")
    assert "The record keeps" in gone["stays"]
    assert answer(tmp_path, "memory", "list", "--expired") == []
    again = mission(tmp_path, "memory", "show", made["item"])
    assert again.returncode == 2
    assert b"was forgotten" in again.stderr


def test_what_does_not_fit_is_said_in_a_line(tmp_path: Path) -> None:
    answer(tmp_path, "memory", "add", *ADD)
    bad = mission(tmp_path, "memory", "expire", "memory-", "--until", "soon")
    assert bad.returncode == 2
    assert b"'soon' is no time" in bad.stderr
    unknown = mission(tmp_path, "memory", "show", "memory-zzz")
    assert b"Nothing is remembered as 'memory-zzz'" in unknown.stderr
    limit = mission(tmp_path, "memory", "list", "--limit", "0")
    assert b"--limit is 0" in limit.stderr
